// The machine's lock, held for one operation.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "operations/box.hpp"
#include "os/lock.hpp"

namespace mailinabox {

struct LockRequest {
  std::string command{};  // "user add": the journal and those who wait see it
  bool wait = true;       // for `limit` at most
  // Called once for each holder that is waited for, with a sentence that names it.
  std::function<void(const std::string& message)> on_wait{};
  std::chrono::seconds limit = std::chrono::hours(1);
};

// Operations that change the box take it as an argument: whoever calls them holds the lock.
class HeldLock {
 public:
  // Throws Error (ExitCode::locked) naming the holder if another run or program of root's holds the lock and does not
  // let go of it.
  HeldLock(const Box& box, const LockRequest& request);
  ~HeldLock();
  const std::string& command() const { return command_; }

 private:
  std::string command_;
  MachineLock lock_;
};

}  // namespace mailinabox

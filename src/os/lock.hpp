// One run at a time on a machine: an flock(2) on /run/mailinabox.lock. The kernel lets go of it when the process ends,
// however it ends; the file's content, "PID STARTED COMMAND", only tells who holds it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "os/descriptor.hpp"

namespace mailinabox {

struct MachineLockHolder {
  int process = 0;
  std::string started{};  // RFC 3339
  std::string command{};
  // "`mailinabox setup` (process 123, since 2026-11-23T08:00:00Z)"
  std::string text() const;
};

class MachineLock {
 public:
  explicit MachineLock(std::string path = "/run/mailinabox.lock") : path_(std::move(path)) {}
  ~MachineLock() { release(); }
  MachineLock(const MachineLock&) = delete;
  MachineLock& operator=(const MachineLock&) = delete;

  // False where another process, or another MachineLock of this one, holds it. Throws SystemError where the file cannot
  // be made; a symbolic link in its place is refused.
  bool try_acquire(const std::string& command, const Clock& clock);

  // Tries until `limit` has passed; `waiting` is called once for each holder that is waited for. False at the end.
  bool acquire(const std::string& command, const Clock& clock, std::chrono::milliseconds limit,
               const std::function<void(const MachineLockHolder&)>& waiting);

  // Who holds it now, this object included; nothing where nobody does. Needs no right to write.
  std::optional<MachineLockHolder> holder() const;

  bool held() const { return file_.valid(); }
  void release();

 private:
  std::string path_;
  Descriptor file_{};
};

}  // namespace mailinabox

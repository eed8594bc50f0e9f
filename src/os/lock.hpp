// One run at a time: an flock(2) on /run/mailinabox.lock. The kernel releases it when the process ends, however it
// ends; the file's content, "PID STARTED COMMAND", only says who holds it.
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

  // False if another process, or another MachineLock of this process, holds it. Throws SystemError if the file cannot
  // be created or is a symbolic link.
  bool try_acquire(const std::string& command, const Clock& clock);

  // Tries again until `limit` has passed, then returns false. Calls `waiting` once for each holder.
  bool acquire(const std::string& command, const Clock& clock, std::chrono::milliseconds limit,
               const std::function<void(const MachineLockHolder&)>& waiting);

  // The current holder, this object included; std::nullopt if free. Does not need write access.
  std::optional<MachineLockHolder> holder() const;

  bool held() const { return file_.valid(); }
  void release();

 private:
  std::string path_;
  Descriptor file_{};
};

}  // namespace mailinabox

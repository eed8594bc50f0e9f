// One run at a time: an flock(2) on /run/mailinabox.lock. The kernel releases it when the process ends, however it
// ends; the file's content, "PID STARTED COMMAND", only says who holds it.
//
// Whoever can open a file can lock it. So the file is the user's own (root's) and 0600. One that others may open, or
// could have opened before, is mended:
//
//   at the path                                  | result
//   nothing                                      | a new file
//   a file with another owner or mode            | both are corrected, then locked
//   a file that only processes of others hold    | replaced by a new file
//   a link, a named pipe, a socket or a device   | replaced by a new file; a link is not followed
//   a directory                                  | SystemError
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "os/descriptor.hpp"

namespace mailinabox {

struct MachineLockHolder {
  int process = 0;        // 0 if it cannot be seen from here
  std::string started{};  // RFC 3339
  std::string command{};  // "mailinabox setup"; "" if the holder is another program, which has said nothing of itself
  std::string program{};  // then its name
  // "`mailinabox setup` (process 123, since 2026-11-23T08:00:00Z)"; of another program "`sleep` (process 123)"
  std::string text() const;
  bool is_run() const { return !command.empty(); }
};

class MachineLock {
 public:
  explicit MachineLock(std::string path = "/run/mailinabox.lock") : path_(std::move(path)) {}
  ~MachineLock() { release(); }
  MachineLock(const MachineLock&) = delete;
  MachineLock& operator=(const MachineLock&) = delete;

  // False if another process of this user, or another MachineLock of this process, holds it. Throws SystemError if the
  // file cannot be made.
  bool try_acquire(const std::string& command, const Clock& clock);

  // Tries again until `limit` has passed, then returns false. Calls `waiting` once for each holder.
  bool acquire(const std::string& command, const Clock& clock, std::chrono::milliseconds limit,
               const std::function<void(const MachineLockHolder&)>& waiting);

  // The current holder, this object included; std::nullopt if free. What it says is what the kernel knows: a line in
  // the file counts only if its process holds the lock.
  std::optional<MachineLockHolder> holder() const;

  bool held() const { return file_.valid(); }
  const std::string& path() const { return path_; }
  void release();

 private:
  std::string path_;
  Descriptor file_{};
};

}  // namespace mailinabox

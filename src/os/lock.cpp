#include "os/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::milliseconds k_retry{100};

// "PID STARTED COMMAND"; the command may contain blanks.
std::optional<MachineLockHolder> parse_holder(std::string_view content) {
  const auto words = words_of(content);
  const auto process = words.size() < 2 ? std::nullopt : parse_number<int>(words[0]);
  if (!process) return std::nullopt;
  const auto behind = static_cast<std::size_t>(words[1].data() + words[1].size() - content.data());
  return MachineLockHolder{*process, std::string(words[1]), std::string(trim(content.substr(behind)))};
}

}  // namespace

std::string MachineLockHolder::text() const {
  if (process == 0) return "another run";
  return "`" + command + "` (process " + std::to_string(process) + ", since " + started + ")";
}

bool MachineLock::try_acquire(const std::string& command, const Clock& clock) {
  if (file_.valid()) return true;
  Descriptor file(
      ::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH));
  if (!file.valid()) throw SystemError("open", path_, errno);
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    throw SystemError("lock", path_, errno);
  }
  const std::string line = std::to_string(::getpid()) + " " + rfc3339(clock.now()) + " " + command + "\n";
  if (::ftruncate(file.number(), 0) != 0 ||
      ::pwrite(file.number(), line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) {
    throw SystemError("write", path_, errno);
  }
  file_ = std::move(file);
  return true;
}

bool MachineLock::acquire(const std::string& command, const Clock& clock, std::chrono::milliseconds limit,
                          const std::function<void(const MachineLockHolder&)>& waiting) {
  const auto end = clock.monotonic() + limit;
  int announced = -1;
  while (!try_acquire(command, clock)) {
    const MachineLockHolder other = holder().value_or(MachineLockHolder{});
    if (waiting && other.process != announced) waiting(other);
    announced = other.process;
    if (clock.monotonic() >= end) return false;
    clock.sleep(k_retry);
  }
  return true;
}

std::optional<MachineLockHolder> MachineLock::holder() const {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) {
    if (errno == ENOENT) return std::nullopt;
    throw SystemError("open", path_, errno);
  }
  if (::flock(file.number(), LOCK_SH | LOCK_NB) == 0)
    return std::nullopt;  // a leftover; closing the descriptor unlocks it
  std::array<char, 4096> buffer{};
  const ssize_t size = ::pread(file.number(), buffer.data(), buffer.size(), 0);
  if (size < 0) throw SystemError("read", path_, errno);
  // Locked, but the holder has not written its line yet.
  return parse_holder({buffer.data(), static_cast<std::size_t>(size)}).value_or(MachineLockHolder{});
}

void MachineLock::release() {
  if (!file_.valid()) return;
  if (::ftruncate(file_.number(), 0) != 0) {
    // The content is only a hint: holder() checks the lock too.
  }
  file_.reset();
}

}  // namespace mailinabox

#include "os/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/open_files.hpp"
#include "os/posix_files.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::milliseconds k_retry{100};
constexpr std::chrono::seconds k_look{1};  // how often those who wait look at all processes, which takes milliseconds
constexpr int k_open = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
constexpr mode_t k_private = S_IRUSR | S_IWUSR;

// "PID STARTED COMMAND"; the command may contain blanks.
std::optional<MachineLockHolder> parse_holder(std::string_view content) {
  const auto words = words_of(content);
  const auto process = words.size() < 3 ? std::nullopt : parse_number<int>(words[0]);
  if (!process) return std::nullopt;
  const auto behind = static_cast<std::size_t>(words[1].data() + words[1].size() - content.data());
  return MachineLockHolder{*process, std::string(words[1]), std::string(trim(content.substr(behind)))};
}

// A file that a name led to, by device and number.
struct FileIdentity {
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const FileIdentity&) const = default;
};

FileIdentity identity_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

std::optional<FileIdentity> identity_at(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? std::optional(identity_of(status)) : std::nullopt;
}

enum class Attempt : std::uint8_t { locked, busy, unusable };

struct LockAttempt {
  Attempt result = Attempt::busy;
  Descriptor file{};  // locked
};

// From now on only this user can open it.
void make_private(const Descriptor& file, const struct stat& status, const std::string& path) {
  if (status.st_uid != ::geteuid() && ::fchown(file.number(), ::geteuid(), ::getegid()) != 0) {
    throw SystemError("chown", path, errno);
  }
  if ((status.st_mode & 07777U) != k_private && ::fchmod(file.number(), k_private) != 0) {
    throw SystemError("chmod", path, errno);
  }
}

LockAttempt lock_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), k_open, k_private));
  if (!file.valid()) {
    if (errno != ELOOP && errno != ENXIO) throw SystemError("open", path, errno);
    return {.result = Attempt::unusable};
  }
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw SystemError("stat", path, errno);
  if (!S_ISREG(status.st_mode)) return {.result = Attempt::unusable};
  make_private(file, status, path);
  LockAttempt attempt;
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw SystemError("lock", path, errno);
    return attempt;
  }
  if (identity_at(path) != identity_of(status)) return attempt;  // replaced since it was opened
  attempt.result = Attempt::locked;
  attempt.file = std::move(file);
  return attempt;
}

std::string content_at(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  std::array<char, 4096> buffer{};
  const ssize_t size = file.valid() ? ::pread(file.number(), buffer.data(), buffer.size(), 0) : 0;
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

// Who holds the lock, as far as it can be seen. If the file's line is true, that process alone: looking at all of them
// takes milliseconds.
std::vector<OpenFile> holders_of(const FileReader& files, const std::string& path) {
  const auto is_lock = [&](std::string_view target) { return target == path; };
  const auto holds_it = [&](const OpenFile& open) { return holds_flock(files, open); };
  if (const auto line = parse_holder(content_at(path))) {
    const auto open = open_files_of(files, std::to_string(line->process), is_lock);
    if (std::any_of(open.begin(), open.end(), holds_it)) return open;
  }
  std::vector<OpenFile> open = open_files(files, is_lock);
  std::erase_if(open, [&](const OpenFile& one) { return !holds_it(one); });
  return open;
}

// Held, and by nobody who runs as this user. Holders that cannot be seen (of another container) count as ours.
bool held_by_others(const std::string& path) {
  const PosixFileSystem files;
  const std::vector<OpenFile> holders = holders_of(files, path);
  return !holders.empty() && std::none_of(holders.begin(), holders.end(), [&](const OpenFile& holder) {
    return belongs_to_user(files, holder.process, ::geteuid());
  });
}

// True if somebody has locked it, seen or not.
bool is_locked(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  return file.valid() && ::flock(file.number(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::string beside(const std::string& path) { return path + ".new"; }

// A new file in the place of one that only others hold, locked. Whoever has the lock of the file beside is the only one
// who replaces. Meanwhile the others may have let go: then the old file is as good, and another run may have it. No
// descriptor if somebody of this user has the one lock or the other.
Descriptor replaced_file(const std::string& path) {
  LockAttempt made = lock_file(beside(path));
  if (made.result == Attempt::unusable) throw SystemError("open", beside(path), EEXIST);
  if (made.result == Attempt::busy) return {};
  LockAttempt present = lock_file(path);
  const bool foreign = present.result == Attempt::unusable || (present.result == Attempt::busy && held_by_others(path));
  if (!foreign) {
    ::unlink(beside(path).c_str());
    return std::move(present.file);
  }
  if (::rename(beside(path).c_str(), path.c_str()) != 0) throw SystemError("replace", path, errno);
  return std::move(made.file);
}

// No descriptor if another process of this user has it. `looks`: at who holds it; others do not count then.
Descriptor locked_file(const std::string& path, bool looks) {
  LockAttempt attempt = lock_file(path);
  // Somebody who has seen this file held by others may be about to replace it.
  if (attempt.result == Attempt::locked && is_locked(beside(path))) return {};
  if (attempt.result == Attempt::locked) return std::move(attempt.file);
  const bool foreign = attempt.result == Attempt::unusable || (looks && held_by_others(path));
  return foreign ? replaced_file(path) : Descriptor();
}

}  // namespace

std::string MachineLockHolder::text() const {
  if (process == 0) return "a process that cannot be seen from here, such as one of another container";
  const std::string who = "process " + std::to_string(process);
  if (is_run()) return "`" + command + "` (" + who + ", since " + started + ")";
  return program.empty() ? who : "`" + program + "` (" + who + ")";
}

bool MachineLock::try_acquire(const std::string& command, const Clock& clock) {
  return acquire(command, clock, std::chrono::milliseconds(0), {});
}

bool MachineLock::acquire(const std::string& command, const Clock& clock, std::chrono::milliseconds limit,
                          const std::function<void(const MachineLockHolder&)>& waiting) {
  if (file_.valid()) return true;
  const auto end = clock.monotonic() + limit;
  std::optional<int> announced;
  for (auto next_look = clock.monotonic(); !file_.valid(); clock.sleep(k_retry)) {
    const bool looks = clock.monotonic() >= next_look;
    file_ = locked_file(path_, looks);
    if (file_.valid()) break;
    if (looks) {
      next_look = clock.monotonic() + k_look;
      const auto other = waiting ? holder() : std::nullopt;
      if (other && other->process != announced) {
        waiting(*other);
        announced = other->process;
      }
    }
    if (clock.monotonic() >= end) return false;
  }
  const std::string line = std::to_string(::getpid()) + " " + rfc3339(clock.now()) + " " + command + "\n";
  if (::ftruncate(file_.number(), 0) != 0 ||
      ::pwrite(file_.number(), line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) {
    const int reason = errno;
    file_.reset();
    throw SystemError("write", path_, reason);
  }
  return true;
}

std::optional<MachineLockHolder> MachineLock::holder() const {
  const PosixFileSystem files;
  const std::vector<OpenFile> holders = holders_of(files, path_);
  if (holders.empty()) return is_locked(path_) ? std::optional(MachineLockHolder{}) : std::nullopt;
  const auto line = parse_holder(content_at(path_));
  const bool true_line = line && std::any_of(holders.begin(), holders.end(), [&](const OpenFile& holder) {
                           return holder.process == std::to_string(line->process);
                         });
  if (true_line) return line;
  const std::string& process = holders.front().process;
  return MachineLockHolder{.process = parse_number<int>(process).value_or(0), .program = process_name(files, process)};
}

void MachineLock::release() {
  if (!file_.valid()) return;
  if (::ftruncate(file_.number(), 0) != 0) {
    // The content is only a hint: holder() looks at the lock too.
  }
  file_.reset();
}

}  // namespace mailinabox

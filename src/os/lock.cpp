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
  Descriptor file{};                       // locked
  std::optional<FileIdentity> identity{};  // of what stood there
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
  LockAttempt attempt;
  Descriptor file(::open(path.c_str(), k_open, k_private));
  if (!file.valid()) {
    if (errno != ELOOP && errno != ENXIO) throw SystemError("open", path, errno);
    return {.result = Attempt::unusable, .identity = identity_at(path)};
  }
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw SystemError("stat", path, errno);
  attempt.identity = identity_of(status);
  if (!S_ISREG(status.st_mode)) {
    attempt.result = Attempt::unusable;
    return attempt;
  }
  make_private(file, status, path);
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw SystemError("lock", path, errno);
    return attempt;
  }
  if (identity_at(path) != attempt.identity) return attempt;  // replaced since it was opened
  attempt.result = Attempt::locked;
  attempt.file = std::move(file);
  return attempt;
}

// A new file in the place of `present`, locked. Whoever has the lock of the file beside is the only one who replaces;
// no descriptor if that is somebody else, or has just been.
Descriptor replaced_file(const std::string& path, const std::optional<FileIdentity>& present) {
  const std::string beside = path + ".new";
  LockAttempt attempt = lock_file(beside);
  if (attempt.result == Attempt::unusable) throw SystemError("open", beside, EEXIST);
  if (attempt.result == Attempt::busy) return {};
  if (identity_at(path) != present) {
    ::unlink(beside.c_str());
    return {};
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) throw SystemError("replace", path, errno);
  return std::move(attempt.file);
}

std::string content_at(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  std::array<char, 4096> buffer{};
  const ssize_t size = file.valid() ? ::pread(file.number(), buffer.data(), buffer.size(), 0) : 0;
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

// Who holds the lock, as far as it can be seen. If the file's line is true, that process alone: looking at all of them
// takes milliseconds, and those who wait ask ten times a second.
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

}  // namespace

std::string MachineLockHolder::text() const {
  if (process == 0) return "a process that cannot be seen from here, such as one of another container";
  const std::string who = "process " + std::to_string(process);
  if (is_run()) return "`" + command + "` (" + who + ", since " + started + ")";
  return program.empty() ? who : "`" + program + "` (" + who + ")";
}

bool MachineLock::try_acquire(const std::string& command, const Clock& clock) {
  if (file_.valid()) return true;
  LockAttempt attempt = lock_file(path_);
  if (attempt.result == Attempt::unusable || (attempt.result == Attempt::busy && held_by_others(path_))) {
    attempt.file = replaced_file(path_, attempt.identity);
  }
  if (!attempt.file.valid()) return false;
  const std::string line = std::to_string(::getpid()) + " " + rfc3339(clock.now()) + " " + command + "\n";
  if (::ftruncate(attempt.file.number(), 0) != 0 ||
      ::pwrite(attempt.file.number(), line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) {
    throw SystemError("write", path_, errno);
  }
  file_ = std::move(attempt.file);
  return true;
}

bool MachineLock::acquire(const std::string& command, const Clock& clock, std::chrono::milliseconds limit,
                          const std::function<void(const MachineLockHolder&)>& waiting) {
  const auto end = clock.monotonic() + limit;
  std::optional<int> announced;
  while (!try_acquire(command, clock)) {
    if (const auto other = holder(); other && waiting && other->process != announced) {
      waiting(*other);
      announced = other->process;
    }
    if (clock.monotonic() >= end) return false;
    clock.sleep(k_retry);
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

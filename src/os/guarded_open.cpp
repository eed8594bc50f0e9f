#include "os/guarded_open.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/descriptor.hpp"

namespace mailinabox {
namespace {

constexpr int k_most_links = 40;  // as in path_resolution(7)

bool ours(uid_t owner) { return owner == 0 || owner == ::geteuid(); }

// Only root, or whoever runs this, can put a link there.
bool may_hold_links(const struct stat& directory, const struct stat& link) {
  if (!ours(directory.st_uid)) return false;
  const bool by_group = (directory.st_mode & S_IWGRP) != 0 && directory.st_gid != 0;
  if (!by_group && (directory.st_mode & S_IWOTH) == 0) return true;
  return (directory.st_mode & S_ISVTX) != 0 && ours(link.st_uid);
}

std::optional<std::string> target_of(int directory, const std::string& link) {
  std::string target(4096, '\0');
  const ssize_t length = ::readlinkat(directory, link.c_str(), target.data(), target.size());
  if (length < 0) return std::nullopt;
  target.resize(static_cast<std::size_t>(length));
  return target;
}

// Goes from directory to directory and decides about each link on the way.
class GuardedWalk {
 public:
  GuardedWalk(int root, const std::string& path, int flags) : path_(path), flags_(flags) {
    above_.emplace_back(root < 0 ? open_plain(AT_FDCWD, "/", k_step) : open_plain(root, ".", k_step));
    go_on_with(path);
  }

  int open() {
    while (above_.back().valid() && !names_.empty()) {
      const std::string name = std::move(names_.front());
      names_.pop_front();
      if (name == "..") {
        if (above_.size() > 1) above_.pop_back();
        continue;
      }
      Descriptor next(open_plain(here(), name.c_str(), k_step));
      struct stat status {};
      if (!next.valid() || ::fstat(next.number(), &status) != 0) return -1;
      const bool last = names_.empty();
      if (S_ISLNK(status.st_mode) && !(last && (flags_ & O_NOFOLLOW) != 0)) {
        if (!follow(name, next, status)) return -1;
      } else if (last) {
        return open_plain(here(), name.c_str(), flags_ | O_NOFOLLOW);  // it may have become a link since
      } else {
        above_.push_back(std::move(next));  // if it is no directory, the next step fails with ENOTDIR
      }
    }
    return above_.back().valid() ? open_plain(here(), ".", flags_) : -1;
  }

 private:
  static constexpr int k_step = O_PATH | O_NOFOLLOW | O_CLOEXEC;

  int here() const { return above_.back().number(); }

  void go_on_with(const std::string& path) {
    std::vector<std::string> names;
    for (const std::string_view name : split(path, '/')) {
      if (!name.empty() && name != ".") names.emplace_back(name);
    }
    names_.insert(names_.begin(), names.begin(), names.end());
  }

  bool follow(const std::string& name, const Descriptor& link, const struct stat& status) {
    struct stat directory {};
    if (::fstat(here(), &directory) != 0) return false;
    if (!may_hold_links(directory, status)) refuse(name);
    const std::optional<std::string> target = target_of(link.number(), "");
    if (!target) return false;
    if (++links_ > k_most_links) {
      errno = ELOOP;
      return false;
    }
    if (target->starts_with('/')) above_.erase(above_.begin() + 1, above_.end());
    go_on_with(*target);
    return true;
  }

  [[noreturn]] void refuse(const std::string& name) const {
    const std::string folder = target_of(AT_FDCWD, fmt::format("/proc/self/fd/{}", here())).value_or("its directory");
    throw Error(fmt::format(
        "{0}: \"{1}\" is a symbolic link in {2}, to which others than root may write, who could lead root anywhere; it "
        "is not followed. `ls -l {2}/{1}` shows where it leads. If you put it there and the directory may be root's, "
        "run `chown root:root {2}` and `chmod go-w {2}`; else replace the link with what it should lead to. Then run "
        "this again",
        path_, name, folder));
  }

  const std::string& path_;
  int flags_;
  std::deque<std::string> names_{};  // still to go
  std::vector<Descriptor> above_{};  // the directories from the root to here
  int links_ = 0;
};

}  // namespace

int open_beneath(int directory, const char* path, int flags, unsigned long long resolve) {
  struct open_how how {};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = resolve;
  int number = -1;
  do {
    number = static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
  } while (number < 0 && (errno == EINTR || errno == EAGAIN));
  return number;
}

int open_plain(int directory, const char* path, int flags) {
  int number = -1;
  do {
    number = ::openat(directory, path, flags);
  } while (number < 0 && errno == EINTR);
  return number;
}

int guarded_open(int root, const std::string& path, int flags) {
  // Nearly every path has no link, and the kernel says so in one call.
  const int number = root < 0 ? open_beneath(AT_FDCWD, path.c_str(), flags, RESOLVE_NO_SYMLINKS)
                              : open_beneath(root, path.c_str(), flags, RESOLVE_NO_SYMLINKS | RESOLVE_IN_ROOT);
  if (number >= 0 || (errno != ELOOP && errno != ENOSYS && errno != EPERM)) return number;
  return GuardedWalk(root, path, flags).open();
}

}  // namespace mailinabox

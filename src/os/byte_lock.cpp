#include "os/byte_lock.hpp"

#include <fcntl.h>

#include <cerrno>
#include <thread>

#include "base/error.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::milliseconds k_between_attempts{5};  // the kernel's own waiting has no limit

}  // namespace

ByteLock::ByteLock(const std::string& path, std::int64_t byte, Kind kind, std::chrono::milliseconds limit)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) {
  if (!file_.valid()) throw SystemError("open", path, errno);
  struct flock lock {};
  lock.l_type = kind == Kind::shared ? F_RDLCK : F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  const auto until = std::chrono::steady_clock::now() + limit;
  while (::fcntl(file_.number(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) throw SystemError("lock", path, errno);
    if (std::chrono::steady_clock::now() > until)
      throw Error("Another change is under way. Nothing was changed; try again when it has ended.", ExitCode::locked);
    std::this_thread::sleep_for(k_between_attempts);
  }
}

}  // namespace mailinabox

#include "os/byte_lock.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/error.hpp"

namespace mailinabox {

ByteLock::ByteLock(const std::string& path, std::int64_t byte, Kind kind)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) {
  if (!file_.valid()) throw SystemError("open", path, errno);
  struct flock lock {};
  lock.l_type = kind == Kind::shared ? F_RDLCK : F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  while (::fcntl(file_.number(), F_OFD_SETLKW, &lock) != 0) {
    if (errno != EINTR) throw SystemError("lock", path, errno);
  }
}

}  // namespace mailinabox

#include "os/datagram_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.hpp"

namespace mailinabox {
namespace {

constexpr mode_t k_for_the_group = 0660;

void remove_old_socket(const std::string& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    throw SystemError("look at", path, errno);
  }
  if (!S_ISSOCK(status.st_mode)) throw Error(path + " is not a socket: remove it");
  if (::unlink(path.c_str()) != 0) throw SystemError("remove", path, errno);
}

}  // namespace

DatagramSocket::DatagramSocket(std::string path) : path_(std::move(path)) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) throw Error(path_ + ": a socket's path has at most 107 bytes");
  std::memcpy(address.sun_path, path_.data(), path_.size());
  descriptor_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!descriptor_.valid()) throw SystemError("open a socket for", path_, errno);
  remove_old_socket(path_);
  // The socket's file gets the mode in the moment it is made, and never more than that.
  const mode_t before = ::umask(0777 & ~k_for_the_group);
  const int bound = ::bind(descriptor_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error_number = errno;
  ::umask(before);
  if (bound != 0) throw SystemError("make the socket", path_, error_number);
}

std::vector<std::string> DatagramSocket::receive(std::size_t most, std::size_t longest) {
  std::vector<std::string> datagrams;
  std::string buffer(longest + 1, '\0');
  while (datagrams.size() < most) {
    const int flags = datagrams.empty() ? 0 : MSG_DONTWAIT;
    const ssize_t size = ::recv(descriptor_.number(), buffer.data(), buffer.size(), flags);
    if (size >= 0) {
      datagrams.emplace_back(buffer.data(), static_cast<std::size_t>(size));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      throw SystemError("read from", path_, errno);
    }
  }
  return datagrams;
}

}  // namespace mailinabox

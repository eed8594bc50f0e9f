#include "net/tcp.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"

namespace mailinabox {

bool tcp_reachable(const std::string& address, std::uint16_t port, std::chrono::milliseconds timeout) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1) {
    throw Error("\"" + address + "\" is not an IPv4 address");
  }
  const int number = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (number < 0) return false;
  bool reached = connect(number, reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0;
  if (!reached && errno == EINPROGRESS) {
    pollfd waiting{number, POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    reached = poll(&waiting, 1, static_cast<int>(timeout.count())) == 1 &&
              getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  close(number);
  return reached;
}

}  // namespace mailinabox

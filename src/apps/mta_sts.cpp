#include "apps/mta_sts.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <syslog.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sstream>

#include "base/netstring.hpp"
#include "os/descriptor.hpp"

namespace mailinabox {
namespace {

constexpr std::uint16_t k_port = 8461;  // recipe mta-sts
constexpr timeval k_patience{10, 0};    // it gives up on a domain's policy after 4 seconds

std::optional<std::string> asked(const std::string& request) {
  const Descriptor connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connection.number() < 0) return std::nullopt;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(k_port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(connection.number(), SOL_SOCKET, SO_RCVTIMEO, &k_patience, sizeof k_patience);
  setsockopt(connection.number(), SOL_SOCKET, SO_SNDTIMEO, &k_patience, sizeof k_patience);
  if (connect(connection.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return std::nullopt;
  const std::string question = netstring(request);
  if (send(connection.number(), question.data(), question.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(question.size())) {
    return std::nullopt;
  }
  std::string received;
  std::array<char, 4096> part{};
  while (received.size() < 100'000) {
    const ssize_t size = recv(connection.number(), part.data(), part.size(), 0);
    if (size <= 0) break;
    received.append(part.data(), static_cast<std::size_t>(size));
    std::istringstream stream(received);
    if (auto answer = read_netstring(stream)) return answer;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ask_mta_sts_daemon(const std::string& request) {
  errno = 0;
  auto answer = asked(request);
  if (!answer || answer->starts_with("TEMP") || answer->starts_with("PERM")) {
    openlog("mailinabox/tls-policy", LOG_PID, LOG_MAIL);
    syslog(LOG_WARNING, "no MTA-STS policy for \"%s\" could be had (%s): sending as to a domain without one",
           request.c_str(),
           answer       ? answer->c_str()
           : errno == 0 ? "no answer"
                        : std::strerror(errno));
    closelog();
  }
  return answer;
}

}  // namespace mailinabox

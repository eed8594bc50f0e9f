#include "os/socket_diagnosis.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "os/descriptor.hpp"

namespace mailinabox {
namespace {

struct Request {
  nlmsghdr header{};
  inet_diag_req_v2 question{};
};

bool ask_for_listeners(int socket, int family) {
  Request request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.question.sdiag_family = static_cast<std::uint8_t>(family);
  request.question.sdiag_protocol = IPPROTO_TCP;
  request.question.idiag_states = 1U << TCP_LISTEN;
  return ::send(socket, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request);
}

std::optional<Listener> listener_in(const inet_diag_msg& message) {
  std::array<char, INET6_ADDRSTRLEN> address{};
  if (::inet_ntop(message.idiag_family, message.id.idiag_src, address.data(), address.size()) == nullptr) {
    return std::nullopt;
  }
  return Listener{"tcp", ntohs(message.id.idiag_sport), address.data(), std::to_string(message.idiag_inode)};
}

enum class Answer { goes_on, complete, useless };

// One datagram of the answer, in which each message has a header (netlink(7)).
Answer read_messages(const char* data, std::size_t length, std::vector<Listener>& listeners) {
  while (length >= sizeof(nlmsghdr)) {
    nlmsghdr header{};
    std::memcpy(&header, data, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > length) return Answer::useless;
    if (header.nlmsg_type == NLMSG_DONE) return Answer::complete;
    const bool changed_meanwhile = (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || changed_meanwhile) return Answer::useless;  // NLMSG_ERROR, too
    inet_diag_msg message{};
    if (header.nlmsg_len < sizeof header + sizeof message) return Answer::useless;
    std::memcpy(&message, data + sizeof header, sizeof message);
    const auto listener = listener_in(message);
    if (!listener) return Answer::useless;
    listeners.push_back(*listener);
    const std::size_t step = NLMSG_ALIGN(header.nlmsg_len);
    if (step >= length) break;
    data += step;
    length -= step;
  }
  return Answer::goes_on;
}

bool read_answer(int socket, std::vector<Listener>& listeners) {
  std::array<char, 32768> buffer{};
  while (true) {
    const ssize_t received = ::recv(socket, buffer.data(), buffer.size(), MSG_TRUNC);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0 || static_cast<std::size_t>(received) > buffer.size()) return false;
    const Answer answer = read_messages(buffer.data(), static_cast<std::size_t>(received), listeners);
    if (answer != Answer::goes_on) return answer == Answer::complete;
  }
}

}  // namespace

std::optional<std::vector<Listener>> diagnosed_tcp_listeners() {
  const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const timeval patience{.tv_sec = 1,
                         .tv_usec = 0};  // the kernel answers at once, or never where it is not Linux's own
  if (!socket.valid() || ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    return std::nullopt;
  }
  std::vector<Listener> listeners;
  for (const int family : {AF_INET, AF_INET6}) {
    if (!ask_for_listeners(socket.number(), family) || !read_answer(socket.number(), listeners)) return std::nullopt;
  }
  return listeners;
}

}  // namespace mailinabox

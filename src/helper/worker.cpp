#include "helper/worker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "helper/request.hpp"
#include "messages/envelope.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

constexpr int k_idle_ms = 10'000;
constexpr std::chrono::seconds k_lifetime{60};
constexpr std::size_t k_most_looking = 128U << 10U;  // bytes of a request that only looks
constexpr timeval k_send_limit{30, 0};

// The front reads in time, or it has gone: then nobody wants the answer.
void send_all(int socket, std::string_view bytes) {
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &k_send_limit, sizeof k_send_limit);
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// As a program begins: the helper's signals are not the worker's, and it has no descriptor but the one that it needs,
// whose number it returns.
int become_worker(int needed) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) signal(number, SIG_DFL);
  constexpr int k_first = 3;
  if (needed != k_first) ::dup2(needed, k_first);
  ::fcntl(k_first, F_SETFD, FD_CLOEXEC);
  ::closefrom(k_first + 1);
  return k_first;
}

// A message of the channel: the request, and the connection beside it.
bool send_request(int channel, const std::string& request, int connection) {
  iovec part{const_cast<char*>(request.data()), request.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> beside{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = beside.data();
  message.msg_controllen = beside.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &connection, sizeof connection);
  return ::sendmsg(channel, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
}

// Nothing at the end of the channel.
std::optional<Descriptor> receive_request(int channel, std::string& request) {
  request.resize(k_most_looking);
  iovec part{request.data(), request.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> beside{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = beside.data();
  message.msg_controllen = beside.size();
  const ssize_t size = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (size <= 0 || header == nullptr || header->cmsg_type != SCM_RIGHTS) return std::nullopt;
  request.resize(static_cast<std::size_t>(size));
  int connection = -1;
  std::memcpy(&connection, CMSG_DATA(header), sizeof connection);
  return Descriptor(connection);
}

[[noreturn]] void read_on(const Box& box, JobStarter& jobs, int channel) {
  const auto end = std::chrono::steady_clock::now() + k_lifetime;
  const KeptConnections kept;  // open from request to request
  std::string request;
  while (std::chrono::steady_clock::now() < end) {
    pollfd waiting{channel, POLLIN, 0};
    if (::poll(&waiting, 1, k_idle_ms) <= 0) break;
    auto connection = receive_request(channel, request);
    if (!connection) break;
    const Verdict verdict = answer_on(box, jobs, connection->number(), request, true);
    connection.reset();
    if (verdict == Verdict::unavailable || verdict == Verdict::failed) break;
    if (::send(channel, "d", 1, MSG_NOSIGNAL) != 1) break;
  }
  std::_Exit(0);
}

}  // namespace

Verdict answer_on(const Box& box, JobStarter& jobs, int connection, std::string_view request, bool only_looks) {
  const Reply reply = answer_request(box, request, jobs, only_looks);
  send_all(connection, framed(reply_text(reply)));
  return reply.verdict;
}

int start_worker(const Box& box, JobStarter& jobs, Descriptor connection, const std::string& request) {
  const pid_t process = ::fork();
  if (process < 0) throw SystemError("start a process for", "a request", errno);
  if (process > 0) return process;
  answer_on(box, jobs, become_worker(connection.release()), request, false);
  std::_Exit(0);
}

Reader::Reader(const Box& box, JobStarter& jobs) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw SystemError("make", "a channel to a reader", errno);
  channel_ = Descriptor(ends[0]);
  Descriptor own(ends[1]);
  process_ = ::fork();
  if (process_ < 0) throw SystemError("start", "a reader", errno);
  if (process_ > 0) return;
  channel_.release();
  read_on(box, jobs, become_worker(own.release()));
}

bool Reader::give(const Descriptor& connection, const std::string& request) {
  if (request.size() > k_most_looking) return true;  // closes the connection: no such message is that long
  if (!send_request(channel_.number(), request, connection.number())) return false;
  idle_ = false;
  return true;
}

bool Reader::take() {
  char word = 0;
  const ssize_t size = ::recv(channel_.number(), &word, 1, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  idle_ = size == 1;
  return idle_;
}

}  // namespace mailinabox

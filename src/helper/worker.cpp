#include "helper/worker.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "helper/request.hpp"
#include "messages/envelope.hpp"
#include "messages/messages.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds k_idle{10};
constexpr std::chrono::seconds k_lifetime{60};
constexpr timeval k_send_limit{30, 0};
constexpr int k_first_descriptor = 3;
constexpr int k_kept_memory = 32 << 20;

// The front reads in time, or it has gone: then nobody wants the answer.
void send_all(int socket, std::string_view head, std::string_view rest) {
  while (!head.empty() || !rest.empty()) {
    std::array<iovec, 2> parts{
        {{const_cast<char*>(head.data()), head.size()}, {const_cast<char*>(rest.data()), rest.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;
    const std::size_t of_head = std::min(static_cast<std::size_t>(sent), head.size());
    head.remove_prefix(of_head);
    rest.remove_prefix(static_cast<std::size_t>(sent) - of_head);
  }
}

// As a program begins: the helper's signals are not the worker's, and it has no descriptors but the ones that it needs,
// from k_first_descriptor on in their order.
void become_worker(const std::vector<int>& needed) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) signal(number, SIG_DFL);
  // A log that is open has one of those that are closed below, and would later close whatever else has its number then.
  // It is opened again by the first line, with what openlog() has said before but for the name, which is the program's.
  closelog();
  // Out of the way of the numbers that they get first.
  std::vector<int> away;
  for (const int number : needed) away.push_back(::fcntl(number, F_DUPFD_CLOEXEC, 64));
  int next = k_first_descriptor;
  for (const int number : away) ::dup3(number, next++, O_CLOEXEC);
  ::closefrom(next);
  setsockopt(k_first_descriptor, SOL_SOCKET, SO_SNDTIMEO, &k_send_limit, sizeof k_send_limit);
}

// False at `until`, and when the lifeline has been let go.
bool wait_for_bytes(int connection, int lifeline, SteadyClock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
  if (left.count() <= 0) return false;
  std::array<pollfd, 2> waiting{{{connection, POLLIN, 0}, {lifeline, POLLIN, 0}}};
  return ::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) > 0 && waiting[1].revents == 0;
}

// The next one on the connection; nothing if none comes in time as a whole, or if it is too long.
std::optional<std::string> next_request(int connection, int lifeline) {
  std::string received;
  std::array<char, 16384> part{};
  const auto until = SteadyClock::now() + k_idle;
  while (wait_for_bytes(connection, lifeline, until)) {
    const ssize_t size = ::recv(connection, part.data(), part.size(), 0);
    if (size <= 0) return std::nullopt;
    received.append(part.data(), static_cast<std::size_t>(size));
    try {
      if (auto request = unframed(received, k_most_looking)) return request;
    } catch (const Error&) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

void read_on(const Box& box, JobStarter& jobs, int connection, std::string request, int lifeline) {
  // A long list takes megabytes for a moment. By itself the C library gives them back each time, and the kernel fills
  // them with zeros again for the next one. The reader does so when it ends.
  mallopt(M_MMAP_THRESHOLD, k_kept_memory);
  mallopt(M_TRIM_THRESHOLD, k_kept_memory);
  const auto end = SteadyClock::now() + k_lifetime;
  const KeptConnections kept;  // to databases; open from request to request
  while (true) {
    const Verdict verdict = answer_on(box, jobs, connection, request, true);
    if (verdict == Verdict::unavailable || verdict == Verdict::failed || SteadyClock::now() > end) return;
    auto next = next_request(connection, lifeline);
    if (!next || effect_of_message(message_name_in(*next)) != Effect::look) return;
    request = std::move(*next);
  }
}

}  // namespace

Verdict answer_on(const Box& box, JobStarter& jobs, int connection, std::string_view request, bool only_looks) {
  const Reply reply = answer_request(box, request, jobs, only_looks);
  send_all(connection, framed_reply_head(reply), reply.data);
  return reply.verdict;
}

int start_worker(const Box& box, JobStarter& jobs, Descriptor connection, const std::string& request) {
  const pid_t process = ::fork();
  if (process < 0) throw SystemError("start a process for", "a request", errno);
  if (process > 0) return process;
  become_worker({connection.release()});
  answer_on(box, jobs, k_first_descriptor, request, false);
  std::_Exit(0);
}

int start_reader(const Box& box, JobStarter& jobs, Descriptor connection, const std::string& request, int lifeline) {
  const pid_t process = ::fork();
  if (process < 0) throw SystemError("start a process for", "requests", errno);
  if (process > 0) return process;
  become_worker({connection.release(), lifeline});
  read_on(box, jobs, k_first_descriptor, request, k_first_descriptor + 1);
  std::_Exit(0);
}

}  // namespace mailinabox

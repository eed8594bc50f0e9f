#include "helper/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <list>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "helper/request.hpp"
#include "helper/worker.hpp"
#include "messages/envelope.hpp"
#include "messages/messages.hpp"

namespace mailinabox {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t k_most_connections = 256;  // that are still sending, or wait
constexpr std::size_t k_most_readers =
    2 * k_looks_at_once;  // those of a front that is being replaced may still be there
constexpr std::size_t k_most_workers = 48;

// A request that is arriving.
struct Arrival {
  Descriptor connection{};
  std::string received{};
  SteadyTime until{};
};

struct WaitingLook {
  Descriptor connection{};
  std::string request{};
};

sockaddr_un socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw Error("The path of a socket is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

class Supervisor {
 public:
  Supervisor(const Box& box, const HelperOptions& options) : box_(box), options_(options) {
    if (const auto account = box.system.accounts.user(options.user)) front_ = account->uid;
    listen();
    watch_signals();
    hold_lifeline();
  }

  ~Supervisor() { ::unlink(options_.socket.c_str()); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void run() {
    while (!ended_) turn();
  }

 private:
  void listen() {
    listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener_.valid()) throw SystemError("open", options_.socket, errno);
    const sockaddr_un address = socket_address(options_.socket);
    const auto group = box_.system.accounts.group(options_.group);
    make_folder(group ? group->gid : ::getegid());
    ::unlink(options_.socket.c_str());
    const mode_t before = ::umask(0177);
    const int bound = ::bind(listener_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::umask(before);
    if (bound != 0) throw SystemError("listen at", options_.socket, errno);
    if (group && ::chown(options_.socket.c_str(), static_cast<uid_t>(-1), group->gid) == 0)
      ::chmod(options_.socket.c_str(), 0660);
    if (::listen(listener_.number(), 128) != 0) throw SystemError("listen at", options_.socket, errno);
  }

  // Of the socket; only root and the front may enter it.
  void make_folder(gid_t group) const {
    const std::string folder = beside(options_.socket, "");
    if (::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) throw SystemError("make", folder, errno);
    if (::geteuid() != 0) return;
    if (::chown(folder.c_str(), 0, group) != 0 || ::chmod(folder.c_str(), 0750) != 0)
      throw SystemError("set the owner of", folder, errno);
  }

  void watch_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_.valid()) throw SystemError("watch", "signals", errno);
  }

  void hold_lifeline() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("make", "a pipe to readers", errno);
    lifeline_ = Descriptor(ends[0]);
    lifeline_held_ = Descriptor(ends[1]);
  }

  // Waits for something to happen, and does what it asks for.
  void turn() {
    std::vector<pollfd> waiting{{signals_.number(), POLLIN, 0}};
    const bool room = arrivals_.size() + looks_.size() < k_most_connections;
    waiting.push_back({listener_.number(), static_cast<short>(room ? POLLIN : 0), 0});
    for (const Arrival& arrival : arrivals_) waiting.push_back({arrival.connection.number(), POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), time_to_wait()) < 0 && errno != EINTR)
      throw SystemError("wait for", "requests", errno);
    hear_arrivals({waiting.begin() + 2, waiting.end()});
    if (waiting[0].revents != 0) hear_signals();
    if (waiting[1].revents != 0) accept_connections();
    hand_out_looks();
  }

  // Until the first of those who are sending has had its time; they came in this order.
  int time_to_wait() const {
    if (arrivals_.empty()) return -1;
    const auto left = arrivals_.front().until - std::chrono::steady_clock::now();
    return std::max(0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
  }

  void hear_signals() {
    signalfd_siginfo signal{};
    while (::read(signals_.number(), &signal, sizeof signal) == sizeof signal) {
      if (signal.ssi_signo != SIGCHLD) ended_ = true;
    }
    int status = 0;
    for (pid_t process = 0; (process = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      workers_.erase(process);
      readers_.erase(process);
      if (WIFSIGNALED(status))
        syslog(LOG_ERR, "management: the process %d of a request was ended by signal %d", process, WTERMSIG(status));
    }
  }

  void accept_connections() {
    while (true) {
      Descriptor connection(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!connection.valid()) return;
      if (!from_front(connection)) continue;
      arrivals_.push_back({std::move(connection), {}, std::chrono::steady_clock::now() + options_.request_limit});
    }
  }

  // Whoever could get at the socket otherwise is not the front.
  bool from_front(const Descriptor& connection) const {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(connection.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == 0 || peer.uid == ::geteuid() || (front_ && peer.uid == *front_);
  }

  void hear_arrivals(const std::vector<pollfd>& heard) {
    std::size_t i = 0;
    const SteadyTime now = std::chrono::steady_clock::now();
    for (auto arrival = arrivals_.begin(); arrival != arrivals_.end(); ++i) {
      const bool heard_of = i < heard.size() && heard[i].revents != 0;
      const bool ends = (heard_of && !receive(*arrival)) || arrival->until <= now;
      arrival = ends ? arrivals_.erase(arrival) : std::next(arrival);
    }
  }

  // False if nothing more is expected: handed on, broken, or gone.
  bool receive(Arrival& arrival) {
    std::array<char, 65536> part{};
    const ssize_t size = ::recv(arrival.connection.number(), part.data(), part.size(), 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    arrival.received.append(part.data(), static_cast<std::size_t>(size));
    try {
      if (auto request = unframed(arrival.received, k_most_request)) {
        hand_on(std::move(arrival.connection), std::move(*request));
        return false;
      }
    } catch (const Error& error) {
      syslog(LOG_WARNING, "management: %s", error.what());
      return false;
    }
    return true;
  }

  void hand_on(Descriptor connection, std::string request) {
    const auto effect = effect_of_message(message_name_in(request));
    ::fcntl(connection.number(), F_SETFL, 0);  // blocking, for who answers
    if (effect && *effect != Effect::look) {
      begin_worker(std::move(connection), request);
    } else if (request.size() <= k_most_looking) {
      looks_.push_back({std::move(connection), std::move(request)});
    } else {
      tell(connection, {.verdict = Verdict::refused, .text = "The request is longer than a question may be."});
    }
  }

  void begin_worker(Descriptor connection, const std::string& request) {
    if (workers_.size() >= k_most_workers) {
      tell(connection, {.verdict = Verdict::unavailable,
                        .text = "Too many changes are under way. Try again in a while.",
                        .retry_after = 10});
      return;
    }
    try {
      workers_.insert(start_worker(box_, jobs(), std::move(connection), request));
    } catch (const Error& error) {
      syslog(LOG_ERR, "management: %s", error.what());
    }
  }

  // As much as fits without waiting: these replies do.
  static void tell(const Descriptor& connection, const Reply& reply) {
    const std::string frame = framed(reply_text(reply));
    static_cast<void>(::send(connection.number(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }

  void hand_out_looks() {
    while (!looks_.empty() && readers_.size() < k_most_readers) {
      WaitingLook look = std::move(looks_.front());
      looks_.pop_front();
      try {
        readers_.insert(start_reader(box_, jobs(), std::move(look.connection), look.request, lifeline_.number()));
      } catch (const Error& error) {
        syslog(LOG_ERR, "management: %s", error.what());
      }
    }
  }

  JobStarter& jobs() { return options_.jobs == nullptr ? process_jobs_ : *options_.jobs; }

  const Box& box_;
  const HelperOptions& options_;
  ProcessJobStarter process_jobs_{};
  std::optional<unsigned> front_{};
  Descriptor listener_{};
  Descriptor signals_{};
  std::list<Arrival> arrivals_{};
  std::deque<WaitingLook> looks_{};
  // Ends with this process, and with it the readers.
  Descriptor lifeline_{};
  Descriptor lifeline_held_{};
  std::set<int> readers_{};
  std::set<int> workers_{};
  bool ended_ = false;
};

}  // namespace

void run_helper(const Box& box, const HelperOptions& options, const std::function<void()>& ready) {
  openlog("mailinabox", LOG_PID, LOG_DAEMON);
  Supervisor supervisor(box, options);
  ready();
  supervisor.run();
}

}  // namespace mailinabox

#include "support/running_box.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "messages/envelope.hpp"
#include "os/lock.hpp"

namespace mailinabox::test {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

void write_all(int descriptor, const std::string& text) {
  if (::write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(126);
}

// In the new process. Catch's own reports are the other's.
[[noreturn]] void work_on(const std::string& log, const TestProcess::Work& work, int channel) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int number : {SIGTERM, SIGINT, SIGSEGV, SIGABRT}) ::signal(number, SIG_DFL);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(file, STDERR_FILENO);
  int code = 0;
  try {
    work([channel](const std::string& text) {
      write_all(channel, text);
      ::close(channel);
    });
  } catch (const std::exception& error) {
    write_all(STDERR_FILENO, std::string("ended by an error: ") + error.what() + "\n");
    code = 1;
  }
  ::_exit(code);
}

std::string read_all(int descriptor) {
  std::string text;
  char byte = 0;
  while (::read(descriptor, &byte, 1) == 1) text += byte;
  return text;
}

// Waits for processes whose parents have ended: they still write to the box.
void wait_for_orphans() {
  REQUIRE(comes_true([] {
    const pid_t process = ::waitpid(-1, nullptr, WNOHANG);
    return process < 0 && errno == ECHILD;
  }));
}

}  // namespace

bool comes_true(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const SteadyTime until = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

TestProcess::TestProcess(const std::string& log, const Work& work) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  id_ = ::fork();
  REQUIRE(id_ >= 0);
  if (id_ == 0) {
    ::close(ends[0]);
    work_on(log, work, ends[1]);
  }
  ::close(ends[1]);
  told_ = read_all(ends[0]);
  ::close(ends[0]);
}

bool TestProcess::lives() const { return id_ > 0 && ::waitpid(id_, nullptr, WNOHANG) == 0; }
void TestProcess::kill() { end(SIGKILL); }
void TestProcess::stop() { end(SIGTERM); }

void TestProcess::end(int signal_number) {
  if (id_ <= 0) return;
  ::kill(id_, signal_number);
  ::waitpid(id_, nullptr, 0);
  id_ = 0;
}

std::size_t TestProcess::descriptors() const {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(id_) + "/fd");
  return static_cast<std::size_t>(std::distance(all, std::filesystem::directory_iterator()));
}

std::vector<int> TestProcess::children() const {
  std::ifstream file("/proc/" + std::to_string(id_) + "/task/" + std::to_string(id_) + "/children");
  std::vector<int> all;
  for (int child = 0; file >> child;) all.push_back(child);
  return all;
}

TestConnection::TestConnection(const std::string& path)
    : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(descriptor_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    descriptor_.reset();
}

TestConnection::TestConnection(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    descriptor_.reset();
}

std::size_t TestConnection::send(std::string_view bytes) const {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t size = ::send(descriptor_.number(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) break;
    sent += static_cast<std::size_t>(size);
  }
  return sent;
}

void TestConnection::shutdown_write() const { ::shutdown(descriptor_.number(), SHUT_WR); }

void TestConnection::reset() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

TestConnection::Part TestConnection::read_part(SteadyTime until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd waiting{descriptor_.number(), POLLIN, 0};
  if (left.count() < 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return Part::late;
  std::array<char, 65536> part{};
  const ssize_t size = ::recv(descriptor_.number(), part.data(), part.size(), 0);
  if (size <= 0) return Part::end;
  text_.append(part.data(), static_cast<std::size_t>(size));
  return Part::some;
}

bool TestConnection::read_until(std::string_view part, std::chrono::milliseconds limit) {
  const SteadyTime until = std::chrono::steady_clock::now() + limit;
  while (text_.find(part) == std::string::npos) {
    if (read_part(until) != Part::some) return false;
  }
  return true;
}

bool TestConnection::read_to_end(std::chrono::milliseconds limit) {
  const SteadyTime until = std::chrono::steady_clock::now() + limit;
  Part part = Part::some;
  while (part == Part::some) part = read_part(until);
  return part == Part::end;
}

bool TestConnection::read_frame(std::chrono::milliseconds limit) {
  const SteadyTime until = std::chrono::steady_clock::now() + limit;
  Part part = Part::some;
  const auto whole = [&] { return text_.size() >= 4 && text_.size() >= 4 + frame_length(text_, k_most_reply); };
  while (part == Part::some && !whole()) part = read_part(until);
  return part != Part::late;
}

ApiResponse parsed_response(const std::string& text) {
  ApiResponse response;
  response.status = 0;
  const std::size_t end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || end == std::string::npos) return response;
  response.status = std::stoi(text.substr(9, 3));
  const std::string head = text.substr(0, end);
  for (const std::string_view line : lines_of(head)) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos)
      response.headers.emplace_back(line.substr(0, colon), std::string(trim(line.substr(colon + 1))));
  }
  response.body = text.substr(end + 4);
  return response;
}

std::string http_text(const ApiRequest& request, const std::string& more_headers) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: localhost\r\n" + more_headers;
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  if (!request.body.empty()) text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

JobInfo ForkedJobs::start(const Box& box, const JobRequest& request) {
  const JobInfo info = create_job(box, request);
  const pid_t process = ::fork();
  if (process < 0) throw SystemError("start a process for", "the job " + info.id, errno);
  if (process == 0) {
    ::setsid();
    ::closefrom(STDERR_FILENO + 1);
    try {
      run_job(box, info.id);
    } catch (const std::exception& error) {
      write_all(STDERR_FILENO, std::string("job: ") + error.what() + "\n");
    }
    ::_exit(0);
  }
  const MachineLock lock(box.system.files.real_path(box.state_directory + "/jobs/" + info.id + "/lock"));
  comes_true([&] { return lock.holder() || JobStore(box).job(info.id).state == "done"; });
  return JobStore(box).job(info.id);
}

RunningDaemon::RunningDaemon(const Box& box, HttpLimits limits, std::chrono::milliseconds request_limit)
    : box_(box), socket_(folder_ / "run/helper.sock"), limits_(limits), request_limit_(request_limit) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // processes that outlive the helper are waited for
  start_helper();
  start_front();
}

RunningDaemon::~RunningDaemon() {
  front_.reset();
  helper_.reset();
  wait_for_orphans();
}

void RunningDaemon::start_helper() {
  helper_.reset();
  helper_ = std::make_unique<TestProcess>(folder_ / "log", [this](const auto& ready) {
    run_helper(box_, {.socket = socket_, .request_limit = request_limit_, .jobs = &jobs_}, [&] {
      ::openlog("mailinabox", LOG_PID | LOG_PERROR, LOG_DAEMON);
      ready("");
    });
  });
  INFO(log());
  REQUIRE(helper_->lives());
}

void RunningDaemon::start_front() {
  front_.reset();
  front_ = std::make_unique<TestProcess>(folder_ / "front.log", [this](const auto& ready) {
    run_front({.server = {.port = port_, .helper_socket = socket_, .limits = limits_}, .version = "1.2.3"},
              [&](std::uint16_t port) { ready(std::to_string(port)); });
  });
  REQUIRE(front_->lives());
  port_ = static_cast<std::uint16_t>(std::stoi(front_->told()));
}

std::string RunningDaemon::ask(const std::string& text) const {
  TestConnection connection(socket_);
  REQUIRE(connection.valid());
  connection.send(framed(text));
  REQUIRE(connection.read_frame());
  const std::string& answer = connection.text();
  if (answer.size() < 4) return {};
  REQUIRE(frame_length(answer, k_most_reply) == answer.size() - 4);
  return answer.substr(4);
}

// The kernel's list has the listening socket, and each connection that it has not given to the helper, by the same
// path.
std::size_t RunningDaemon::waiting_at_socket() const {
  std::ifstream sockets("/proc/net/unix");
  std::size_t count = 0;
  for (std::string line; std::getline(sockets, line);) count += line.ends_with(" " + socket_) ? 1U : 0U;
  return count - 1;
}

ApiResponse RunningDaemon::http(const ApiRequest& request) const {
  TestConnection connection(port_);
  REQUIRE(connection.valid());
  connection.send(http_text(request));
  REQUIRE(connection.read_to_end());
  return parsed_response(connection.text());
}

ApiResponse RunningDaemon::call(const std::string& method, const std::string& path, const Json& body) const {
  ApiRequest request{.method = method, .target = "/api/v1" + path, .headers = ApiBox::basic(k_api_key, "")};
  if (!body.is_null()) {
    request.headers.emplace_back("content-type", "application/json");
    request.body = body.dump();
  }
  return http(request);
}

std::string RunningDaemon::log() const {
  std::ifstream file(folder_ / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

BoxInTime::BoxInTime(TestCommandLine& of)
    : box{.system = system_,
          .dns = of.dns,
          .probe_resolver = of.box.probe_resolver,
          .sources = of.box.sources,
          .lock_file = of.box.lock_file,
          .version = of.box.version,
          .root = of.box.root},
      system_{of.host.files,    of.host.commands, of.host.packages,   of.host.services,
              of.host.accounts, of.host.machine,  of.host.downloader, clock_} {}

}  // namespace mailinabox::test

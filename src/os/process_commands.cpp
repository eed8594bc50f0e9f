// The only file that includes Boost.Process (the first interface, of 1.74): its headers take as long to compile as the
// rest of the folder.
#include "os/process_commands.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>  // Boost.Asio of 1.74 needs it in C++20 and does not include it

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/process/args.hpp>
#include <boost/process/async.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <optional>
#include <stdexcept>

#include "base/error.hpp"
#include "base/interruption.hpp"
#include "base/text.hpp"
#include "os/command_allow_list.hpp"
#include "os/descriptor.hpp"
#include "os/fault_point.hpp"

namespace mailinabox {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Take = std::function<void(std::string_view)>;

constexpr std::string_view k_command_path = "/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t k_most_kept = 4U << 20;  // bytes of an output
constexpr milliseconds k_grace{2'000};         // between SIGTERM and SIGKILL
constexpr milliseconds k_glance{100};          // how often a signal is looked for
constexpr milliseconds k_drain{200};           // limit if another process still writes to a dead child's pipes
// A maintainer script that is killed leaves a package that only a person can mend.
constexpr std::array<std::string_view, 2> k_finish_their_step = {"apt-get", "dpkg"};
constexpr unsigned k_close_range_cloexec = 4;  // CLOSE_RANGE_CLOEXEC

// Prepares the child between fork(2) and execve(2), with calls that are safe there (signal-safety(7)).
struct ChildRules : boost::process::extend::handler {
  std::string program{};                    // the file to execute
  std::array<int, 3> standard{-1, -1, -1};  // become 0, 1 and 2
  int status_source = -1;                   // if >= 0: becomes status_target
  int status_target = -1;
  std::optional<Account> account{};
  std::vector<gid_t> groups{};  // of the account

  template <typename Executor>
  void on_exec_setup(Executor& executor) const {
    for (int number = 0; number < 3; ++number) place(standard[static_cast<unsigned>(number)], number);
    ::setsid();
    hide_descriptors();
    if (status_source >= 0) place(status_source, status_target);
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::umask(S_IWGRP | S_IWOTH);
    if (account) {
      check("setgroups", ::setgroups(groups.size(), groups.data()));
      check("setgid", ::setgid(account->gid));
      check("setuid", ::setuid(account->uid));
    }
    check("chdir /", ::chdir("/"));
    executor.exe = program.c_str();  // argv[0] stays as given
  }

  template <typename Executor>
  void on_exec_error(Executor& executor, const std::error_code& error) const {
    fail(executor.exe, error.value(), error.value() == ENOENT ? 127 : 126);
  }

 private:
  [[noreturn]] static void fail(const char* what, int error_number, int exit_code) {
    const char* reason = ::strerrordesc_np(error_number);
    for (const char* text : {what, ": ", reason == nullptr ? "unknown error" : reason, "\n"}) {
      if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
    }
    ::_exit(exit_code);
  }
  static void check(const char* what, int result) {
    if (result < 0) fail(what, errno, 126);
  }
  // dup2(2) keeps the close-on-exec flag if both numbers are the same.
  static void place(int source, int target) {
    check("dup2", source == target ? ::fcntl(target, F_SETFD, 0) : ::dup2(source, target));
  }
  static void hide_descriptors() {
    if (::syscall(SYS_close_range, 3U, ~0U, k_close_range_cloexec) == 0) return;
    rlimit limit{};  // Linux before 5.11
    constexpr rlim_t k_most = 65'536;
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > k_most) limit.rlim_cur = k_most;
    for (int number = 3; number < static_cast<int>(limit.rlim_cur); ++number) ::fcntl(number, F_SETFD, FD_CLOEXEC);
  }
};

// No signal handler of this program may run in a child before execve(2).
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

// The file to execute: names with a slash as given, others searched in k_command_path. "" if there is none.
std::string find_program(const std::string& name) {
  if (name.empty()) return "";
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), F_OK) == 0 ? name : "";
  for (const std::string_view folder : split(k_command_path, ':')) {
    std::string candidate = std::string(folder) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

// True if a signal does not end it: it may finish what it is at, and is waited for until its timeout.
bool finishes_step(const std::string& program) { return contains(k_finish_their_step, base_name(program)); }

// An unnamed file in memory, positioned at its start. Unlike a pipe it can neither block nor raise SIGPIPE.
Descriptor memory_file(const std::string& content) {
  Descriptor file(::memfd_create("mailinabox", MFD_CLOEXEC));
  if (!file.valid()) throw SystemError("memfd_create", "for a command", errno);
  if (::write(file.number(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      ::lseek(file.number(), 0, SEEK_SET) != 0) {
    throw SystemError("write", "the input of a command", errno);
  }
  return file;
}

// The beginning and the end of what a command said: one that never stops talking must not fill the memory.
class KeptOutput {
 public:
  void add(std::string_view piece) {
    const std::size_t room = std::min(piece.size(), k_most_kept / 2 - head_.size());
    head_ += piece.substr(0, room);
    tail_ += piece.substr(room);
    if (tail_.size() > k_most_kept) shorten();
  }
  std::string take() {
    if (tail_.size() > k_most_kept / 2) shorten();
    if (left_out_ > 0) head_ += "\n[" + std::to_string(left_out_) + " bytes left out]\n";
    return std::move(head_) + tail_;
  }

 private:
  void shorten() {
    const std::size_t excess = tail_.size() - k_most_kept / 2;
    tail_.erase(0, excess);
    left_out_ += excess;
  }

  std::string head_{};
  std::string tail_{};
  std::size_t left_out_ = 0;
};

std::string content_of(const Descriptor& file) {
  KeptOutput kept;
  std::string piece(65'536, '\0');
  for (off_t place = 0;;) {
    const ssize_t got = ::pread(file.number(), piece.data(), piece.size(), place);
    if (got < 0) throw SystemError("read", "the output of a command", errno);
    if (got == 0) return kept.take();
    kept.add(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
    place += got;
  }
}

// Passes on what is read from a pipe, until its end.
class PipeReader {
 public:
  PipeReader(boost::asio::io_context& io, int source, Take take) : source_(io, source), take_(std::move(take)) {
    next();
  }

 private:
  void next() {
    source_.async_read_some(boost::asio::buffer(buffer_),
                            [this](const boost::system::error_code& error, std::size_t size) {
                              if (size > 0) take_({buffer_.data(), size});
                              if (!error) next();
                            });
  }

  boost::asio::posix::stream_descriptor source_;
  Take take_;
  std::array<char, 65'536> buffer_{};
};

// Cuts pieces into lines; text without a newline at the end is a line too.
class LineCutter {
 public:
  explicit LineCutter(Take take) : take_(std::move(take)) {}
  void add(std::string_view piece) {
    rest_ += piece;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      if (take_) take_(std::string_view(rest_).substr(begin, end - begin));
    }
    rest_.erase(0, begin);
  }
  void finish() {
    if (!rest_.empty() && take_) take_(rest_);
    rest_.clear();
  }

 private:
  Take take_;
  std::string rest_{};
};

// Runs one command. Never leaves the child running.
class Execution {
 public:
  explicit Execution(const Command& command) : command_(command) {}
  ~Execution() {
    if (!child_.valid() || exited_) return;
    end_group(SIGKILL);  // a handler has thrown
    std::error_code ignored;
    child_.wait(ignored);
  }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  CommandResult operator()(const FileAccounts& accounts) {
    if (command_.argv.empty()) throw std::logic_error("a command without a program");
    check_interruption();  // no command is started only to be ended
    rules_.program = find_program(command_.argv[0]);
    if (rules_.program.empty()) {
      result_.exit_code = 127;
      result_.err = command_.argv[0] + " is not installed (looked for in " + std::string(k_command_path) +
                    "); the recipe that needs it has to name its package under `packages`\n";
      return result_;
    }
    const boost::process::environment environment = child_environment(accounts);
    connect();
    start(environment);
    wait();
    return result_;
  }

 private:
  boost::process::environment child_environment(const FileAccounts& accounts) {
    std::map<std::string, std::string> variables = {
        {"PATH", std::string(k_command_path)}, {"LC_ALL", "C.UTF-8"}, {"HOME", "/root"}};
    if (!command_.user.empty()) {
      rules_.account = accounts.user(command_.user);
      if (!rules_.account) {
        throw Error("cannot run `" + command_.argv[0] + "` as " + command_.user + ": no such account");
      }
      rules_.groups = accounts.groups_of(command_.user);
      variables["HOME"] = rules_.account->home;
      variables["USER"] = variables["LOGNAME"] = command_.user;
    }
    for (const auto& [name, value] : command_.environment) variables[name] = value;
    boost::process::environment environment;
    for (const auto& [name, value] : variables) environment[name] = value;
    return environment;
  }

  void connect() {
    rules_.standard[0] = given(memory_file(command_.input));
    if (command_.starts_daemon) {
      // It still writes after we have exited: a pipe would kill it by SIGPIPE, a file does not.
      rules_.standard[1] = given(memory_file(""));
      rules_.standard[2] = given(memory_file(""));
    } else {
      rules_.standard[1] = add_pipe([this](std::string_view piece) {
        out_.add(piece);
        if (command_.on_output) command_.on_output(piece);
      });
      rules_.standard[2] = add_pipe([this](std::string_view piece) { errors_.add(piece); });
    }
    if (command_.status_descriptor < 0) return;
    rules_.status_source = add_pipe([this](std::string_view piece) { status_lines_.add(piece); });
    rules_.status_target = command_.status_descriptor;
  }

  int given(Descriptor descriptor) {
    given_.push_back(std::move(descriptor));
    return given_.back().number();
  }

  int add_pipe(Take take) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("pipe", "for a command", errno);
    const int sink = given(Descriptor(ends[1]));
    readers_.emplace_back(io_, ends[0], std::move(take));
    return sink;
  }

  void start(const boost::process::environment& environment) {
    const BlockedSignals blocked;
    std::error_code error;
    child_ = boost::process::child(
        boost::process::exe = command_.argv[0],
        boost::process::args = std::vector<std::string>(command_.argv.begin() + 1, command_.argv.end()), environment,
        rules_, error, io_, boost::process::on_exit([this](int, const std::error_code&) { exited_ = true; }));
    if (error) throw SystemError("fork", rules_.program, error.value());
  }

  void wait() {
    watch();
    if (!exited_) end();
    const auto limit = steady_clock::now() + k_drain;
    while (steady_clock::now() < limit && io_.poll_one() > 0) {  // the rest in the pipes
    }
    status_lines_.finish();
    result_.out = out_.take();
    result_.err = errors_.take();
    check_interruption();
    const int status = child_.native_exit_code();
    result_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result_.exit_code = result_.signal > 0 ? 128 + result_.signal : WEXITSTATUS(status);
    if (!command_.starts_daemon) return;
    result_.out = content_of(given_[1]);
    result_.err = content_of(given_[2]);
  }

  // Until it exits, its time is over, or a signal ends it.
  void watch() {
    const auto deadline = steady_clock::now() + command_.timeout;
    bool asked = false;
    while (steady_clock::now() < deadline) {
      if (interruption_pending() && !finishes_step(rules_.program)) return;
      if (interruption_pending() && !asked) {
        asked = true;
        ask_to_finish();
      }
      if (exits_before(std::min(deadline, steady_clock::now() + k_glance))) return;
    }
    result_.timed_out = true;
  }

  // apt ends after the dpkg that runs, dpkg after the maintainer script that runs. Neither would if the whole group had
  // the signal: it kills the script.
  void ask_to_finish() const { ::kill(child_.id(), SIGINT); }

  void end() {
    end_group(SIGTERM);
    const bool ended = exits_before(steady_clock::now() + k_grace);
    end_group(SIGKILL);  // what is left of it
    if (!ended) exits_before(steady_clock::time_point::max());
  }

  bool exits_before(steady_clock::time_point limit) {
    while (!exited_ && io_.run_one_until(limit) > 0) {
    }
    return exited_;
  }

  void end_group(int signal) const { ::kill(-child_.id(), signal); }

  const Command& command_;
  ChildRules rules_{};
  CommandResult result_{};
  KeptOutput out_{};
  KeptOutput errors_{};
  LineCutter status_lines_{command_.on_status};
  std::vector<Descriptor> given_{};  // the child's ends: 0, 1, 2 and the pipe for status lines
  boost::asio::io_context io_{};
  std::deque<PipeReader> readers_{};
  boost::process::child child_{};
  bool exited_ = false;
};

}  // namespace

CommandResult ProcessCommands::query(const Command& command) const {
  if (!may_query(command)) {
    throw std::logic_error("`" + joined(command.argv, " ") + "` is not on the list of read-only commands");
  }
  return Execution(command)(accounts_);
}

CommandResult ProcessCommands::run(const Command& command) {
  fault_point();
  CommandResult result = Execution(command)(accounts_);
  fault_point();
  return result;
}

}  // namespace mailinabox

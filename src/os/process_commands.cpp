#include "os/process_commands.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include "base/error.hpp"
#include "os/child_process.hpp"
#include "os/command_allow_list.hpp"
#include "os/fault_point.hpp"

namespace mailinabox {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Take = std::function<void(std::string_view)>;

constexpr milliseconds k_grace{2'000};  // between SIGTERM and SIGKILL
constexpr milliseconds k_drain{200};    // at most, where something else still writes into a dead child's pipes
constexpr milliseconds k_tick{5};       // how often a child is looked for where the kernel has no pidfd (before 5.3)

// Cuts pieces into lines; what stands without a newline at the end is a line too.
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

struct Reader {
  Descriptor source{};
  Take take{};

  // Takes what is there. False where nothing is, or at the end, which closes the source.
  bool read_some() {
    std::array<char, 65'536> buffer{};
    const ssize_t got = ::read(source.number(), buffer.data(), buffer.size());
    if (got > 0) {
      take(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
      return true;
    }
    if (got < 0 && errno == EINTR) return true;
    if (got == 0 || errno != EAGAIN) source.reset();
    return false;
  }
};

// A started child: reads what it says until it has ended, and never leaves it running.
class Running {
 public:
  Running(pid_t child, std::vector<Reader> readers)
      : child_(child), readers_(std::move(readers)), process_(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))) {}
  ~Running() {
    if (ended_) return;
    ::kill(-child_, SIGKILL);  // an exception of a handler
    ::waitpid(child_, &status_, 0);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  // True where the child has ended by then.
  bool wait(steady_clock::time_point limit) {
    while (!reap()) {
      const auto left = std::chrono::duration_cast<milliseconds>(limit - steady_clock::now());
      if (left.count() <= 0) return false;
      poll_once(left);
    }
    return true;
  }

  void signal(int number) const { ::kill(-child_, number); }

  void drain() {
    const auto limit = steady_clock::now() + k_drain;
    for (Reader& reader : readers_) {
      while (reader.source.valid() && reader.read_some() && steady_clock::now() < limit) {
      }
    }
  }

  int exit_code() const { return WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_); }

 private:
  bool reap() {
    if (ended_) return true;
    const pid_t found = ::waitpid(child_, &status_, WNOHANG);
    if (found < 0 && errno != EINTR) throw SystemError("waitpid", std::to_string(child_), errno);
    ended_ = found == child_;
    return ended_;
  }

  void poll_once(milliseconds left) {
    std::vector<pollfd> watched;
    for (const Reader& reader : readers_) watched.push_back({reader.source.number(), POLLIN, 0});
    watched.push_back({process_.number(), POLLIN, 0});  // -1 is passed over
    if (!process_.valid()) left = std::min(left, k_tick);
    const int timeout = static_cast<int>(std::min<milliseconds::rep>(left.count() + 1, 3'600'000));
    if (::poll(watched.data(), watched.size(), timeout) < 0 && errno != EINTR) {
      throw SystemError("poll", "a command", errno);
    }
    for (std::size_t index = 0; index < readers_.size(); ++index) {
      if (watched[index].revents != 0) readers_[index].read_some();
    }
  }

  pid_t child_;
  std::vector<Reader> readers_;
  Descriptor process_;
  bool ended_ = false;
  int status_ = 0;
};

// The account's part of a child's setup and environment.
void set_account(ChildSetup& setup, const std::string& user, const FileAccounts& accounts) {
  const std::optional<Account> account = accounts.user(user);
  if (!account) throw Error("cannot run `" + setup.argv[0] + "` as " + user + ": there is no such account");
  setup.account = ChildAccount{account->uid, account->gid, accounts.groups_of(user)};
  setup.environment["HOME"] = account->home;
  setup.environment["USER"] = user;
  setup.environment["LOGNAME"] = user;
}

ChildSetup setup_of(const Command& command, const FileAccounts& accounts) {
  if (command.argv.empty()) throw std::logic_error("a command without a program");
  ChildSetup setup;
  setup.program = find_program(command.argv[0]);
  setup.argv = command.argv;
  setup.environment = {{"PATH", std::string(k_command_path)}, {"LC_ALL", "C.UTF-8"}, {"HOME", "/root"}};
  if (!command.user.empty()) set_account(setup, command.user, accounts);
  for (const auto& [name, value] : command.environment) setup.environment[name] = value;
  return setup;
}

std::string words_of(const Command& command) {
  std::string words;
  for (const std::string& word : command.argv) words += (words.empty() ? "" : " ") + word;
  return words;
}

// One command from its pipes to its result.
class Execution {
 public:
  Execution(const Command& command, const FileAccounts& accounts)
      : command_(command), setup_(setup_of(command, accounts)) {}

  CommandResult operator()() {
    if (setup_.program.empty()) {
      result_.exit_code = 127;
      result_.err = command_.argv[0] + ": there is no such program in " + std::string(k_command_path) + "\n";
      return result_;
    }
    input_ = make_memory_file(command_.input);
    setup_.standard[0] = input_.number();
    command_.starts_daemon ? keep_output_in_files() : keep_output_from_pipes();
    if (command_.status_descriptor >= 0) {
      setup_.status_source = add_pipe([this](std::string_view piece) { status_lines_.add(piece); });
      setup_.status_target = command_.status_descriptor;
    }
    run();
    return result_;
  }

 private:
  int add_pipe(Take take) {
    Pipe pipe = make_pipe();
    readers_.push_back({std::move(pipe.source), std::move(take)});
    sinks_.push_back(std::move(pipe.sink));
    return sinks_.back().number();
  }

  void keep_output_from_pipes() {
    setup_.standard[1] = add_pipe([this](std::string_view piece) {
      result_.out += piece;
      if (command_.on_output) command_.on_output(piece);
    });
    setup_.standard[2] = add_pipe([this](std::string_view piece) { result_.err += piece; });
  }

  // A daemon writes to what it was given long after we are gone: a pipe would end it by SIGPIPE, a file does not.
  void keep_output_in_files() {
    out_file_ = make_memory_file("");
    err_file_ = make_memory_file("");
    setup_.standard[1] = out_file_.number();
    setup_.standard[2] = err_file_.number();
  }

  void run() {
    Running running(start_child(setup_), std::move(readers_));
    sinks_.clear();
    if (!running.wait(steady_clock::now() + command_.timeout)) {
      result_.timed_out = true;
      running.signal(SIGTERM);
      const bool ended = running.wait(steady_clock::now() + k_grace);
      running.signal(SIGKILL);  // whatever of the group is left
      if (!ended) running.wait(steady_clock::time_point::max());
    }
    running.drain();
    status_lines_.finish();
    result_.exit_code = running.exit_code();
    if (out_file_.valid()) result_.out = memory_file_content(out_file_);
    if (err_file_.valid()) result_.err = memory_file_content(err_file_);
  }

  const Command& command_;
  ChildSetup setup_;
  CommandResult result_{};
  std::vector<Reader> readers_{};
  std::vector<Descriptor> sinks_{};
  LineCutter status_lines_{command_.on_status};
  Descriptor input_{};
  Descriptor out_file_{};
  Descriptor err_file_{};
};

}  // namespace

CommandResult ProcessCommands::query(const Command& command) const {
  if (!may_query(command)) {
    throw std::logic_error("`" + words_of(command) + "` is not on the list of commands that only ask");
  }
  return Execution(command, accounts_)();
}

CommandResult ProcessCommands::run(const Command& command) {
  fault_point();
  CommandResult result = Execution(command, accounts_)();
  fault_point();
  return result;
}

}  // namespace mailinabox

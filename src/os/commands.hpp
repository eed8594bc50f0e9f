// Programs started by this program. Argument vectors only: no shell, absolute or PATH-less names are looked up in the
// fixed path /usr/sbin:/usr/bin:/sbin:/bin, the environment is a fixed clean one plus what the command adds.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mailinabox {

struct Command {
  std::vector<std::string> argv{};
  std::string input{};  // given on standard input, which is closed after it; secrets go here
  std::map<std::string, std::string> environment{};  // added to PATH, LC_ALL=C.UTF-8, HOME=/root
  std::chrono::milliseconds timeout{60'000};
  std::string user{};          // run as this account (with its groups); "" = as we are
  bool guard = false;          // a recipe's author declared it a query (`unless`)
  bool starts_daemon = false;  // something it starts outlives it and keeps its output: on_output is not called
  std::function<void(std::string_view)> on_output{};  // each piece of standard output as it comes (progress)
  int status_descriptor = -1;  // where >= 0: the child's descriptor of this number is a pipe whose lines
  std::function<void(std::string_view)> on_status{};  // go here (apt's APT::Status-Fd), without their newline
};

struct [[nodiscard]] CommandResult {
  int exit_code = 0;       // 128 + signal where a signal ended it; 127 where the program does not exist
  bool timed_out = false;  // its whole process group was ended
  std::string out{};
  std::string err{};
};

// May only ask. The real one refuses (throws std::logic_error) what is neither on the allow-list in
// command_allow_list.cpp nor declared a guard.
class CommandProbe {
 public:
  virtual ~CommandProbe() = default;
  virtual CommandResult query(const Command& command) const = 0;
};

class CommandRunner : public CommandProbe {
 public:
  // Any ending is a value.
  virtual CommandResult run(const Command& command) = 0;
};

// Throws CommandError, with how it ended and what it said, where the command did not exit with 0.
void throw_unless_done(const Command& command, const CommandResult& result);

// Runs and throws CommandError where the command did not exit with 0.
CommandResult run_or_throw(CommandRunner& runner, const Command& command);

}  // namespace mailinabox

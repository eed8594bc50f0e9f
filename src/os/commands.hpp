// Child processes. No shell: commands are argument vectors. Names without a slash are looked up in the fixed path
// /usr/sbin:/usr/bin:/sbin:/bin; the environment is a fixed one plus the command's own variables.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mailinabox {

struct Command {
  std::vector<std::string> argv{};
  std::string input{};                               // for standard input, which is closed after it; secrets go here
  std::map<std::string, std::string> environment{};  // added to PATH, LC_ALL=C.UTF-8, HOME=/root
  std::chrono::milliseconds timeout{60'000};
  std::string user{};          // run as this account, with its groups; "": as the current user
  bool guard = false;          // a recipe declares it read-only (`unless`)
  bool starts_daemon = false;  // starts a process that outlives it and keeps its output open: on_output is not called
  std::function<void(std::string_view)> on_output{};  // gets each piece of standard output (progress)
  int status_descriptor = -1;  // if >= 0: the child gets a pipe with this number, for apt's APT::Status-Fd
  std::function<void(std::string_view)> on_status{};  // gets each line of that pipe, without its newline
};

struct [[nodiscard]] CommandResult {
  int exit_code = 0;       // 128 + signal if a signal killed it; 127 if the program does not exist (`err` says so)
  int signal = 0;          // that killed it; a program may exit with a code above 128 by itself
  bool timed_out = false;  // its whole process group was killed
  std::string out{};       // of more than 4 MB only the first and the last 2 MB, and a line that says so between them
  std::string err{};       // likewise
};

// For read-only commands. The real one throws std::logic_error for a command that is neither in command_allow_list.cpp
// nor a guard.
class CommandProbe {
 public:
  virtual ~CommandProbe() = default;
  virtual CommandResult query(const Command& command) const = 0;
};

class CommandRunner : public CommandProbe {
 public:
  // Throws nothing for a command that fails: see CommandResult. The real one throws Interrupted if a signal has come:
  // it starts no command then, and ends one that runs.
  virtual CommandResult run(const Command& command) = 0;
};

// Throws CommandError, with how the command ended and its output, unless it exited with 0.
void throw_unless_done(const Command& command, const CommandResult& result);

// run(), then throw_unless_done().
CommandResult run_or_throw(CommandRunner& runner, const Command& command);

}  // namespace mailinabox

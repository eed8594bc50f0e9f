// From the words of a command line to the command they mean.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/console.hpp"

namespace mailinabox {

// `words` without the program's name. No command, or an option first, means `setup`. Runs the command and returns its
// exit code; errors that it throws are left to the caller. A command line that cannot be understood is said on
// `errors`, with the nearest spelling, and is ExitCode::usage. With --json, whatever goes wrong is one JSON object on
// `output` as well (report_output.hpp), also if the command has no such option.
ExitCode run_command_line(Box& box, Console& console, std::vector<std::string> words);

// What is said of an error that a command threw, and the exit code of the program then.
struct CommandFailure {
  std::string message{};
  ExitCode code = ExitCode::failed;
};
CommandFailure command_failure(const std::exception& error);

}  // namespace mailinabox

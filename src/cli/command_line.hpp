// From the words of a command line to the command they mean.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace mailinabox {

// `words` without the program's name. No command, or an option first, means `setup`. Runs the command and returns its
// exit code; errors that it throws are left to the caller. A command line that cannot be understood is said on
// `errors`, with the nearest spelling, and is ExitCode::usage.
ExitCode run_command_line(Box& box, Console& console, std::vector<std::string> words);

}  // namespace mailinabox

// The whole program but for what belongs to its process: a command line on this machine.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace mailinabox {

// Runs the command line `words` (without the program's name), as the user that this process has. Results go to the
// descriptor `output`, progress and messages to `errors`, and so do errors, which are not thrown. If the output cannot
// be written, that is said, and is ExitCode::no_space unless the command itself failed; but a reader that has closed
// its pipe wanted no more: nothing is said, and the command's own exit code stands. SIGPIPE must be ignored. Throws
// Interrupted, which has been said then.
ExitCode run_program(const std::vector<std::string>& words, int output, std::ostream& errors);

}  // namespace mailinabox

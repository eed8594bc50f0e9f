// The users' directory of this box, for commands.
#pragma once

#include "box/directory/directory.hpp"
#include "cli/environment.hpp"

namespace mailinabox {

// Where the directory is and which host name it serves is what setup has kept. Throws Error where setup has not run,
// or (to change) where the user is not root.
Directory open_directory(const Environment& environment, Directory::Access access);

// The report's lines, on standard output.
void print_report(Environment& environment, const DirectoryReport& report);

// A new password: from standard input with `from_input` or where there is no terminal (its first line), else typed
// twice without being shown. Never from the command line, where every process could read it.
Secret new_password(Environment& environment, const std::string& email, bool from_input);

}  // namespace mailinabox

// Recipes checked without a machine: for every platform, with answers and facts that switch every condition both ways.
#pragma once

#include <string>
#include <vector>

#include "cli/environment.hpp"

namespace mailinabox {

// Prints each error once, with file:line:column, and a last line. ExitCode::failed where there was one.
ExitCode lint(Environment& environment, const std::vector<std::string>& files);

}  // namespace mailinabox

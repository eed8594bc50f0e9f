// Whether this machine can become a box, before any question is asked.
#pragma once

#include <string>

#include "cli/environment.hpp"

namespace mailinabox {

// Throws Error: ExitCode::unsuitable where the user is not root, the distribution has no platform file or there is too
// little memory; ExitCode::no_space where a first run would not fit. Warnings go to `errors`. Returns the platform's
// name.
std::string preflight(Environment& environment);

// The part that every command needs which reads or changes the whole machine.
void require_root(const Environment& environment, const std::string& command);
std::string require_platform(const Environment& environment);

}  // namespace mailinabox

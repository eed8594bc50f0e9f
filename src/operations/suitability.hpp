// Whether this machine can become a box, found out before any question is asked.
#pragma once

#include <string>
#include <vector>

#include "operations/box.hpp"

namespace mailinabox {

// The platform's name, such as "debian-12". Throws Error (ExitCode::unsuitable) if the distribution has no platform
// file or the processor is not supported.
std::string require_platform(const Box& box);

// Whether setup may run. Throws Error: ExitCode::unsuitable if the user is not root, as require_platform() and
// require_whole_release() do, or if there is too little memory; ExitCode::no_space if a run would not fit. Returns
// warnings, whole sentences.
std::vector<std::string> require_suitable(const Box& box);

}  // namespace mailinabox

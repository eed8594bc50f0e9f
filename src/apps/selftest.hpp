#pragma once

#include "cli/selftest.hpp"

namespace mailinabox {

// Uses every library that the program is linked to, and what the C library looks up in files of the machine.
std::vector<SelfTestStep> self_test(const SelfTestOptions& options);

}  // namespace mailinabox

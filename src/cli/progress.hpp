// A run as it goes, on standard error: a line that moves on a terminal, plain lines elsewhere.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "cli/console.hpp"
#include "engine/report.hpp"

namespace mailinabox {

// `plain`: lines, also on a terminal (with --json).
std::unique_ptr<Reporter> make_progress(const Clock& clock, Console& console, bool plain);

}  // namespace mailinabox

// A run as it goes, on standard error: a line that moves on a terminal, plain lines elsewhere.
#pragma once

#include <memory>

#include "cli/environment.hpp"
#include "engine/report.hpp"

namespace mailinabox {

enum class ProgressStyle : std::uint8_t { terminal, plain };

std::unique_ptr<Reporter> make_progress(Environment& environment, ProgressStyle style);

}  // namespace mailinabox

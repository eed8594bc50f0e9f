// Texts for a YAML file that the original reads too. It follows YAML 1.1, where off, 12, 1:30 and 2026-11-23 are texts
// only in quotes.
#pragma once

#include <string>
#include <string_view>

namespace mailinabox {

// The text (UTF-8) as a scalar on one line, in quotes if it needs them.
std::string yaml_text(std::string_view text);

}  // namespace mailinabox

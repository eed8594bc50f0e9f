// Text in UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mailinabox {

bool valid_utf8(std::string_view text);

// True if a line of text may have all its code points: none is a control character, a tab or a line end. False for what
// is not UTF-8.
bool printable_utf8(std::string_view text);

// The code points. A byte that is not UTF-8 is one.
std::size_t characters_in(std::string_view text);

// The text, or as much of its beginning as `bytes` hold, and "…" behind it; no character is cut in two.
std::string shortened(std::string_view text, std::size_t bytes);

// The columns that a line takes on a terminal: two for East Asian wide letters and pictures, none for marks that stand
// on the letter before. A byte that is not UTF-8 takes one.
std::size_t display_width(std::string_view line);

// The line, or if it takes more than `columns`, its beginning and `ellipsis`, together at most that wide.
std::string fitted(std::string_view line, std::size_t columns, std::string_view ellipsis);

}  // namespace mailinabox

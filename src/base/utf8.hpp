// Text in UTF-8 (RFC 3629).
#pragma once

#include <string_view>

namespace mailinabox {

// True if a line of text may have all its code points: none is a control character, a tab or a line end. False for what
// is not UTF-8.
bool printable_utf8(std::string_view text);

}  // namespace mailinabox

// For code that writes long JSON without a tree (base/json.hpp).
#pragma once

#include <string_view>

namespace mailinabox {

// Whether JSON has the text as it is between quotes: printable ASCII without quotes and backslashes.
bool is_plain_in_json(std::string_view text);

}  // namespace mailinabox

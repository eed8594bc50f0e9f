// Bytes as text: hexadecimal and base64 (RFC 4648).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mailinabox {

// Two digits a byte, in lower case.
std::string to_hex(std::string_view bytes);

// In one line, padded with "=".
std::string to_base64(std::string_view bytes);

// The bytes of a padded base64 text; nothing if it has any other character (a blank, a line end) or a wrong length.
// "" gives no bytes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace mailinabox

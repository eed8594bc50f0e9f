// Hexadecimal, base64 (RFC 4648) and percent signs (RFC 3986).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mailinabox {

// Two lower-case digits per byte.
std::string to_hex(std::string_view bytes);

// The bytes; std::nullopt for another character or an odd number of digits. Both cases of letters are digits.
std::optional<std::string> from_hex(std::string_view digits);

// One line, padded with "=".
std::string to_base64(std::string_view bytes);

// The alphabet for addresses and headers ("-" and "_" for "+" and "/"), without padding.
std::string to_base64url(std::string_view bytes);

// Decodes padded base64; std::nullopt if the text has any other character (a blank, a line end) or the wrong length.
// "" decodes to no bytes.
std::optional<std::string> from_base64(std::string_view text);

// Every byte but letters, digits and _ . - ~ as %XX: a domain name as the name of its file or folder, "%2A.example.com"
// for a wildcard.
std::string percent_encoded(std::string_view name);

}  // namespace mailinabox

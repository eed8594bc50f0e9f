// Netstrings: a text preceded by its length, "5:hello,". Postfix's socketmap protocol uses them (socketmap_table(5)).
#pragma once

#include <istream>
#include <optional>
#include <string>
#include <string_view>

namespace mailinabox {

std::string netstring(std::string_view text);

// Reads the next netstring. std::nullopt at the end of the stream, and if the input is not a netstring or is longer
// than `longest`; the rest of the stream is unusable then.
std::optional<std::string> read_netstring(std::istream& input, std::size_t longest = 100'000);

}  // namespace mailinabox

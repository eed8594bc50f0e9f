// Netstrings: a text with its length before it, "5:hello,". Postfix's socketmaps are spoken in them
// (socketmap_table(5)).
#pragma once

#include <istream>
#include <optional>
#include <string>
#include <string_view>

namespace mailinabox {

std::string netstring(std::string_view text);

// The next one of the stream; nothing at its end, and where what comes is none or is longer than `longest`: the rest of
// such a stream cannot be understood either.
std::optional<std::string> read_netstring(std::istream& input, std::size_t longest = 100'000);

}  // namespace mailinabox

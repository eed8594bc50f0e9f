// The entries of _secondary_nameserver: "ns2.example.net", "xfr:192.0.2.7", "xfr:2001:db8::/32".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

inline constexpr std::string_view k_secondary_key = "_secondary_nameserver";
inline constexpr std::string_view k_transfer_prefix = "xfr:";

// Parts between blanks and commas.
std::vector<std::string> split_secondary_entries(std::string_view text);

// Adds it where it is not there yet: a zone must not name a server twice.
void add_secondary_entry(std::vector<std::string>& entries, std::string entry);

// The entry in its canonical form, or Error with the sentence of the original.
std::string checked_secondary_entry(const std::string& entry);

// As a file may have it: a host name behind "xfr:", too.
std::string checked_secondary_entry_of_file(const std::string& entry);

}  // namespace mailinabox

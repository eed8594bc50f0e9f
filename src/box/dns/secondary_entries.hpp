// The entries of _secondary_nameserver: "ns2.example.net", "xfr:192.0.2.7", "xfr:2001:db8::/32".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

inline constexpr std::string_view k_secondary_key = "_secondary_nameserver";
inline constexpr std::string_view k_transfer_prefix = "xfr:";

// The parts between blanks and commas.
std::vector<std::string> split_secondary_entries(std::string_view text);

// Adds it unless it is already there: a zone must not name a server twice.
void add_secondary_entry(std::vector<std::string>& entries, std::string entry);

// The entry in its canonical form. Throws Error with the original's sentence.
std::string checked_secondary_entry(const std::string& entry);

// The same for entries of a file, which may also have a host name after "xfr:".
std::string checked_secondary_entry_of_file(const std::string& entry);

}  // namespace mailinabox

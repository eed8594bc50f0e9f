// Checks names and values of custom records. Errors have the sentences that clients of the original know; where it
// accepted values that break a zone, "Invalid value." is followed by the expected form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mailinabox {

// In lower case, labels outside ASCII in their IDNA form, no final dot. Labels that cannot be converted stay.
std::string canonical_name(std::string_view name);

// True for two to 127 labels of letters, digits, "-" and "_", the first may be "*"; at most 253 characters. REQUIRES
// the canonical form.
bool valid_record_name(std::string_view name);

// True if two texts are the same address, in any spelling.
bool same_address(std::string_view left, std::string_view right);

// True for "192.0.2.7", "2001:db8::/32": no bits may be set after the prefix.
bool valid_address_or_network(std::string_view text);

enum class TargetNames : std::uint8_t {
  complete,    // names in values are full names: a missing final dot is added
  as_written,  // as in a zone file: without a final dot they are relative to the zone
};

// The value as in a zone file (TXT without quotes, addresses possibly "local"). Throws Error with the rule that it
// breaks.
std::string checked_value(const std::string& type, std::string_view value, TargetNames names);

}  // namespace mailinabox

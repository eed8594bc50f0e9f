// What a custom record may look like: names, and values by type. The sentences of refusals that clients of the original
// know are kept; where it accepted what breaks a zone, the sentence is followed by what is expected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mailinabox {

// Lower case, labels outside ASCII in their IDNA form, no final dot. What cannot be converted stays as it is.
std::string canonical_name(std::string_view name);

// A name that a record may have: two to 127 labels of letters, digits, "-" and "_", the first may be "*"; at most 253
// characters. Expects the canonical form.
bool valid_record_name(std::string_view name);

// Two addresses that are equal, however they are written.
bool same_address(std::string_view left, std::string_view right);

// "192.0.2.7", "2001:db8::/32": no bits behind the prefix.
bool valid_address_or_network(std::string_view text);

enum class TargetNames : std::uint8_t {
  complete,    // names in values are full ones: a final dot that is missing is added
  as_written,  // as in a zone file: without a final dot they count from the zone's name
};

// The value as it goes into a zone file (TXT without quotes, addresses perhaps "local"), or Error with the rule that
// it breaks.
std::string checked_value(const std::string& type, std::string_view value, TargetNames names);

}  // namespace mailinabox

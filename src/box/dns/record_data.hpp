// Checks names and values of custom records. Errors have the sentences that clients of the original know; where it
// accepted values that break a zone, "Invalid value." is followed by the expected form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
  complete,    // as typed: names in values are full names, to which a missing final dot is added
  as_written,  // as in custom.yaml: names without a final dot are relative to the zone
};

// A name in a value, with its final dot if it is complete; "" if it is invalid.
std::string target_name(std::string_view text, TargetNames names);

// The value as custom.yaml has it: as in a zone file, but TXT without quotes and escapes, addresses possibly "local". A
// typed TXT value that begins with a quote is in the form of a zone file, and its texts are joined. Throws Error with
// the rule that the value breaks.
std::string checked_value(const std::string& type, std::string_view value, TargetNames names);

// The types that custom records may have, in alphabetical order.
std::vector<std::string> record_types();

// A value of a zone as checked_value() takes it when it is typed: TXT in quotes only if it would not be taken as it is.
std::string typed_form(const std::string& type, std::string value);

}  // namespace mailinabox

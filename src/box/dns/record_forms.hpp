// The forms of values of the record types whose data is a row of fields.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "box/dns/record_data.hpp"

namespace mailinabox {

enum class DataField : std::uint8_t {
  none,
  number_8,      // 0 to 255
  number_16,     // 0 to 65535
  host,          // a name
  host_or_root,  // a name or "."
  text,          // one text, in quotes or without blanks
  hexadecimal,   // the rest: digits of whole bytes
  base64,        // the rest
  parameters,    // the rest: RFC 9460 section 2.1
  location,      // the rest: RFC 1876 section 3
};

struct RecordForm {
  std::string_view type;
  std::array<DataField, 6> fields;
  std::string_view expected;  // a sentence for people
};

std::span<const RecordForm> record_forms();

// Null for a type that is not in the table.
const RecordForm* record_form(std::string_view type);

// The value with its fields checked, one blank between them. Throws Error with what is expected.
std::string checked_fields(const RecordForm& form, std::string_view value, TargetNames names);

// A value of custom.yaml with the names in it complete, as everyone else has to see it. `zone` has no final dot.
std::string complete_value(const std::string& type, const std::string& value, const std::string& zone);

}  // namespace mailinabox

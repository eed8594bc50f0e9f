// Declared structs (declaration.hpp) as JSON text and back without a tree in between: for what the helper says, which
// may be long and is as it should be. What strangers send is read by json_form.hpp.
#pragma once

#include <string>
#include <string_view>

#include "messages/declaration.hpp"

namespace mailinabox {

// Of a value with this shape; json_text(json_of(value), -1). The functions below are the same for types that are known.
std::string json_text_of(const Shape& shape, const void* value);
// What json_text_of() has made. Members that are not known are left out. Throws Error for anything else. The value is
// an empty one.
void read_trusted_text(const Shape& shape, void* value, std::string_view text);

template <DeclaresMembers Type>
std::string json_text_of(const Type& value) {
  return json_text_of(shape_of<Type>(), &value);
}

template <DeclaresMembers Type>
Type read_trusted_text(std::string_view text) {
  Type value{};
  read_trusted_text(shape_of<Type>(), &value, text);
  return value;
}

}  // namespace mailinabox

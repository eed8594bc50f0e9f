// Declared structs (declaration.hpp) as JSON, and back. What is read is checked: unknown members, other types, missing
// ones, texts that are too long, not UTF-8 or with control characters throw MemberError.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "messages/declaration.hpp"

namespace mailinabox {

// A member that cannot be used; `member` is its path: "email", "privileges[2]".
class MemberError : public Error {
 public:
  MemberError(std::string member, const std::string& reason)
      : Error((member.empty() ? std::string("This") : member) + " " + reason), member_(std::move(member)) {}
  const std::string& member() const { return member_; }

 private:
  std::string member_;
};

// Throws MemberError: longer than the rule says, not UTF-8, control characters.
void require_text(std::string_view text, const TextRule& rule, const std::string& member);

// Whose JSON is read: a stranger's is checked; of what the helper says, texts may be anything and of any length, and
// members that are not known are left out.
enum class Source : std::uint8_t { stranger, helper };

// Of a value with this shape. The functions below are the same for types that are known.
Json json_of(const Shape& shape, const void* value);
// Throws MemberError. The value is an empty one.
void read_json(const Shape& shape, void* value, const Json& json, Source source);
ErasedValue read_json(const Shape& structure, const Json& json);

template <DeclaresMembers Type>
Json json_of(const Type& value) {
  return json_of(shape_of<Type>(), &value);
}

template <DeclaresMembers Type>
Type read_json(const Json& json) {
  Type value{};
  read_json(shape_of<Type>(), &value, json, Source::stranger);
  return value;
}

template <DeclaresMembers Type>
Type read_trusted_json(const Json& json) {
  Type value{};
  read_json(shape_of<Type>(), &value, json, Source::helper);
  return value;
}

}  // namespace mailinabox

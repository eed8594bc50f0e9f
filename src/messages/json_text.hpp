// Declared structs (declaration.hpp) as JSON text and back without a tree in between: for what the helper says, which
// may be long and is as it should be. What strangers send is read by json_form.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "messages/json_form.hpp"

namespace mailinabox {

namespace json_form {

void append_text(std::string_view text, std::string& json);
void append_number(std::int64_t number, std::string& json);

template <typename Type>
void append(const Type& value, std::string& json);

template <typename Type>
void append_members(const Type& value, std::string& json) {
  char before = '{';
  for_each_member<Type>([&](const auto& member) {
    const auto& part = value.*member.pointer;
    if constexpr (IsOptional<std::decay_t<decltype(part)>>::value) {
      if (!part && member.presence == Presence::optional) return;
    }
    json += std::exchange(before, ',');
    append_text(member.name, json);
    json += ':';
    append(part, json);
  });
  json += before == '{' ? "{}" : "}";
}

template <typename Item>
void append_items(const std::vector<Item>& items, std::string& json) {
  char before = '[';
  for (const Item& item : items) {
    json += std::exchange(before, ',');
    append(item, json);
  }
  json += before == '[' ? "[]" : "]";
}

// What write() makes, as text.
template <typename Type>
void append(const Type& value, std::string& json) {
  if constexpr (IsOptional<Type>::value) {
    if (value) {
      append(*value, json);
    } else {
      json += "null";
    }
  } else if constexpr (IsList<Type>::value) {
    append_items(value, json);
  } else if constexpr (std::is_same_v<Type, Secret>) {
    append_text(value.reveal(), json);
  } else if constexpr (DeclaresMembers<Type>) {
    append_members(value, json);
  } else if constexpr (std::is_same_v<Type, std::string>) {
    append_text(value, json);
  } else if constexpr (std::is_same_v<Type, bool>) {
    json += value ? "true" : "false";
  } else if constexpr (std::is_same_v<Type, Json>) {
    json += json_text(value, -1);
  } else {
    append_number(static_cast<std::int64_t>(value), json);
  }
}

// Goes through a text from value to value. Throws Error where it is not JSON of the kind that is expected.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  std::string text();
  std::int64_t number();
  bool truth();
  bool take_null();          // false, and nothing taken, if something else follows
  std::string_view value();  // any, as text
  void end();                // nothing follows

  // visit() for each item, which it takes.
  template <typename Visit>
  void items(Visit visit) {
    expect('[');
    if (take(']')) return;
    do {
      visit();
    } while (take(','));
    expect(']');
  }

  // visit(name) for each member, whose value it takes.
  template <typename Visit>
  void members(Visit visit) {
    expect('{');
    if (take('}')) return;
    do {
      const std::string_view name = raw_text();
      expect(':');
      visit(name);
    } while (take(','));
    expect('}');
  }

 private:
  void skip_blanks();
  bool take(char c);  // after blanks
  void expect(char c);
  std::string_view raw_text();  // between the quotes
  [[noreturn]] void refuse() const;

  std::string_view text_;
  std::size_t at_ = 0;
};

template <typename Type>
void take(Cursor& cursor, Type& value);

template <typename Type>
void take_members(Cursor& cursor, Type& value) {
  std::size_t missing = 0;
  for_each_member<Type>([&](const auto& member) { missing += member.presence == Presence::required ? 1 : 0; });
  cursor.members([&](std::string_view name) {
    bool known = false;
    for_each_member<Type>([&](const auto& member) {
      if (known || name != member.name) return;
      known = true;
      take(cursor, value.*member.pointer);
      missing -= member.presence == Presence::required ? 1 : 0;
    });
    if (!known) static_cast<void>(cursor.value());
  });
  if (missing > 0) throw MemberError("", "has not all members.");
}

template <typename Type>
void take(Cursor& cursor, Type& value) {
  if constexpr (IsOptional<Type>::value) {
    if (!cursor.take_null()) take(cursor, value.emplace());
  } else if constexpr (IsList<Type>::value) {
    cursor.items([&] { take(cursor, value.emplace_back()); });
  } else if constexpr (std::is_same_v<Type, Secret>) {
    value = Secret(cursor.text());
  } else if constexpr (std::is_same_v<Type, std::string>) {
    value = cursor.text();
  } else if constexpr (std::is_same_v<Type, bool>) {
    value = cursor.truth();
  } else if constexpr (std::is_same_v<Type, Json>) {
    value = parse_json(cursor.value(), "The reply");
  } else if constexpr (DeclaresMembers<Type>) {
    take_members(cursor, value);
  } else {
    value = static_cast<Type>(cursor.number());
  }
}

}  // namespace json_form

// json_text(json_of(value), -1).
template <DeclaresMembers Type>
std::string json_text_of(const Type& value) {
  std::string json;
  json_form::append(value, json);
  return json;
}

// What json_text_of() has made. Members that are not known are left out. Throws Error for anything else.
template <DeclaresMembers Type>
Type read_trusted_text(std::string_view text) {
  Type value{};
  json_form::Cursor cursor(text);
  json_form::take(cursor, value);
  cursor.end();
  return value;
}

}  // namespace mailinabox

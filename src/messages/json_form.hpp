// Declared structs (declaration.hpp) as JSON, and back. What is read is checked: unknown members, other types, missing
// ones, texts that are too long, not UTF-8 or with control characters throw MemberError.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
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

namespace json_form {

template <typename Type>
struct IsList : std::false_type {};
template <typename Item>
struct IsList<std::vector<Item>> : std::true_type {};
template <typename Type>
struct IsOptional : std::false_type {};
template <typename Item>
struct IsOptional<std::optional<Item>> : std::true_type {};

inline constexpr std::size_t k_most_items = 10'000;

template <typename Type>
Json write(const Type& value);

template <typename Type>
void write_members(const Type& value, Json& object) {
  for_each_member<Type>([&](const auto& member) {
    const auto& part = value.*member.pointer;
    using Part = std::decay_t<decltype(part)>;
    if constexpr (IsOptional<Part>::value) {
      if (!part && member.presence == Presence::optional) return;
    }
    object[member.name] = write(part);
  });
}

template <typename Type>
Json write(const Type& value) {
  if constexpr (IsOptional<Type>::value) {
    return value ? write(*value) : Json();
  } else if constexpr (IsList<Type>::value) {
    Json list = Json::array();
    for (const auto& item : value) list.push_back(write(item));
    return list;
  } else if constexpr (std::is_same_v<Type, Secret>) {
    return Json(value.reveal());
  } else if constexpr (DeclaresMembers<Type>) {
    Json object = Json::object();
    write_members(value, object);
    return object;
  } else {
    return Json(value);
  }
}

// How what is read is checked.
struct Reading {
  TextRule rule{};
  bool strict = true;
};

template <typename Type>
void read(const Json& json, Type& value, const Reading& reading, const std::string& path);

std::string read_text(const Json& json, const Reading& reading, const std::string& path);
bool read_truth(const Json& json, const std::string& path);
std::int64_t read_number(const Json& json, const std::string& path);
void require_object(const Json& json, const std::string& path);
void require_list(const Json& json, const std::string& path);
void require_known(const Json& json, const std::vector<std::string>& names, const std::string& path);
std::string joined_path(const std::string& path, const char* name);

template <typename Type>
void read_members(const Json& json, Type& value, bool strict, const std::string& path) {
  require_object(json, path);
  std::vector<std::string> names;
  for_each_member<Type>([&](const auto& member) {
    names.emplace_back(member.name);
    const std::string inner = joined_path(path, member.name);
    const auto found = json.find(member.name);
    using Part = std::decay_t<decltype(value.*member.pointer)>;
    constexpr bool k_may_be_null = IsOptional<Part>::value || std::is_same_v<Part, Json>;
    if (found == json.end() || (found->is_null() && !k_may_be_null)) {
      if (member.presence == Presence::required) throw MemberError(inner, "is missing.");
      return;
    }
    read(*found, value.*member.pointer, Reading{member.rule, strict}, inner);
  });
  if (strict) require_known(json, names, path);
}

template <typename Type>
void read(const Json& json, Type& value, const Reading& reading, const std::string& path) {
  if constexpr (IsOptional<Type>::value) {
    if (json.is_null()) {
      value.reset();
      return;
    }
    value.emplace();
    read(json, *value, reading, path);
  } else if constexpr (IsList<Type>::value) {
    require_list(json, path);
    value.clear();
    for (const Json& item : json) {
      value.emplace_back();
      read(item, value.back(), reading, path + "[" + std::to_string(value.size() - 1) + "]");
    }
  } else if constexpr (std::is_same_v<Type, Secret>) {
    value = Secret(read_text(json, reading, path));
  } else if constexpr (std::is_same_v<Type, std::string>) {
    value = read_text(json, reading, path);
  } else if constexpr (std::is_same_v<Type, bool>) {
    value = read_truth(json, path);
  } else if constexpr (std::is_same_v<Type, Json>) {
    value = json;
  } else if constexpr (DeclaresMembers<Type>) {
    read_members(json, value, reading.strict, path);
  } else {
    value = static_cast<Type>(read_number(json, path));
  }
}

}  // namespace json_form

template <DeclaresMembers Type>
Json json_of(const Type& value) {
  return json_form::write(value);
}

// Throws MemberError.
template <DeclaresMembers Type>
Type read_json(const Json& json) {
  Type value{};
  json_form::read_members(json, value, true, "");
  return value;
}

// Of what the helper says, whose texts may be anything and of any length.
template <DeclaresMembers Type>
Type read_trusted_json(const Json& json) {
  Type value{};
  json_form::read_members(json, value, false, "");
  return value;
}

}  // namespace mailinabox

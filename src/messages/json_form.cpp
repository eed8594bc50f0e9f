#include "messages/json_form.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_most_items = 10'000;

// ---- Writing --------------------------------------------------------------------------------------------------------

Json structure_json(const Shape& shape, const void* value) {
  Json object = Json::object();
  for (const Member& member : shape.members) {
    const void* part = member.in(value);
    const bool none = member.shape->kind == Shape::Kind::optional && member.shape->value(part) == nullptr;
    if (none && member.presence == Presence::optional) continue;
    object[member.name] = json_of(*member.shape, part);
  }
  return object;
}

Json list_json(const Shape& shape, const void* value) {
  Json list = Json::array();
  const auto* item = static_cast<const std::byte*>(shape.first(value));
  for (std::size_t left = shape.size(value); left > 0; --left, item += shape.item_size)
    list.push_back(json_of(*shape.item, item));
  return list;
}

// ---- Reading --------------------------------------------------------------------------------------------------------

std::string joined_path(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

std::int64_t number_in(const Json& json, const std::string& path) {
  if (!json.is_number_integer()) throw MemberError(path, "must be a whole number.");
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    throw MemberError(path, "is too large.");
  return json.get<std::int64_t>();
}

void require_known(const Json& json, const Shape& shape, const std::string& path) {
  for (const auto& [name, value] : json.items()) {
    if (shape.member(name) != nullptr) continue;
    std::vector<std::string> names;
    for (const Member& member : shape.members) names.emplace_back(member.name);
    const std::string near = nearest_spelling(name, names);
    throw MemberError(joined_path(path, shortened(name, 100)),
                      "is not known here." + (near.empty() ? "" : " Is " + near + " meant?"));
  }
}

class Reader {
 public:
  explicit Reader(Source source) : strict_(source == Source::stranger) {}

  void read(const Shape& shape, void* value, const Json& json, const TextRule& rule, const std::string& path) const {
    switch (shape.kind) {
      case Shape::Kind::text:
        *static_cast<std::string*>(value) = text_in(json, rule, path);
        return;
      case Shape::Kind::secret:
        *static_cast<Secret*>(value) = Secret(text_in(json, rule, path));
        return;
      case Shape::Kind::truth:
        if (!json.is_boolean()) throw MemberError(path, "must be true or false.");
        *static_cast<bool*>(value) = json.get<bool>();
        return;
      case Shape::Kind::number:
        shape.set_number(value, number_in(json, path));
        return;
      case Shape::Kind::tree:
        *static_cast<Json*>(value) = json;
        return;
      case Shape::Kind::optional:
        shape.clear(value);
        if (!json.is_null()) read(*shape.item, shape.add(value), json, rule, path);
        return;
      case Shape::Kind::list:
        read_items(shape, value, json, rule, path);
        return;
      case Shape::Kind::structure:
        read_members(shape, value, json, path);
        return;
    }
  }

 private:
  std::string text_in(const Json& json, const TextRule& rule, const std::string& path) const {
    if (!json.is_string()) throw MemberError(path, "must be a text.");
    std::string text = json.get<std::string>();
    if (strict_) require_text(text, rule, path);
    return text;
  }

  void read_items(const Shape& shape, void* value, const Json& json, const TextRule& rule,
                  const std::string& path) const {
    if (!json.is_array()) throw MemberError(path, "must be a list.");
    if (json.size() > k_most_items) {
      throw MemberError(path, "has more than the " + std::to_string(k_most_items) + " items that it may have.");
    }
    shape.clear(value);
    std::size_t number = 0;
    for (const Json& item : json)
      read(*shape.item, shape.add(value), item, rule, path + "[" + std::to_string(number++) + "]");
  }

  void read_members(const Shape& shape, void* value, const Json& json, const std::string& path) const {
    if (!json.is_object()) throw MemberError(path, "must be an object.");
    for (const Member& member : shape.members) {
      const std::string inner = joined_path(path, member.name);
      const auto found = json.find(member.name);
      const bool may_be_null = member.shape->kind == Shape::Kind::optional || member.shape->kind == Shape::Kind::tree;
      if (found == json.end() || (found->is_null() && !may_be_null)) {
        if (member.presence == Presence::required) throw MemberError(inner, "is missing.");
        continue;
      }
      read(*member.shape, member.in(value), *found, member.rule, inner);
    }
    if (strict_) require_known(json, shape, path);
  }

  bool strict_;
};

}  // namespace

void require_text(std::string_view text, const TextRule& rule, const std::string& member) {
  if (text.size() > rule.most) {
    throw MemberError(member, "is longer than the " + std::to_string(rule.most) + " bytes that it may have.");
  }
  std::string line(text);
  if (rule.lines)
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  if (!printable_utf8(line)) throw MemberError(member, "must be UTF-8 without control characters.");
}

Json json_of(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Shape::Kind::text:
      return *static_cast<const std::string*>(value);
    case Shape::Kind::secret:
      return static_cast<const Secret*>(value)->reveal();
    case Shape::Kind::truth:
      return *static_cast<const bool*>(value);
    case Shape::Kind::number:
      return shape.number(value);
    case Shape::Kind::tree:
      return *static_cast<const Json*>(value);
    case Shape::Kind::optional: {
      const void* inner = shape.value(value);
      return inner == nullptr ? Json() : json_of(*shape.item, inner);
    }
    case Shape::Kind::list:
      return list_json(shape, value);
    case Shape::Kind::structure:
      return structure_json(shape, value);
  }
  return {};
}

void read_json(const Shape& shape, void* value, const Json& json, Source source) {
  Reader(source).read(shape, value, json, {}, "");
}

ErasedValue read_json(const Shape& structure, const Json& json) {
  ErasedValue value = structure.create();
  read_json(structure, value.get(), json, Source::stranger);
  return value;
}

}  // namespace mailinabox

#include <algorithm>

#include "base/error.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

#define KIND(name) Kind name##_kind();
#include "resources/kinds.def"
#undef KIND

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
#define KIND(name) name##_kind(),
#include "resources/kinds.def"
#undef KIND
  };
  return all;
}

const Kind* find_kind(std::string_view name) {
  const auto& all = kinds();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Kind& kind) { return kind.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const Field* Fields::find(std::string_view name) const {
  const auto found = fields_.find(name);
  return found == fields_.end() ? nullptr : &found->second;
}

Position Fields::where(std::string_view name) const {
  const Field* field = find(name);
  return field ? field->where : where_;
}

std::string Fields::string(std::string_view name, std::string_view fallback) const {
  const Field* field = find(name);
  return field ? field->value.text() : std::string(fallback);
}

std::int64_t Fields::integer(std::string_view name, std::int64_t fallback) const {
  const Field* field = find(name);
  return field ? field->value.as_integer() : fallback;
}

bool Fields::boolean(std::string_view name, bool fallback) const {
  const Field* field = find(name);
  return field ? field->value.as_bool() : fallback;
}

unsigned Fields::mode(std::string_view name, unsigned fallback) const {
  const Field* field = find(name);
  return field ? static_cast<unsigned>(field->value.as_integer()) : fallback;
}

std::vector<std::string> Fields::strings(std::string_view name) const {
  std::vector<std::string> result;
  if (const Field* field = find(name)) {
    for (const Value& item : field->value.as_list()) result.push_back(item.text());
  }
  return result;
}

std::vector<std::int64_t> Fields::integers(std::string_view name) const {
  std::vector<std::int64_t> result;
  if (const Field* field = find(name)) {
    for (const Value& item : field->value.as_list()) result.push_back(item.as_integer());
  }
  return result;
}

ValueMap Fields::map(std::string_view name) const {
  const Field* field = find(name);
  return field ? field->value.as_map() : ValueMap{};
}

void Fields::refuse(std::string_view name, const std::string& message) const {
  throw RecipeError(where(name), message);
}

}  // namespace mailinabox

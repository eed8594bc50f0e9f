#include "base/value.hpp"

#include "base/error.hpp"

namespace mailinabox {

std::string Value::text() const {
  if (is_null()) return "";
  if (is_bool()) return as_bool() ? "true" : "false";
  if (is_integer()) return std::to_string(as_integer());
  if (is_string()) return as_string();
  throw Error(std::string("expected a text, found a ") + (is_list() ? "list" : "mapping"));
}

bool Value::truthy() const {
  if (is_null()) return false;
  if (is_bool()) return as_bool();
  if (is_integer()) return true;
  if (is_string()) return !as_string().empty();
  if (is_list()) return !as_list().empty();
  return !as_map().empty();
}

const Value* Value::find(std::string_view dotted_path) const {
  const Value* value = this;
  while (!dotted_path.empty()) {
    const std::size_t dot = dotted_path.find('.');
    if (!value->is_map()) return nullptr;
    const auto found = value->as_map().find(dotted_path.substr(0, dot));
    if (found == value->as_map().end()) return nullptr;
    value = &found->second;
    dotted_path = dot == std::string_view::npos ? std::string_view{} : dotted_path.substr(dot + 1);
  }
  return value;
}

}  // namespace mailinabox

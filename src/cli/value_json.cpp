#include "cli/value_json.hpp"

#include <nlohmann/json.hpp>

namespace mailinabox {

nlohmann::ordered_json value_json(const Value& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_integer()) return value.as_integer();
  if (value.is_string()) return value.as_string();
  if (value.is_list()) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Value& item : value.as_list()) list.push_back(value_json(item));
    return list;
  }
  if (value.is_map()) {
    nlohmann::ordered_json map = nlohmann::ordered_json::object();
    for (const auto& [key, item] : value.as_map()) map[key] = value_json(item);
    return map;
  }
  return nullptr;
}

}  // namespace mailinabox

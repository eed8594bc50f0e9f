#include "cli/value_json.hpp"

#include <nlohmann/json.hpp>

namespace mailinabox {

Json value_json(const Value& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_integer()) return value.as_integer();
  if (value.is_string()) return value.as_string();
  if (value.is_list()) {
    Json list = Json::array();
    for (const Value& item : value.as_list()) list.push_back(value_json(item));
    return list;
  }
  if (value.is_map()) {
    Json map = Json::object();
    for (const auto& [key, item] : value.as_map()) map[key] = value_json(item);
    return map;
  }
  return nullptr;
}

}  // namespace mailinabox

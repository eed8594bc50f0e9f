#include "base/json.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace mailinabox {

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string json_text(const nlohmann::json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

Json parse_json(std::string_view text, std::string_view what) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(std::string(what) + " is not valid JSON: " + error.what());
  }
}

}  // namespace mailinabox

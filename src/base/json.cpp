#include "base/json.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace mailinabox {
namespace {

constexpr int k_deepest_json = 100;
constexpr std::size_t k_longest_reason = 300;

// Of anything that is valid up to there.
bool nested_deeper(std::string_view text, int most) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '[' || c == '{')) {
      if (++depth > most) return true;
    } else if (!quoted && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string json_text(const nlohmann::json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

Json parse_json(std::string_view text, std::string_view what) {
  if (nested_deeper(text, k_deepest_json))
    throw Error(std::string(what) + " is nested deeper than " + std::to_string(k_deepest_json) + " levels.");
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(std::string(what) + " is not valid JSON: " + shortened(error.what(), k_longest_reason));  // it quotes
  }
}

}  // namespace mailinabox

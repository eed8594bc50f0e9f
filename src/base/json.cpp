#include "base/json.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_deepest_json = 100;
constexpr std::size_t k_longest_reason = 300;

// What the parser would not refuse, or only after long work, in a text that is valid otherwise; "" if nothing is.
std::string fault_of(std::string_view text, std::size_t most_members) {
  std::array<std::size_t, k_deepest_json> members{};  // of the list or object at each level
  std::size_t depth = 0;
  bool quoted = false;
  if (text.find('\0') != std::string_view::npos) return "is not valid JSON: it has a NUL.";  // there, the parser stops
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '[' || c == '{')) {
      if (depth == k_deepest_json) return "is nested deeper than " + std::to_string(k_deepest_json) + " levels.";
      members[depth++] = 0;
    } else if (!quoted && (c == ']' || c == '}')) {
      if (depth == 0) return "";
      --depth;
    } else if (!quoted && c == ':' && depth > 0) {
      if (++members[depth - 1] > most_members)
        return "has an object of more than " + std::to_string(most_members) + " members.";
    }
  }
  return "";
}

}  // namespace

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string json_text(const nlohmann::json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

Json parse_json(std::string_view text, std::string_view what, std::size_t most_members) {
  if (const std::string fault = fault_of(text, most_members); !fault.empty())
    throw Error(std::string(what) + " " + fault);
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    const std::string_view reason = error.what();
    // What it has read last may be a secret, or no text at all.
    throw Error(std::string(what) +
                " is not valid JSON: " + shortened(reason.substr(0, reason.find("; last read: ")), k_longest_reason));
  }
}

}  // namespace mailinabox

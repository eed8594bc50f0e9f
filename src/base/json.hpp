// All JSON (RFC 8259) that the program reads or writes goes through here. Code that builds or reads a tree includes
// nlohmann/json.hpp as well.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace mailinabox {

using Json = nlohmann::ordered_json;  // keys stay in the order in which they were added

// Never fails: bytes that are not UTF-8 become U+FFFD. `indent` is the number of spaces per level; a negative one puts
// everything on one line. No newline at the end.
std::string json_text(const Json& json, int indent = 2);

// The same for trees whose keys are sorted.
std::string json_text(const nlohmann::json& json, int indent = 2);

// Throws Error "WHAT is not valid JSON: ", followed by the position and the reason; also for more than 100 levels of
// lists and objects, as trees are copied recursively: what strangers send must not use up the stack.
Json parse_json(std::string_view text, std::string_view what);

}  // namespace mailinabox

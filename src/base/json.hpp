// JSON (RFC 8259): the one door through which it enters and leaves the program. Who builds or reads a tree includes
// nlohmann/json.hpp as well.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace mailinabox {

using Json = nlohmann::ordered_json;  // keys stay in the order in which they were added

// Never fails for what the tree holds: bytes that are not UTF-8 become U+FFFD. `indent` is in spaces for each level;
// a negative one gives a single line. No newline at the end.
std::string json_text(const Json& json, int indent = 2);

// The same for trees whose keys are sorted.
std::string json_text(const nlohmann::json& json, int indent = 2);

// Throws Error, beginning "`what` is not valid JSON: ", with the place and the reason.
Json parse_json(std::string_view text, std::string_view what);

}  // namespace mailinabox

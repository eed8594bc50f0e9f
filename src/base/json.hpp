// All JSON (RFC 8259) that the program reads or writes goes through here. Code that builds or reads a tree includes
// nlohmann/json.hpp as well.
#pragma once

#include <cstddef>
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

inline constexpr std::size_t k_most_json_members = 1000;

// Throws Error "WHAT is not valid JSON: ", followed by the position and the reason; also for more than 100 levels of
// lists and objects, as trees are copied recursively, and for an object of more than `most_members`, as each is
// compared with all before it: what strangers send must use up neither the stack nor the processor.
Json parse_json(std::string_view text, std::string_view what, std::size_t most_members = k_most_json_members);

}  // namespace mailinabox

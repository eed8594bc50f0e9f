#include "messages/json_form.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace mailinabox {

void require_text(std::string_view text, const TextRule& rule, const std::string& member) {
  if (text.size() > rule.most) {
    throw MemberError(member, "is longer than the " + std::to_string(rule.most) + " bytes that it may have.");
  }
  std::string line(text);
  if (rule.lines)
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  if (!printable_utf8(line)) throw MemberError(member, "must be UTF-8 without control characters.");
}

namespace json_form {

std::string joined_path(const std::string& path, const char* name) { return path.empty() ? name : path + "." + name; }

std::string read_text(const Json& json, const Reading& reading, const std::string& path) {
  if (!json.is_string()) throw MemberError(path, "must be a text.");
  std::string text = json.get<std::string>();
  if (reading.strict) require_text(text, reading.rule, path);
  return text;
}

bool read_truth(const Json& json, const std::string& path) {
  if (!json.is_boolean()) throw MemberError(path, "must be true or false.");
  return json.get<bool>();
}

std::int64_t read_number(const Json& json, const std::string& path) {
  if (!json.is_number_integer()) throw MemberError(path, "must be a whole number.");
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    throw MemberError(path, "is too large.");
  return json.get<std::int64_t>();
}

void require_object(const Json& json, const std::string& path) {
  if (!json.is_object()) throw MemberError(path, "must be an object.");
}

void require_list(const Json& json, const std::string& path) {
  if (!json.is_array()) throw MemberError(path, "must be a list.");
  if (json.size() > k_most_items) {
    throw MemberError(path, "has more than the " + std::to_string(k_most_items) + " items that it may have.");
  }
}

void require_known(const Json& json, const std::vector<std::string>& names, const std::string& path) {
  for (const auto& [name, value] : json.items()) {
    if (contains(names, name)) continue;
    const std::string near = nearest_spelling(name, names);
    throw MemberError(joined_path(path, shortened(name, 100).c_str()),
                      "is not known here." + (near.empty() ? "" : " Is " + near + " meant?"));
  }
}

}  // namespace json_form
}  // namespace mailinabox

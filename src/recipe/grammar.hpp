// Checks the outer form of a recipe file: its keys, and the type of each value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/yaml_tree.hpp"

namespace mailinabox {

// One recipe file. A recipe consists of its shipped file and what files in recipes.d add to it.
struct Fragment {
  const YamlDocument* document = nullptr;
  bool local = false;
  std::string name{};
  Position where{};  // of the name
  std::string summary{};
  std::vector<std::pair<std::string, Position>> requires_recipes{};
  // Each is nullptr if the file has no such key.
  const YamlNode* when = nullptr;       // text or list
  const YamlNode* variables = nullptr;  // mapping
  const YamlNode* packages = nullptr;   // list
  const YamlNode* resources = nullptr;  // list
  const YamlNode* services = nullptr;   // mapping
};

// Throws RecipeError. `expected_name` is the name that a shipped file must have; "" for any.
Fragment read_fragment(const YamlDocument& document, bool local, const std::string& expected_name);

// A name of a recipe, variable or loop variable: lower-case letters, digits, - and _, beginning with a letter.
bool is_name(std::string_view text);

// The keys of a mapping, for suggestions.
std::vector<std::string> keys_of(const YamlNode& map);

}  // namespace mailinabox

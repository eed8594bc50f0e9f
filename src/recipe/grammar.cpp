#include "recipe/grammar.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "recipe/errors.hpp"

namespace mailinabox {
namespace {

const std::vector<std::string>& fragment_keys() {
  static const std::vector<std::string> keys = {"recipe",    "summary",  "requires",  "when",
                                                "variables", "packages", "resources", "services"};
  return keys;
}

class FragmentReader {
 public:
  FragmentReader(const YamlDocument& document, bool local) : document_(document) {
    fragment_.document = &document;
    fragment_.local = local;
  }

  Fragment read(const std::string& expected_name) {
    const YamlNode& root = document_.root;
    if (!root.is_map())
      throw RecipeError(document_.at(root),
                        "expected a mapping that begins with `recipe: NAME`, found " + std::string(describe(root)));
    for (std::size_t i = 0; i + 1 < root.children.size(); i += 2) read_key(root.children[i], root.children[i + 1]);
    if (fragment_.name.empty())
      throw RecipeError(document_.at(root), "the key `recipe` is missing; expected `recipe: " +
                                                (expected_name.empty() ? "NAME" : expected_name) + "`");
    if (!expected_name.empty() && fragment_.name != expected_name)
      throw RecipeError(fragment_.where, "the recipe is called \"" + fragment_.name + "\"; expected \"" +
                                             expected_name + "\", the name of its file");
    return std::move(fragment_);
  }

 private:
  void read_key(const YamlNode& key, const YamlNode& value) {
    if (key.text == "recipe") {
      fragment_.name = expect(value, YamlKind::scalar, key).text;
      fragment_.where = document_.at(value);
      if (!is_name(fragment_.name))
        throw RecipeError(document_.at(value), "\"" + fragment_.name +
                                                   "\" cannot be a recipe's name; expected lower-case letters, digits, "
                                                   "- and _, beginning with a letter");
    } else if (key.text == "summary") {
      fragment_.summary = expect(value, YamlKind::scalar, key).text;
    } else if (key.text == "requires") {
      read_requires(value, key);
    } else if (key.text == "when") {
      fragment_.when = &value;
    } else if (key.text == "variables") {
      fragment_.variables = optional(value, YamlKind::map, key);
      check_variables();
    } else if (key.text == "packages") {
      fragment_.packages = optional(value, YamlKind::list, key);
    } else if (key.text == "resources") {
      fragment_.resources = optional(value, YamlKind::list, key);
    } else if (key.text == "services") {
      fragment_.services = optional(value, YamlKind::map, key);
    } else {
      throw RecipeError(document_.at(key), "unknown key \"" + key.text + "\"; a recipe has " +
                                               enumerate(fragment_keys()) + suggestion(key.text, fragment_keys()));
    }
  }

  const YamlNode& expect(const YamlNode& value, YamlKind kind, const YamlNode& key) const {
    if (value.kind == kind) return value;
    YamlNode wanted;
    wanted.kind = kind;
    wanted.text = "x";
    throw RecipeError(document_.at(value), "expected " + std::string(describe(wanted)) + " after `" + key.text +
                                               "`, found " + std::string(describe(value)));
  }

  // A key without a value counts as missing.
  const YamlNode* optional(const YamlNode& value, YamlKind kind, const YamlNode& key) const {
    return value.empty_scalar() ? nullptr : &expect(value, kind, key);
  }

  void read_requires(const YamlNode& value, const YamlNode& key) {
    const YamlNode* list = optional(value, YamlKind::list, key);
    if (list == nullptr) return;
    for (const YamlNode& item : list->children)
      fragment_.requires_recipes.emplace_back(expect(item, YamlKind::scalar, key).text, document_.at(item));
  }

  void check_variables() const {
    if (fragment_.variables == nullptr) return;
    for (std::size_t i = 0; i + 1 < fragment_.variables->children.size(); i += 2) {
      const YamlNode& key = fragment_.variables->children[i];
      if (!is_name(key.text) || key.text.find('-') != std::string::npos)
        throw RecipeError(document_.at(key), "\"" + key.text +
                                                 "\" cannot be a variable's name; expected lower-case letters, digits "
                                                 "and _, beginning with a letter");
    }
  }

  const YamlDocument& document_;
  Fragment fragment_{};
};

}  // namespace

Fragment read_fragment(const YamlDocument& document, bool local, const std::string& expected_name) {
  return FragmentReader(document, local).read(expected_name);
}

bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

std::vector<std::string> keys_of(const YamlNode& map) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) keys.push_back(map.children[i].text);
  return keys;
}

}  // namespace mailinabox

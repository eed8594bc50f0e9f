// One resource as a recipe declares it, its keys matched with its kind's fields; names are not replaced yet.
#pragma once

#include <string_view>
#include <vector>

#include "base/yaml_tree.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

// Fields that every resource has.
struct CommonFields {
  const YamlNode* notify = nullptr;
  const YamlNode* when = nullptr;
  const YamlNode* for_each = nullptr;
  const YamlNode* as = nullptr;
  const YamlNode* sensitive = nullptr;
  const YamlNode* after_services = nullptr;
};

struct DeclaredField {
  const FieldSchema* schema = nullptr;
  const YamlNode* key = nullptr;
  const YamlNode* value = nullptr;
};

struct Declaration {
  const YamlDocument* document = nullptr;
  const Kind* kind = nullptr;
  Position where{};                // of the kind's key
  const YamlNode* name = nullptr;  // nullptr: the recipe's name (`- firewall: {…}`)
  bool literal_name = false;       // the name is a key of the grammar: names in it are not replaced
  CommonFields common{};
  std::vector<DeclaredField> fields{};
};

// An item of `resources`: `{KIND: NAME, FIELD: …}` or `{KIND: {FIELD: …}}`. Throws RecipeError for an unknown kind or
// field.
Declaration read_resource(const YamlDocument& document, const YamlNode& item);

// An item of `packages`, and an entry of `services`.
Declaration read_package(const YamlDocument& document, const YamlNode& item);
Declaration read_service(const YamlDocument& document, const YamlNode& name, const YamlNode& fields);

// The schemas of the common fields, for the JSON Schema and messages.
const std::vector<FieldSchema>& common_fields();

}  // namespace mailinabox

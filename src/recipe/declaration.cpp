#include "recipe/declaration.hpp"

#include <algorithm>
#include <stdexcept>

#include "recipe/errors.hpp"

namespace mailinabox {
namespace {

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const Kind& kind : kinds()) names.emplace_back(kind.name);
  return names;
}

const Kind& known_kind(const YamlDocument& document, const YamlNode& key) {
  const Kind* kind = find_kind(key.text);
  if (kind != nullptr) return *kind;
  throw RecipeError(document.at(key), "unknown kind of resource \"" + key.text +
                                          "\"; the first key of a resource is one of " + enumerate(kind_names()) +
                                          suggestion(key.text, kind_names()));
}

// The kind of a short form; every build has it.
const Kind* required_kind(std::string_view name) {
  const Kind* kind = find_kind(name);
  if (kind == nullptr) throw std::logic_error("no such kind of resource: " + std::string(name));
  return kind;
}

// The member of CommonFields for a common field; nullptr for a field of the kind.
const YamlNode** common_slot(CommonFields& common, std::string_view name) {
  if (name == "notify") return &common.notify;
  if (name == "when") return &common.when;
  if (name == "for_each") return &common.for_each;
  if (name == "as") return &common.as;
  if (name == "sensitive") return &common.sensitive;
  if (name == "after_services") return &common.after_services;
  return nullptr;
}

void unknown_field(const Declaration& declaration, const YamlNode& key) {
  std::vector<std::string> known;
  for (const FieldSchema& field : declaration.kind->fields) known.emplace_back(field.name);
  for (const FieldSchema& field : common_fields()) known.emplace_back(field.name);
  throw RecipeError(declaration.document->at(key), "unknown field \"" + key.text + "\" of " +
                                                       std::string(declaration.kind->name) + "; it has " +
                                                       enumerate(known) + suggestion(key.text, known));
}

void add_field(Declaration& declaration, const YamlNode& key, const YamlNode& value) {
  const auto twice = [&] {
    throw RecipeError(declaration.document->at(key),
                      "\"" + key.text + "\" appears twice in this resource; expected it once");
  };
  if (const YamlNode** slot = common_slot(declaration.common, key.text)) {
    if (*slot != nullptr) twice();
    *slot = &value;
    return;
  }
  const auto& fields = declaration.kind->fields;
  const auto schema =
      std::find_if(fields.begin(), fields.end(), [&](const FieldSchema& field) { return field.name == key.text; });
  if (schema == fields.end()) unknown_field(declaration, key);
  for (const DeclaredField& field : declaration.fields) {
    if (field.schema == &*schema) twice();
  }
  declaration.fields.push_back({&*schema, &key, &value});
}

void add_fields(Declaration& declaration, const YamlNode& map, std::size_t from) {
  for (std::size_t i = from; i + 1 < map.children.size(); i += 2)
    add_field(declaration, map.children[i], map.children[i + 1]);
}

void check_common(const Declaration& declaration) {
  const CommonFields& common = declaration.common;
  if (common.as != nullptr && common.for_each == nullptr)
    throw RecipeError(declaration.document->at(*common.as),
                      "`as` names the items of `for_each`; expected `for_each` beside it");
  if (common.after_services != nullptr && common.notify != nullptr)
    throw RecipeError(
        declaration.document->at(*common.notify),
        "a resource that is applied after the services cannot notify one; leave out `notify` or `after_services`");
}

}  // namespace

const std::vector<FieldSchema>& common_fields() {
  static const std::vector<FieldSchema> fields = {
      {"notify",
       FieldType::strings,
       false,
       "Services that reload or restart if this changes, or command:NAME for a command that then runs.",
       {}},
      {"when",
       FieldType::strings,
       false,
       "Condition: NAME, not NAME, NAME == word or NAME != word; all of a list must hold.",
       {}},
      {"for_each", FieldType::string, false, "Name of a list of the context: one resource for each item.", {}},
      {"as", FieldType::string, false, "The name of the item of for_each; default: item.", {}},
      {"sensitive", FieldType::boolean, false, "The content is never shown, only that it differs.", {}},
      {"after_services",
       FieldType::boolean,
       false,
       "Applied only when its recipe's services are running and listening; notifies nothing.",
       {}},
  };
  return fields;
}

Declaration read_resource(const YamlDocument& document, const YamlNode& item) {
  if (!item.is_map() || item.children.empty())
    throw RecipeError(document.at(item),
                      "expected a resource (`KIND: NAME` and its fields), found " + std::string(describe(item)));
  Declaration declaration;
  declaration.document = &document;
  const YamlNode& key = item.children[0];
  const YamlNode& value = item.children[1];
  declaration.where = document.at(key);
  declaration.kind = &known_kind(document, key);
  if (value.is_map()) {
    add_fields(declaration, value, 0);
  } else if (value.is_scalar() && !value.empty_scalar()) {
    declaration.name = &value;
  } else {
    throw RecipeError(document.at(value), "expected the name of the " + key.text + " (" +
                                              std::string(declaration.kind->name_doc) +
                                              ") or a mapping of its fields, found " + std::string(describe(value)));
  }
  add_fields(declaration, item, 2);
  check_common(declaration);
  return declaration;
}

Declaration read_package(const YamlDocument& document, const YamlNode& item) {
  if (!item.is_scalar() || item.empty_scalar())
    throw RecipeError(document.at(item), "expected the name of a package, found " + std::string(describe(item)));
  Declaration declaration;
  declaration.document = &document;
  declaration.kind = required_kind("package");
  declaration.where = document.at(item);
  declaration.name = &item;
  return declaration;
}

Declaration read_service(const YamlDocument& document, const YamlNode& name, const YamlNode& fields) {
  Declaration declaration;
  declaration.document = &document;
  declaration.kind = required_kind("service");
  declaration.where = document.at(name);
  declaration.name = &name;
  declaration.literal_name = true;
  if (!fields.is_map() && !fields.empty_scalar())
    throw RecipeError(document.at(fields),
                      "expected a mapping with the fields of the service, found " + std::string(describe(fields)));
  add_fields(declaration, fields, 0);
  check_common(declaration);
  return declaration;
}

}  // namespace mailinabox

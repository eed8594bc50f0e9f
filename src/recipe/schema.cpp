#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "recipe/declaration.hpp"
#include "recipe/loader.hpp"
#include "resources/kind.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_name_pattern = "^[a-z][a-z0-9_-]*$";
constexpr const char* k_variable_pattern = "^[a-z][a-z0-9_]*$";

Json reference(const std::string& name) { return {{"$ref", "#/$defs/" + name}}; }

Json any_of(std::initializer_list<Json> schemas) { return {{"anyOf", Json(schemas)}}; }

// A text with a tag may become any value.
Json or_tag(Json schema) { return any_of({std::move(schema), reference("tagged")}); }

Json list_or_one(const std::string& item) {
  return any_of({reference(item), Json{{"type", "array"}, {"items", reference(item)}}});
}

Json type_schema(const FieldSchema& field) {
  switch (field.type) {
    case FieldType::string: {
      if (field.allowed.empty()) return reference("text");
      Json words = Json::array();
      for (const std::string_view word : field.allowed) words.push_back(std::string(word));
      return or_tag({{"enum", words}});
    }
    case FieldType::path:
      return reference("path");
    case FieldType::mode:
      return {{"type", "string"}, {"pattern", "^[0-7]{3,5}$|\\{\\{"}};
    case FieldType::integer:
      return reference("integer");
    case FieldType::boolean:
      return or_tag({{"type", "boolean"}});
    case FieldType::strings:
      return list_or_one("text");
    case FieldType::integers:
      return list_or_one("integer");
    case FieldType::map:
      return reference("texts");
    case FieldType::any:
      return reference("anything");
    case FieldType::template_file:
    case FieldType::source_file:
      return {{"type", "string"}, {"minLength", 1}};
    case FieldType::content:
      return reference("text");
  }
  return true;
}

Json described(Json schema, std::string_view doc) {
  if (schema.is_object() && !doc.empty()) schema["description"] = std::string(doc);
  return schema;
}

void add_common(Json& properties) {
  for (const FieldSchema& field : common_fields()) {
    const bool condition = field.name == "when";
    properties[std::string(field.name)] = described(condition ? reference("condition") : type_schema(field), field.doc);
  }
}

Json fields_of(const Kind& kind) {
  Json properties = Json::object();
  for (const FieldSchema& field : kind.fields)
    properties[std::string(field.name)] = described(type_schema(field), field.doc);
  add_common(properties);
  return properties;
}

// Required fields are not required here, as an override in recipes.d has only what it changes. They are in "x-needed",
// which validators ignore, for the manual.
Json kind_schema(const Kind& kind) {
  Json needed = Json::array();
  for (const FieldSchema& field : kind.fields) {
    if (field.required) needed.push_back(std::string(field.name));
  }
  Json properties = fields_of(kind);
  const FieldSchema name{"", kind.name_type, true, "", {}};
  Json mapping = {{"type", "object"}, {"properties", fields_of(kind)}, {"additionalProperties", false}};
  const std::string key(kind.name);
  properties[key] = described(any_of({type_schema(name), std::move(mapping)}), kind.name_doc);
  return {{"type", "object"},
          {"description", std::string(kind.doc)},
          {"required", Json::array({key})},
          {"x-needed", std::move(needed)},
          {"properties", std::move(properties)},
          {"additionalProperties", false}};
}

Json definitions() {
  Json defs = Json::object();
  defs["text"] = {{"type", Json::array({"string", "number", "boolean", "null"})}};
  defs["tagged"] = {{"type", "string"}, {"pattern", "\\{\\{"}};
  defs["path"] = {{"type", "string"}, {"pattern", "^/.*[^/]$|\\{\\{"}};
  defs["integer"] = any_of({Json{{"type", "integer"}}, Json{{"type", "string"}, {"pattern", "^[+-]?[0-9]+$|\\{\\{"}}});
  defs["texts"] = {{"type", "object"}, {"additionalProperties", any_of({reference("text"), reference("texts")})}};
  defs["anything"] = any_of({reference("text"), Json{{"type", "array"}, {"items", reference("anything")}},
                             Json{{"type", "object"}, {"additionalProperties", reference("anything")}}});
  defs["condition"] =
      described(list_or_one("text"), "NAME, not NAME, NAME == word or NAME != word; all of a list must hold.");
  for (const Kind& kind : kinds()) defs["kind_" + std::string(kind.name)] = kind_schema(kind);
  return defs;
}

Json list_of(Json items) { return {{"type", Json::array({"array", "null"})}, {"items", std::move(items)}}; }

Json map_of(Json values, const char* key_pattern) {
  Json schema = {{"type", Json::array({"object", "null"})}, {"additionalProperties", std::move(values)}};
  if (key_pattern != nullptr) schema["propertyNames"] = {{"pattern", key_pattern}};
  return schema;
}

Json recipe_properties() {
  Json resources = Json::array();
  for (const Kind& kind : kinds()) resources.push_back(reference("kind_" + std::string(kind.name)));
  Json service = map_of(true, nullptr);
  if (const Kind* kind = find_kind("service")) {
    service = {
        {"type", Json::array({"object", "null"})}, {"properties", fields_of(*kind)}, {"additionalProperties", false}};
  }
  const Json name = {{"type", "string"}, {"pattern", k_name_pattern}};
  return {
      {"recipe",
       described(name, "The file's name without .yaml; in recipes.d also the name of a shipped recipe, to add to it.")},
      {"summary", {{"type", "string"}, {"description", "One line: what this part of the box does."}}},
      {"requires", described(list_of(name), "Recipes whose resources come first.")},
      {"when", described(reference("condition"), "If it does not hold, this file is left out.")},
      {"variables", described(map_of(reference("anything"), k_variable_pattern),
                              "Visible as {{RECIPE.NAME}} here and in later recipes.")},
      {"packages", described(list_of(reference("text")), "Short for `- package: NAME` resources.")},
      {"resources", described(list_of({{"anyOf", std::move(resources)}}), "The resources of this part of the box.")},
      {"services", described(map_of(std::move(service), nullptr),
                             "Short for `- service: NAME` resources; they come after the resources.")},
  };
}

}  // namespace

std::string recipe_json_schema() {
  const Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "Recipe of mailinabox"},
                       {"type", "object"},
                       {"required", Json::array({"recipe"})},
                       {"properties", recipe_properties()},
                       {"additionalProperties", false},
                       {"$defs", definitions()}};
  return json_text(schema) + "\n";
}

}  // namespace mailinabox

#include <nlohmann/json.hpp>

#include "os/posix_files.hpp"
#include "os/process_commands.hpp"
#include "recipe/loader.hpp"
#include "resources/kind.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using Json = nlohmann::json;

namespace {

// Every "$ref" leads to a definition.
void check_references(const Json& schema, const Json& root) {
  if (schema.is_object()) {
    const auto reference = schema.find("$ref");
    if (reference != schema.end()) {
      const std::string target = reference->get<std::string>();
      INFO(target);
      REQUIRE(target.rfind("#/", 0) == 0);
      CHECK(root.contains(Json::json_pointer(target.substr(1))));
    }
  }
  if (schema.is_structured()) {
    for (const auto& part : schema) check_references(part, root);
  }
}

// Reads documents as YAML and says for each whether the schema takes it: "true" or "false" and why not.
constexpr const char* k_validator = R"(
import json, sys
try:
    import jsonschema, yaml
except ImportError:
    sys.exit(77)
request = json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(request["schema"])
validator = jsonschema.Draft202012Validator(request["schema"])
for text in request["documents"]:
    error = jsonschema.exceptions.best_match(validator.iter_errors(yaml.safe_load(text)))
    print("true" if error is None else "false " + " ".join(error.message.split())[:300])
for path in request["files"]:
    with open(path, encoding="utf-8") as stream:
        error = jsonschema.exceptions.best_match(validator.iter_errors(yaml.safe_load(stream)))
    print("true" if error is None else f"false {path}: " + " ".join(error.message.split())[:300])
)";

}  // namespace

TEST_CASE("the schema of recipes has every kind with every field, documented") {
  const Json schema = Json::parse(recipe_json_schema());
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  check_references(schema, schema);
  for (const Kind& kind : kinds()) {
    const Json& definition = schema["$defs"]["kind_" + std::string(kind.name)];
    INFO(kind.name);
    CHECK(definition["description"] == std::string(kind.doc));
    CHECK(definition["additionalProperties"] == false);
    for (const FieldSchema& field : kind.fields)
      CHECK(definition["properties"][std::string(field.name)]["description"] == std::string(field.doc));
    CHECK(definition["properties"].contains("notify"));
  }
}

TEST_CASE("the schema takes what the loader takes, shipped recipes included, and refuses what it refuses") {
  const std::vector<std::pair<std::string, bool>> documents = {
      {"recipe: a\n", true},
      {"recipe: a\nresources:\nservices:\n  x:\n", true},
      {"recipe: a\nresources: [{file: /x, content: y, mode: \"0640\", group: mail}]\n", true},
      {"recipe: a\nresources: [{file: \"{{x}}/y\", content: 5, create_only: \"{{z}}\", when: [a, not b]}]\n", true},
      {"recipe: a\nresources: [{file: {content: y}}]\n", true},
      {"recipe: a\nservices: {x: {listens: [25, \"{{y}}\"], on_change: restart}}\n", true},
      {"summary: a\n", false},
      {"recipe: a\nresource: []\n", false},
      {"recipe: A\n", false},
      {"recipe: a\nresources: [{fiel: /x}]\n", false},
      {"recipe: a\nresources: [{file: /x, contnt: y}]\n", false},
      {"recipe: a\nresources: [{file: x, content: y}]\n", false},
      {"recipe: a\nresources: [{file: /x, content: y, mode: 0640}]\n", false},
      {"recipe: a\nresources: [{file: /x, content: [y]}]\n", false},
      {"recipe: a\nresources: [{file: /x, content: y, create_only: maybe}]\n", false},
      {"recipe: a\nservices: {x: {listens: [web]}}\n", false},
      {"recipe: a\nservices: {x: {on_change: reloaded}}\n", false},
      {"recipe: a\npackages: x\n", false},
  };
  Json request = {
      {"schema", Json::parse(recipe_json_schema())}, {"documents", Json::array()}, {"files", Json::array()}};
  for (const auto& [text, valid] : documents) request["documents"].push_back(text);
  PosixFileSystem files;
  const std::string folder = std::string(SOURCE_ROOT) + "/recipes";
  for (const std::string& name : files.list(folder)) {
    if (name.find(".yaml") != std::string::npos) request["files"].push_back(folder + "/" + name);
  }
  ProcessCommands commands;
  Command command;
  command.argv = {"/usr/bin/python3", "-c", k_validator};
  command.input = request.dump();
  const CommandResult result = commands.run(command);
  if (result.exit_code == 77 || result.exit_code == 127) {
    WARN("python3-jsonschema or python3-yaml is not installed: the schema was not tried on recipes");
    return;
  }
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  std::istringstream lines(result.out);
  std::string line;
  for (const auto& [text, valid] : documents) {
    REQUIRE(std::getline(lines, line));
    INFO(text << line);
    CHECK((line == "true") == valid);
  }
  for (const auto& file : request["files"]) {
    INFO(file);
    REQUIRE(std::getline(lines, line));
    CHECK(line == "true");
  }
}

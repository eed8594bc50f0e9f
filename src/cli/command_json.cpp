#include "cli/command_json.hpp"

#include <nlohmann/json.hpp>

#include "cli/libraries.hpp"

namespace mailinabox {
namespace {

class JsonOptions final : public CommandOptions {
 public:
  void flag(const std::string& name, bool& /*value*/, const std::string& doc) override {
    options.push_back({{"option", name}, {"doc", doc}});
  }
  void text(const std::string& name, std::string& /*value*/, const std::string& placeholder,
            const std::string& doc) override {
    options.push_back({{"option", name}, {"value", placeholder}, {"doc", doc}});
  }
  void list(const std::string& name, std::vector<std::string>& /*values*/, const std::string& placeholder,
            const std::string& doc) override {
    options.push_back({{"option", name}, {"value", placeholder}, {"repeatable", true}, {"doc", doc}});
  }
  void argument(const std::string& name, std::string& /*value*/, const std::string& doc, bool required) override {
    taken.push_back({{"argument", name}, {"required", required}, {"doc", doc}});
  }
  void arguments(const std::string& name, std::vector<std::string>& /*values*/, const std::string& doc,
                 bool required) override {
    taken.push_back({{"argument", name}, {"required", required}, {"repeatable", true}, {"doc", doc}});
  }

  Json options = Json::array();
  Json taken = Json::array();
};

Json command_json(const CliCommand& command) {
  JsonOptions declared;
  bool as_json = false;
  command.declare_all(declared, as_json);
  Json keys = Json::array();
  for (const JsonKey& key : command.json) keys.push_back({{"key", key.key}, {"doc", key.doc}, {"always", key.always}});
  return {{"command", command.name},          {"summary", command.summary},  {"details", command.details},
          {"arguments", declared.taken},      {"options", declared.options}, {"examples", command.examples},
          {"exit_codes", command.exit_codes}, {"json", std::move(keys)}};
}

}  // namespace

Json program_json(const std::string& version, bool verbose) {
  Json json = {{"version", version}};
  if (!verbose) return json;
  json["libraries"] = Json::array();
  for (const Library& library : libraries()) {
    json["libraries"].push_back({{"name", library.name}, {"version", library.version}, {"linkage", library.linkage}});
  }
  return json;
}

Json commands_json(const std::vector<CliCommand>& commands, const std::string& below) {
  Json all = Json::array();
  for (const CliCommand& command : commands) {
    if (("mailinabox " + command.name + " ").starts_with(below + " ")) all.push_back(command_json(command));
  }
  return all;
}

}  // namespace mailinabox

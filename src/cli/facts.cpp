#include "facts/facts.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command.hpp"
#include "cli/report_output.hpp"
#include "cli/value_json.hpp"

namespace mailinabox {
namespace {

ExitCode run_facts(Box& box, Console& console) {
  const ValueMap values = gather_facts(box.view());
  if (console.json) {
    print_json(console, value_json(values));
    return ExitCode::ok;
  }
  for (const Fact& fact : facts()) {
    const auto value = values.find(fact.name);
    if (value == values.end()) continue;
    const bool scalar = !value->second.is_list() && !value->second.is_map();
    console.output << fmt::format("{:<22} {}\n{:<22} # {}\n", fact.name,
                                  scalar ? value->second.text() : json_text(value_json(value->second), -1), "",
                                  fact.doc);
  }
  return ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> facts_commands() {
  CliCommand command{.name = "facts", .summary = "Print what was found out about this machine"};
  command.details = "Recipes and templates see each as facts.NAME.";
  command.examples = {"mailinabox facts", "mailinabox facts --json | jq .private_ip"};
  command.json = {{"NAME", "each fact's value, by its name"}};
  command.run = &run_facts;
  return {command};
}

}  // namespace mailinabox

#include "operations/plan.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "cli/migration_text.hpp"
#include "cli/report_output.hpp"

namespace mailinabox {
namespace {

struct PlanOptions {
  std::vector<std::string> only{};
  bool diff = false;
};

ExitCode run_plan(Box& box, Console& console, const PlanOptions& options) {
  const PlanResult result = plan_box(box, Scope::recipes(options.only));
  if (result.first_time) {
    console.errors << "setup has not run yet: this plan is made with the answers it would take without asking.\n";
  }
  if (result.moved) console.errors << move_text(*result.moved);
  if (!result.migrations.empty()) {
    console.errors << migrations_text(result.storage_root, result.storage_version, result.migrations);
  }
  if (console.json) {
    Json json = report_json(result.report, options.diff);
    json["warnings"] = result.warnings;
    if (result.moved) json["moved"] = move_json(*result.moved);
    print_json(console, json);
  } else {
    print_warnings(console, result.warnings);
    console.output << plan_text(result.report, options.diff) << std::flush;
    console.errors << failures_text(result.report);
  }
  if (result.report.failed()) return result.report.exit_code();
  return result.changes() ? ExitCode::changes : ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> plan_commands() {
  const auto options = std::make_shared<PlanOptions>();
  CliCommand command{.name = "plan", .summary = "Say what setup would change, and change nothing"};
  command.details =
      "Changes that stem from /etc/mailinabox/recipes.d are marked (local). After the machine was upgraded to another\n"
      "release of its distribution, changes that stem from that are marked with its name, such as (Debian 13).";
  command.examples = {"sudo mailinabox plan --diff", "sudo mailinabox plan --only postfix",
                      "sudo mailinabox plan --json | jq -r '.changes[].id'"};
  command.exit_codes = {"0   nothing would change",
                        "1   the recipes have an error, or the machine cannot be read",
                        "2   something would change",
                        "3   not this machine: not root, another distribution, packages of two of its releases",
                        "8   answers are wrong",
                        "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.list("--only", options->only, "RECIPE", "Only these recipes and what they require (commas between)");
    line.flag("--diff", options->diff, "Show the lines that differ");
  };
  command.json = report_keys(
      {{"warnings", "sentences"}, {"moved", "if the machine was upgraded since it was last set up: from, to", false}});
  command.run = [options](Box& box, Console& console) { return run_plan(box, console, *options); };
  return {command};
}

}  // namespace mailinabox

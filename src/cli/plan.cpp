#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command.hpp"
#include "cli/context.hpp"
#include "cli/migrate/migration_text.hpp"
#include "cli/models/models.hpp"
#include "cli/report_output.hpp"
#include "cli/resolver.hpp"
#include "cli/setup/decide.hpp"
#include "cli/setup/preflight.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

struct PlanOptions {
  std::vector<std::string> only{};
  bool diff = false;
  bool json = false;
};

ExitCode run_plan(Environment& environment, const PlanOptions& options) {
  require_root(environment, "plan");
  const std::string platform = require_platform(environment);
  if (!answered_before(environment)) {
    environment.errors << "setup has not run yet: this plan is made with the answers it would take without asking.\n";
  }
  const ValueMap facts = gather_facts(environment.view());
  Decision decision = decide(environment, read_answers(environment), facts, {.first_user = true});
  const std::vector<PlannedMigration> migrations = plan_migrations(environment.view(), decision.answers);
  if (!migrations.empty()) {
    environment.errors << migrations_text(decision.answers, storage_version(environment.view(), decision.answers),
                                          migrations);
  }
  settle_resolver(environment, decision.answers, facts);
  const BoxModels models =
      gather_models(environment, decision.answers, decision.first_user ? decision.first_user->email : "");
  Catalog catalog = load_catalog(environment.view().files, environment.sources,
                                 make_context(decision.answers, facts, decision.time_zone, models.values), platform);
  if (!options.only.empty()) catalog = only(catalog, options.only);
  const std::unique_ptr<Journal> journal = make_file_journal(environment.system.files, environment.system.clock,
                                                             environment.state_directory, environment.version);
  const Report report = plan(catalog, environment.view(), *journal);
  if (options.json) {
    nlohmann::ordered_json json = report_json(report, options.diff);
    json["warnings"] = models.warnings;
    environment.output << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << std::endl;
  } else {
    print_warnings(environment, models.warnings);
    environment.output << plan_text(report, options.diff) << std::flush;
    environment.errors << failures_text(report);
  }
  if (report.failed()) return report.exit_code();
  const bool changes = !migrations.empty() || report.count(Status::would_change) > 0 || !report.reloaded.empty() ||
                       !report.restarted.empty();
  return changes ? ExitCode::changes : ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> plan_commands() {
  const auto options = std::make_shared<PlanOptions>();
  CliCommand command{.name = "plan", .summary = "Say what setup would change, and change nothing"};
  command.details = "Changes that stem from /etc/mailinabox/recipes.d are marked (local).";
  command.examples = {"sudo mailinabox plan --diff", "sudo mailinabox plan --only postfix",
                      "sudo mailinabox plan --json | jq -r '.changes[].id'"};
  command.exit_codes = {"0   nothing would change",   "1   the recipes have an error, or the machine cannot be read",
                        "2   something would change", "3   not this machine: not root, or another distribution",
                        "8   answers are wrong",      "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.list("--only", options->only, "RECIPE", "Only these recipes and what they require (commas between)");
    line.flag("--diff", options->diff, "Show the lines that differ");
    line.flag("--json", options->json, "Print the plan as one JSON object");
  };
  command.run = [options](Environment& environment) {
    return with_json_errors(environment, options->json, [&] { return run_plan(environment, *options); });
  };
  return {command};
}

}  // namespace mailinabox

#include "cli/models/converge.hpp"

#include <algorithm>
#include <ostream>
#include <set>

#include "cli/context.hpp"
#include "cli/models/secondary_addresses.hpp"
#include "cli/report_output.hpp"
#include "cli/setup/decide.hpp"
#include "cli/setup/preflight.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

// The named recipes without those that they require, which are as they should be on a box that has been set up; and
// what their entries notify elsewhere, so that no notice stays owed.
Catalog exactly(const Catalog& catalog, const std::vector<std::string_view>& recipes) {
  const auto named = [&](const std::string& recipe) {
    return std::find(recipes.begin(), recipes.end(), recipe) != recipes.end();
  };
  std::set<ResourceId> notified;
  for (const CatalogEntry& entry : catalog.entries) {
    if (named(entry.recipe)) notified.insert(entry.notifies.begin(), entry.notifies.end());
  }
  Catalog result;
  result.partial = true;
  std::set<std::string> used;
  for (const CatalogEntry& entry : catalog.entries) {
    if (!named(entry.recipe) && !notified.contains(entry.id)) continue;
    result.entries.push_back(entry);
    used.insert(entry.recipe);
  }
  std::copy_if(catalog.recipes.begin(), catalog.recipes.end(), std::back_inserter(result.recipes),
               [&](const CatalogRecipe& recipe) { return used.contains(recipe.name); });
  return result;
}

bool changed(const Outcome& outcome) { return outcome.status == Status::changed; }

std::string recipe_list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

}  // namespace

const std::vector<std::string_view>& model_recipes() {
  static const std::vector<std::string_view> k_recipes = {"dns", "dkim", "web", "autoconfiguration"};
  return k_recipes;
}

bool box_is_set_up(const Environment& environment) {
  return !environment.view().files.list(environment.state_directory + "/generations").empty();
}

void wait_for_lock(Environment& environment, const std::string& command) {
  environment.acquire_lock("mailinabox " + command, true, [&](const std::string& holder) {
    environment.errors << "Waiting for another run to end: " << holder << std::endl;
  });
}

ModelsRun converge_models(Environment& environment, const std::string& command) {
  ModelsRun run;
  run.needed = box_is_set_up(environment);
  if (!run.needed) return run;
  const std::string platform = require_platform(environment);
  wait_for_lock(environment, command);
  const ValueMap facts = gather_facts(environment.view());
  Environment without_variables = environment;  // those are for setup: here a stray one would change the box
  without_variables.variables.clear();
  const Decision decision = decide(without_variables, read_answers(environment), facts, {});
  BoxModels models = gather_models(environment, decision.answers);
  const Value context = make_context(decision.answers, facts, decision.time_zone, models.values);
  const Catalog catalog =
      exactly(load_catalog(environment.view().files, environment.sources, context, platform), model_recipes());
  const std::unique_ptr<Journal> journal = make_file_journal(environment.system.files, environment.system.clock,
                                                             environment.state_directory, environment.version);
  Reporter silent;
  run.report = apply(catalog, environment.system, *journal, silent, command);
  remember_secondary_addresses(environment, models.secondary_addresses);
  run.warnings = std::move(models.warnings);
  return run;
}

std::vector<std::string> change_lines(const Report& report) {
  std::vector<std::string> names;
  bool name_server = false, signer = false, web = false;
  for (const Outcome& outcome : report.outcomes) {
    if (!changed(outcome)) continue;
    if (outcome.id.kind == "zone") {
      names.push_back(outcome.id.name);
    } else {
      name_server = name_server || outcome.recipe == "dns";
      signer = signer || outcome.recipe == "dkim";
      web = web || outcome.recipe == "web";
    }
  }
  if (names.empty() && name_server) names.emplace_back("DNS configuration");
  if (names.empty() && signer) names.emplace_back("OpenDKIM configuration");
  std::vector<std::string> lines;
  if (!names.empty()) lines.push_back("updated DNS: " + recipe_list(names));
  if (web) lines.emplace_back("web updated");
  return lines;
}

ExitCode report_models_run(Environment& environment, const ModelsRun& run, const std::string& otherwise) {
  print_warnings(environment, run.warnings);
  const std::vector<std::string> lines = change_lines(run.report);
  for (const std::string& line : lines) environment.output << line << "\n";
  if (lines.empty() && !run.report.failed() && !otherwise.empty()) environment.output << otherwise << "\n";
  environment.output << std::flush;
  environment.errors << failures_text(run.report) << std::flush;
  return run.report.exit_code();
}

ExitCode follow_change(Environment& environment, const std::string& command) {
  return report_models_run(environment, converge_models(environment, command));
}

}  // namespace mailinabox

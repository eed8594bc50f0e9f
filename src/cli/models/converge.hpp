// What follows from a change of users, aliases, DNS records or keys: the recipes that use the models, converged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "cli/models/models.hpp"
#include "engine/report.hpp"

namespace mailinabox {

// The recipes whose resources depend on the models.
const std::vector<std::string_view>& model_recipes();

// Whether setup has made this machine a box. Before, a change in the users' directory is only kept: setup does the
// rest.
bool box_is_set_up(const Environment& environment);

struct ModelsRun {
  Report report{};
  std::vector<std::string> warnings{};
  bool needed = true;  // false: the box has not been set up yet, nothing was tried
};

// Gathers the models and converges those recipes, under the machine's lock. `command` names the run in the journal.
ModelsRun converge_models(Environment& environment, const std::string& command);

// Takes the lock, once for a program, and tells who holds it.
void wait_for_lock(Environment& environment, const std::string& command);

// What changed, as the original's management daemon words it: "updated DNS: example.com,example.org", "web updated".
// Programs look for these. Empty where nothing did.
std::vector<std::string> change_lines(const Report& report);

// Prints the warnings, what changed and what failed; `otherwise` where nothing changed.
ExitCode report_models_run(Environment& environment, const ModelsRun& run, const std::string& otherwise = "");

// The rest of a command that has changed the directory: converge and report.
ExitCode follow_change(Environment& environment, const std::string& command);

}  // namespace mailinabox

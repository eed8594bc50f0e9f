#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/dns/dns_commands.hpp"
#include "cli/models/converge.hpp"
#include "cli/report_output.hpp"

namespace mailinabox {
namespace {

ExitCode update(Environment& environment, bool json) {
  static_cast<void>(box_answers(environment));
  const ModelsRun run = converge_models(environment, "dns update");
  if (!run.needed) {
    throw Error("Setup has not made this machine a box yet. Run `sudo mailinabox setup`: it publishes the zones, too.");
  }
  if (!json) return report_models_run(environment, run, "nothing to do");
  nlohmann::ordered_json result = report_json(run.report, false);
  result["updated"] = change_lines(run.report);
  result["warnings"] = run.warnings;
  environment.output << result.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << std::endl;
  return run.report.exit_code();
}

}  // namespace

CliCommand dns_update_command() {
  const auto json = std::make_shared<bool>(false);
  CliCommand command{.name = "dns update", .summary = "Bring the zones up to date"};
  command.details =
      "Commands that change users, aliases or records do this by themselves. By hand it is for custom.yaml edited in\n"
      "an editor, keys put in place, and secondary name servers that have moved. Only zones that differ are written;\n"
      "their signatures are renewed in time by this, too.";
  command.examples = {"sudo mailinabox dns update", "sudo mailinabox dns update --json | jq -r '.updated[]'"};
  command.exit_codes = {"0   the zones are as they should be",
                        "1   something failed; zones that could not be built are served as they were",
                        "3   not this machine: not root, or another distribution", "4   another run holds the lock",
                        "64  the command line is wrong"};
  command.declare = [json](CommandOptions& line) { line.flag("--json", *json, "Print the result as one JSON object"); };
  command.run = [json](Environment& environment) {
    return with_json_errors(environment, *json, [&] { return update(environment, *json); });
  };
  return command;
}

}  // namespace mailinabox

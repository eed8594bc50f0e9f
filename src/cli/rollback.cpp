#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/report_output.hpp"
#include "cli/resolved_catalog.hpp"
#include "cli/setup/preflight.hpp"
#include "engine/generations.hpp"

namespace mailinabox {
namespace {

struct RollbackOptions {
  std::string generation{};
  bool json = false;
  bool yes = false;
  bool no_wait = false;
};

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number > 0) return number;
  throw Error("\"" + text + "\" is no generation: a number of `mailinabox history` is expected", ExitCode::usage);
}

std::int64_t last_generation(const Environment& environment) {
  const auto numbers = generation_numbers(environment.view().files, environment.state_directory);
  if (numbers.empty()) throw Error("there is nothing to go back to: no run has changed anything yet");
  return numbers.back();
}

void show(Environment& environment, const Report& planned, const Rollback& rollback, std::int64_t number) {
  std::ostream& out = environment.errors;
  out << fmt::format("Going back to before generation {}:\n", number) << plan_text(planned, true);
  if (!rollback.not_undone.empty()) out << "\nWhat is not undone:\n";
  for (const std::string& line : rollback.not_undone) out << "  " << line << "\n";
  out << std::flush;
}

bool confirmed(Environment& environment, const RollbackOptions& options) {
  if (options.yes || options.json) return true;
  if (!environment.variable("NONINTERACTIVE").empty() || !environment.dialogue.available()) {
    throw Error("Nobody can be asked whether to go back, and nothing has been changed. Say so with --yes.",
                ExitCode::usage);
  }
  const auto answer = environment.dialogue.ask("Go back? [y/N] ");
  if (answer && (*answer == "y" || *answer == "Y" || *answer == "yes")) return true;
  environment.dialogue.say("Nothing has been changed.\n");
  return false;
}

ExitCode run_rollback(Environment& environment, const RollbackOptions& options) {
  require_root(environment, "rollback");
  environment.acquire_lock("mailinabox rollback", !options.no_wait, [&](const std::string& holder) {
    environment.errors << "Waiting for another run to end: " << holder << std::endl;
  });
  const std::int64_t number = options.generation.empty() ? last_generation(environment) : number_of(options.generation);
  const Rollback rollback =
      make_rollback(resolved_catalog(environment), environment.view().files, environment.state_directory, number);
  const std::unique_ptr<Journal> journal = make_file_journal(environment.system.files, environment.system.clock,
                                                             environment.state_directory, environment.version);
  show(environment, plan(rollback.catalog, environment.view(), *journal), rollback, number);
  if (!confirmed(environment, options)) return ExitCode::failed;
  const bool terminal = environment.errors_terminal && !options.json;
  std::unique_ptr<Reporter> progress =
      make_progress(environment, terminal ? ProgressStyle::terminal : ProgressStyle::plain);
  const Report report =
      apply(rollback.catalog, environment.system, *journal, *progress, fmt::format("rollback {}", number));
  progress.reset();
  if (options.json) {
    nlohmann::ordered_json json = report_json(report, false);
    json["not_undone"] = rollback.not_undone;
    environment.output << json.dump(2) << std::endl;
  } else {
    environment.output << summary_text(report) << std::flush;
    environment.errors << failures_text(report);
  }
  return report.exit_code();
}

}  // namespace

std::vector<CliCommand> rollback_commands() {
  const auto options = std::make_shared<RollbackOptions>();
  CliCommand command{.name = "rollback", .summary = "Put files back to what they were before a run"};
  command.details =
      "Shows what will change, asks, then puts files, modes, owners and links back to before generation N (see\n"
      "`mailinabox history`; without N, the last one) and tells the services that use them. That is a run of its own "
      "and\n"
      "can be rolled back, too. Packages and accounts stay as they are, and so does data: databases, keys, "
      "certificates, zones, mail.\n"
      "The next setup makes the box what its recipes say again: change the recipe or the override that was wrong "
      "first.";
  command.examples = {"sudo mailinabox rollback", "sudo mailinabox rollback 12 --yes"};
  command.exit_codes = {
      "0   the files are as they were", "1   there is no such generation, or something could not be put back",
      "3   not this machine: not root, or another distribution", "4   another run holds the lock (--no-wait)",
      "64  the command line is wrong, or nobody can be asked and --yes is missing"};
  command.declare = [options](CommandOptions& line) {
    line.argument("N", options->generation, "Number of the generation to undo, with all later ones", false);
    line.flag("--json", options->json, "Print the result as one JSON object; asks nothing");
    line.flag("--yes", options->yes, "Do not ask");
    line.flag("--no-wait", options->no_wait, "End with exit code 4 where another run holds the lock");
  };
  command.run = [options](Environment& environment) {
    return with_json_errors(environment, options->json, [&] { return run_rollback(environment, *options); });
  };
  return {command};
}

}  // namespace mailinabox

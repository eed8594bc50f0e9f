#include "operations/rollback.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/report_output.hpp"

namespace mailinabox {
namespace {

struct RollbackOptions {
  std::string generation{};
  bool json = false;
  bool yes = false;
  bool no_wait = false;
};

std::optional<std::int64_t> number_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number > 0) return number;
  throw Error("\"" + text + "\" is not a generation number; `mailinabox history` lists them", ExitCode::usage);
}

void show(Console& console, const PreparedRollback& prepared) {
  std::ostream& out = console.errors;
  out << fmt::format("Going back to before generation {}:\n", prepared.generation) << plan_text(prepared.preview, true);
  if (!prepared.rollback.not_undone.empty()) out << "\nNot undone:\n";
  for (const std::string& line : prepared.rollback.not_undone) out << "  " << line << "\n";
  out << std::flush;
}

bool confirmed_rollback(Console& console, const RollbackOptions& options) {
  if (options.yes || options.json) return true;
  if (!console.may_ask()) {
    throw Error("There is no terminal to confirm on; nothing was changed. Use --yes to roll back anyway.",
                ExitCode::usage);
  }
  const auto answer = console.dialogue.ask("Go back? [y/N] ");
  if (answer && (*answer == "y" || *answer == "Y" || *answer == "yes")) return true;
  console.dialogue.say("Nothing has been changed.\n");
  return false;
}

ExitCode run_rollback(Box& box, Console& console, const RollbackOptions& options) {
  require_root(box);
  const std::optional<std::int64_t> number = number_of(options.generation);
  const HeldLock lock(box, lock_request(console, "rollback", options.no_wait));
  const PreparedRollback prepared = prepare_rollback(box, lock, number);
  show(console, prepared);
  if (!confirmed_rollback(console, options)) return ExitCode::failed;
  std::unique_ptr<Reporter> progress = make_progress(box.system.clock, console, options.json);
  const Report report = roll_back(box, lock, prepared, *progress);
  progress.reset();
  if (options.json) {
    Json json = report_json(report, false);
    json["not_undone"] = prepared.rollback.not_undone;
    console.output << json_text(json) << std::endl;
  } else {
    console.output << summary_text(report) << std::flush;
    console.errors << failures_text(report);
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
    line.flag("--no-wait", options->no_wait, "End with exit code 4 if another run holds the lock");
  };
  command.run = [options](Box& box, Console& console) {
    return with_json_errors(console, options->json, [&] { return run_rollback(box, console, *options); });
  };
  return {command};
}

}  // namespace mailinabox

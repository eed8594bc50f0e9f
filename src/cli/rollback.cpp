#include "operations/rollback.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/report_output.hpp"
#include "operations/hold.hpp"

namespace mailinabox {
namespace {

struct RollbackOptions {
  std::string generation{};
  bool yes = false;
  bool no_wait = false;
  bool release = false;
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

// Nobody has agreed: the plan and why nothing was done.
ExitCode refuse_unasked(Console& console, const PreparedRollback& prepared) {
  const std::string reason = "There is no terminal to confirm on; nothing was changed. Use --yes to roll back anyway.";
  if (!console.json) throw Error(reason, ExitCode::usage);
  Json json = report_json({}, false);
  json["result"] = "failed";
  json["error"] = reason;
  json["exit_code"] = static_cast<int>(ExitCode::usage);
  json["plan"] = report_json(prepared.preview, false);
  json["not_undone"] = prepared.rollback.not_undone;
  print_json(console, json);
  console.errors << reason << std::endl;
  return ExitCode::usage;
}

// A way back that is known to fail is not begun.
void refuse_impossible(const PreparedRollback& prepared) {
  std::string reasons;
  ExitCode code = ExitCode::failed;
  for (const Outcome& outcome : prepared.preview.outcomes) {
    if (outcome.status != Status::failed || outcome.id.kind != "path") continue;
    reasons += "\n  " + outcome.error;
    code = outcome.code;
  }
  if (!reasons.empty()) throw Error("This cannot be rolled back, and nothing was changed:" + reasons, code);
}

// Throws if the answer is no.
void confirm_rollback(Console& console, const RollbackOptions& options) {
  if (options.yes) return;
  const auto answer = console.dialogue.ask("Go back? [y/N] ");
  if (!answer || (*answer != "y" && *answer != "Y" && *answer != "yes")) throw Error("Nothing has been changed.");
}

ExitCode run_release(Box& box, Console& console, const RollbackOptions& options) {
  const HeldLock lock(box, lock_request(console, "rollback --release", options.no_wait));
  const bool held = end_hold(box, lock);
  Json json = report_json({}, false);
  json["released"] = held;
  if (console.json) {
    print_json(console, json);
  } else if (held) {
    console.output << "The hold has ended: the next `mailinabox setup`, or the nightly run, makes the box match its "
                      "recipes.\n"
                   << std::flush;
  } else {
    console.output << "No rollback holds the box.\n" << std::flush;
  }
  return ExitCode::ok;
}

ExitCode run_rollback(Box& box, Console& console, const RollbackOptions& options) {
  require_root(box);
  if (options.release && !options.generation.empty()) {
    throw Error("--release ends the hold of a rollback; it takes no generation.", ExitCode::usage);
  }
  if (options.release) return run_release(box, console, options);
  const std::optional<std::int64_t> number = number_of(options.generation);
  const HeldLock lock(box, lock_request(console, "rollback", options.no_wait));
  const PreparedRollback prepared = prepare_rollback(box, lock, number);
  show(console, prepared);
  refuse_impossible(prepared);
  if (!options.yes && !console.may_ask()) return refuse_unasked(console, prepared);
  confirm_rollback(console, options);
  std::unique_ptr<Reporter> progress = make_progress(box.system.clock, console, console.json);
  const RollbackResult result = roll_back(box, lock, prepared, *progress);
  const Report& report = result.report;
  progress.reset();
  print_warnings(console, result.warnings);
  if (console.json) {
    Json json = report_json(report, false);
    json["warnings"] = result.warnings;
    if (!result.error.empty()) {
      json["result"] = "failed";
      json["error"] = result.error;
    }
    json["not_undone"] = prepared.rollback.not_undone;
    print_json(console, json);
  } else {
    console.output << summary_text(report) << std::flush;
    console.errors << failures_text(report);
    if (!result.error.empty()) console.errors << "\nFAILED " << result.error << "\n" << std::flush;
    if (const auto held = read_hold(box)) {
      console.output << held->text()
                     << "\nThe nightly run leaves it so, and only renews what follows from its data. `sudo mailinabox "
                        "rollback --release`, or the next `sudo mailinabox`, ends the hold.\n"
                     << std::flush;
    }
  }
  return result.code;
}

}  // namespace

std::vector<CliCommand> rollback_commands() {
  const auto options = std::make_shared<RollbackOptions>();
  CliCommand command{.name = "rollback", .summary = "Put files back to what they were before a run"};
  command.details =
      "Shows what will change, asks, then puts files, modes, owners and links back to before generation N (see\n"
      "`mailinabox history`; without N, the last one) and tells the services that use them. That is a run of its\n"
      "own and can be rolled back, too. Packages and accounts stay as they are, and so does data: databases, keys,\n"
      "certificates, zones, mail. What follows from data (the lists of domains for the name server and for signing)\n"
      "stays with it. A service that was not there before is stopped.\n"
      "The answers in /etc/mailinabox.conf go back, too. The box is then held: the nightly run renews what follows\n"
      "from data (signatures, zones, lists of domains), changes nothing else and says so, until --release,\n"
      "`setup --yes`, or a setup in which you confirm; `setup --only` leaves the hold. Setup makes the box match its\n"
      "recipes again: change the recipe or the override that was wrong first.";
  command.examples = {"sudo mailinabox rollback", "sudo mailinabox rollback 12 --yes",
                      "sudo mailinabox rollback --release"};
  command.exit_codes = {"0   the files are as they were",
                        "1   there is no such generation, it cannot be rolled back, or something could not be put back",
                        "3   not this machine: not root, or another distribution",
                        "4   another run holds the lock (--no-wait)",
                        "64  the command line is wrong, or nobody can be asked and --yes is missing"};
  command.declare = [options](CommandOptions& line) {
    line.argument("N", options->generation, "Number of the generation to undo, with all later ones", false);
    line.flag("--yes", options->yes, "Do not ask");
    line.flag("--release", options->release, "End the hold: setup and the nightly run work again");
    line.flag("--no-wait", options->no_wait, "End with exit code 4 if another run holds the lock");
  };
  command.json = report_keys({{"not_undone", "what stays as it is, as sentences", false},
                              {"warnings", "sentences", false},
                              {"released", "with --release: whether there was a hold", false},
                              {"plan", "without --yes: what would change, with the keys of a report", false}});
  command.run = [options](Box& box, Console& console) { return run_rollback(box, console, *options); };
  return {command};
}

}  // namespace mailinabox

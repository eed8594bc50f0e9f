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
  bool json = false;
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
ExitCode refuse_unasked(Console& console, const RollbackOptions& options, const PreparedRollback& prepared) {
  const std::string reason = "There is no terminal to confirm on; nothing was changed. Use --yes to roll back anyway.";
  if (!options.json) throw Error(reason, ExitCode::usage);
  Json json = report_json({}, false);
  json["result"] = "failed";
  json["error"] = reason;
  json["plan"] = report_json(prepared.preview, false);
  json["not_undone"] = prepared.rollback.not_undone;
  console.output << json_text(json) << std::endl;
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
  const auto held = read_hold(box);
  release_hold(box);
  Json json = report_json({}, false);
  json["released"] = held.has_value();
  if (options.json) {
    console.output << json_text(json) << std::endl;
  } else if (held) {
    console.output << "Let go: the next `mailinabox setup`, and the nightly run, make the box what its recipes say.\n"
                   << std::flush;
  } else {
    console.output << "No rollback holds the box.\n" << std::flush;
  }
  return ExitCode::ok;
}

ExitCode run_rollback(Box& box, Console& console, const RollbackOptions& options) {
  require_root(box);
  if (options.release && !options.generation.empty()) {
    throw Error("--release lets a box go that was rolled back; it takes no generation.", ExitCode::usage);
  }
  if (options.release) return run_release(box, console, options);
  const std::optional<std::int64_t> number = number_of(options.generation);
  const HeldLock lock(box, lock_request(console, "rollback", options.no_wait));
  const PreparedRollback prepared = prepare_rollback(box, lock, number);
  show(console, prepared);
  refuse_impossible(prepared);
  if (!options.yes && !console.may_ask()) return refuse_unasked(console, options, prepared);
  confirm_rollback(console, options);
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
    if (const auto held = read_hold(box)) {
      console.output << held->text()
                     << "\nThe nightly run leaves it so. `sudo mailinabox rollback --release`, or the next "
                        "`sudo mailinabox`, lets it go.\n"
                     << std::flush;
    }
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
      "What follows from data (the lists of domains for the name server and for signing) stays with it. A service "
      "that\n"
      "was not there before is stopped.\n"
      "The answers in /etc/mailinabox.conf go back, too. The box is then held: the nightly run changes nothing and "
      "says "
      "so,\n"
      "until --release, or until setup is confirmed (--yes). Setup makes the box what its recipes say again: change "
      "the\n"
      "recipe or the override that was wrong first.";
  command.examples = {"sudo mailinabox rollback", "sudo mailinabox rollback 12 --yes",
                      "sudo mailinabox rollback --release"};
  command.exit_codes = {"0   the files are as they were",
                        "1   there is no such generation, it cannot be rolled back, or something could not be put back",
                        "3   not this machine: not root, or another distribution",
                        "4   another run holds the lock (--no-wait)",
                        "64  the command line is wrong, or nobody can be asked and --yes is missing"};
  command.declare = [options](CommandOptions& line) {
    line.argument("N", options->generation, "Number of the generation to undo, with all later ones", false);
    line.flag("--json", options->json, "Print the result as one JSON object");
    line.flag("--yes", options->yes, "Do not ask");
    line.flag("--release", options->release, "Let go of the box: setup and the nightly run work again");
    line.flag("--no-wait", options->no_wait, "End with exit code 4 if another run holds the lock");
  };
  command.run = [options](Box& box, Console& console) {
    return with_json_errors(console, options->json, [&] { return run_rollback(box, console, *options); });
  };
  return {command};
}

}  // namespace mailinabox

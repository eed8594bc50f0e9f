#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "box/storage/migrations.hpp"
#include "cli/command.hpp"
#include "cli/migration_text.hpp"
#include "cli/report_output.hpp"
#include "operations/migrate.hpp"

namespace mailinabox {
namespace {

struct MigrateOptions {
  bool plan = false;
  bool no_wait = false;
  std::string storage_root{};
};

// Of the data as it was when the command began.
Json state_json(const StorageState& state) {
  Json json = {{"storage_root", state.root},
               {"layout", nullptr},
               {"present_layout", k_storage_version},
               {"migrations", Json::array()}};
  if (state.version) json["layout"] = *state.version;
  return json;
}

ExitCode plan_migrations(Console& console, const StorageState& state) {
  if (console.json) {
    Json json = state_json(state);
    for (const PlannedMigration& planned : state.planned) {
      json["migrations"].push_back(
          {{"number", planned.number}, {"summary", planned.summary}, {"changes", planned.changes}});
    }
    print_json(console, json);
  } else {
    console.output << migrations_text(state.root, state.version, state.planned) << std::flush;
  }
  return state.planned.empty() ? ExitCode::ok : ExitCode::changes;
}

ExitCode run_migrate(Box& box, Console& console, const MigrateOptions& options) {
  const StorageState state = storage_state(box, options.storage_root);
  if (options.plan) return plan_migrations(console, state);
  Json json = state_json(state);
  const auto tell = [&](const DoneMigration& done) {
    json["migrations"].push_back({{"number", done.number}, {"summary", done.summary}, {"copy", done.copy}});
    if (!console.json) console.output << done_text(done) << std::endl;
  };
  const LockRequest request = lock_request(console, "migrate", options.no_wait);
  const bool nothing = migrate(box, options.storage_root, request, tell).empty();
  if (console.json) {
    print_json(console, json);
  } else if (nothing) {
    console.output << migrations_text(state.root, state.version, state.planned) << std::flush;
  }
  return ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> migrate_commands() {
  const auto options = std::make_shared<MigrateOptions>();
  CliCommand command{.name = "migrate", .summary = "Bring data of an older release to the present layout"};
  command.details = fmt::format(
      "The file mailinabox.version in the storage directory has the number of the data's layout. Data with a lower\n"
      "number than {0} (boxes of Mail-in-a-Box up to v57a have 14, later ones 15) is brought to {0}, one number after "
      "the\n"
      "other. `mailinabox setup` does this, too. Before a step changes anything, what it changes is copied to the "
      "folder\n"
      "before-migration-NUMBER in the storage directory, which only root can read; remove it when all is well.\n"
      "A step that fails is undone. Run this again to finish one that was cut off.",
      k_storage_version);
  command.examples = {"sudo mailinabox migrate --plan", "sudo mailinabox migrate",
                      "sudo mailinabox migrate --plan /mnt/old-disk/user-data"};
  command.exit_codes = {"0   the data has the present layout",
                        "1   a step could not be done; the data is as it was before it",
                        "2   with --plan: steps would be taken",
                        "3   not root, or the data is from a newer release",
                        "4   another run holds the lock (--no-wait)",
                        "5   the file system is full, or the result cannot be written",
                        "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.argument("STORAGE_ROOT", options->storage_root, "The data's directory; default: this box's", false);
    line.flag("--plan", options->plan, "Only say what would be done");
    line.flag("--no-wait", options->no_wait, "End with exit code 4 if another run holds the lock");
  };
  command.json = {
      {"storage_root", "the data's directory"},
      {"layout", "number of its layout when the command began, null if it has none"},
      {"present_layout", "number of the present one"},
      {"migrations", "those done, each with number, summary, copy; with --plan with number, summary, changes"}};
  command.run = [options](Box& box, Console& console) { return run_migrate(box, console, *options); };
  return {command};
}

}  // namespace mailinabox

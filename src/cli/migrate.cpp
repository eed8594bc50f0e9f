#include <fmt/format.h>

#include <ostream>

#include "box/storage/migrations.hpp"
#include "cli/command.hpp"
#include "cli/context.hpp"
#include "cli/migrate/migration_text.hpp"
#include "cli/setup/preflight.hpp"

namespace mailinabox {
namespace {

struct MigrateOptions {
  bool plan = false;
  bool no_wait = false;
  std::string storage_root{};
};

Answers answers_with_storage(const Environment& environment, const MigrateOptions& options) {
  Answers answers = read_answers(environment);
  if (!options.storage_root.empty()) {
    if (const std::string problem = problem_with_storage_root(options.storage_root); !problem.empty()) {
      throw Error(problem, ExitCode::usage);
    }
    answers.set("STORAGE_ROOT", options.storage_root);
    answers.remove("MIGRATIONID");  // is about this box's own data
  }
  if (!answers.get("STORAGE_ROOT").empty()) return answers;
  throw Error("There is no box on this machine yet (" + environment.answers_file +
              " does not say where its data is). Name the data's directory, or run `sudo mailinabox setup`.");
}

void keep_answers(const Environment& environment, const Answers& answers) {
  const auto file = environment.system.files.read(environment.answers_file);
  if (!file || !Answers::parse(file->content).find("MIGRATIONID")) return;
  environment.system.files.write(environment.answers_file, answers.render(), FileAttributes{});
}

ExitCode show_plan(Environment& environment, const Answers& answers) {
  const std::optional<int> present = storage_version(environment.view(), answers);
  const std::vector<PlannedMigration> planned = plan_migrations(environment.view(), answers);
  environment.output << migrations_text(answers, present, planned) << std::flush;
  return planned.empty() ? ExitCode::ok : ExitCode::changes;
}

ExitCode run_migrate(Environment& environment, const MigrateOptions& options) {
  require_root(environment, options.plan ? "migrate --plan" : "migrate");
  if (options.plan) return show_plan(environment, answers_with_storage(environment, options));
  environment.acquire_lock("mailinabox migrate", !options.no_wait, [&](const std::string& holder) {
    environment.errors << "Waiting for another run to end: " << holder << std::endl;
  });
  Answers answers = answers_with_storage(environment, options);
  const std::optional<int> present = storage_version(environment.view(), answers);
  const auto tell = [&](const DoneMigration& done) { environment.output << done_text(done) << std::endl; };
  if (migrate_storage(environment.system, answers, tell).empty()) {
    environment.output << migrations_text(answers, present, {}) << std::flush;
  }
  if (options.storage_root.empty()) keep_answers(environment, answers);
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
      "A step that fails is undone. One that was cut off is gone on with when this is run again.",
      k_storage_version);
  command.examples = {"sudo mailinabox migrate --plan", "sudo mailinabox migrate",
                      "sudo mailinabox migrate --plan /mnt/old-disk/user-data"};
  command.exit_codes = {"0   the data has the present layout",
                        "1   a step could not be done; the data is as it was before it",
                        "2   with --plan: steps would be taken",
                        "3   not root, or the data is from a newer release",
                        "4   another run holds the lock (--no-wait)",
                        "5   the file system is full",
                        "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.argument("STORAGE_ROOT", options->storage_root, "The data's directory; default: this box's", false);
    line.flag("--plan", options->plan, "Only say what would be done");
    line.flag("--no-wait", options->no_wait, "End with exit code 4 where another run holds the lock");
  };
  command.run = [options](Environment& environment) { return run_migrate(environment, *options); };
  return {command};
}

}  // namespace mailinabox

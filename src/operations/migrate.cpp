#include "operations/migrate.hpp"

#include "base/error.hpp"

namespace mailinabox {
namespace {

Answers answers_with_storage(const Box& box, const std::string& storage_root) {
  require_root(box);
  Answers answers = read_answers(box);
  if (!storage_root.empty()) {
    if (const std::string problem = problem_with_storage_root(storage_root); !problem.empty()) {
      throw Error(problem, ExitCode::usage);
    }
    answers.set("STORAGE_ROOT", storage_root);
    answers.remove("MIGRATIONID");  // is about this box's own data
  }
  if (!answers.get("STORAGE_ROOT").empty()) return answers;
  throw Error("There is no box on this machine yet (" + box.answers_file +
              " does not say where its data is). Name the data's directory, or run `sudo mailinabox setup`.");
}

void keep_answers(const Box& box, const Answers& answers) {
  const auto file = box.system.files.read(box.answers_file);
  if (!file || !Answers::parse(file->content).find("MIGRATIONID")) return;
  box.system.files.write(box.answers_file, answers.render(), FileAttributes{});
}

}  // namespace

StorageState storage_state(const Box& box, const std::string& storage_root) {
  const Answers answers = answers_with_storage(box, storage_root);
  return {.root = answers.get("STORAGE_ROOT"),
          .version = storage_version(box.view(), answers),
          .planned = plan_migrations(box.view(), answers)};
}

std::vector<DoneMigration> migrate(const Box& box, const std::string& storage_root, const LockRequest& request,
                                   const std::function<void(const DoneMigration&)>& tell) {
  require_root(box);
  const HeldLock lock(box, request);
  Answers answers = answers_with_storage(box, storage_root);
  std::vector<DoneMigration> done = migrate_storage(box.system, answers, tell);
  if (storage_root.empty()) keep_answers(box, answers);
  return done;
}

}  // namespace mailinabox

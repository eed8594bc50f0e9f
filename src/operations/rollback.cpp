#include "operations/rollback.hpp"

#include "base/error.hpp"
#include "engine/engine.hpp"
#include "operations/audit.hpp"
#include "operations/first_user.hpp"
#include "operations/hold.hpp"
#include "operations/journal.hpp"
#include "operations/load_box.hpp"
#include "operations/release.hpp"

namespace mailinabox {
namespace {

std::int64_t last_generation(const Box& box) {
  const auto numbers = generation_numbers(box.view().files, box.state_directory);
  if (numbers.empty()) throw Error("There is nothing to go back to: no run has changed anything yet.");
  return numbers.back();
}

// What follows from the data, after the users' directory has followed the box's name, which was `name` before.
LoadedBox load_data(const Box& box, const std::string& name) {
  LoadedBox loaded = load_answers(box, {.access = Directory::Access::change});
  if (loaded.complete.directory != nullptr) follow_host_name(*loaded.complete.directory, name);
  SecondaryLookup secondaries(box);
  load_models(box, secondaries, loaded);
  load_catalog(box, Scope::data(), loaded);
  return loaded;
}

RollbackResult go_back(const Box& box, const HeldLock& lock, const PreparedRollback& prepared, Reporter& reporter) {
  if (prepared.preview.count(Status::would_change) > 0) hold(box, prepared.generation);
  const std::unique_ptr<Journal> journal = open_journal(box);
  Run run(box.system, *journal, reporter, lock.command() + " " + std::to_string(prepared.generation));
  const Answers answers = read_answers(box);
  RollbackResult result;
  const Report report = run.pass(prepared.rollback.catalog);
  forget_parts_set_up(box);  // which of them are left is not known
  if (!answered_before(box)) {
    forget_set_up(box);
  } else if (!report.failed() && is_set_up(box) && read_answers(box).render() != answers.render()) {
    // Zones and lists of domains stay, but with the old name and addresses in them.
    try {
      static_cast<void>(run.pass(load_data(box, answers.get("PRIMARY_HOSTNAME")).catalog));
    } catch (const Error& error) {
      result.error =
          std::string("zones and lists of domains still have the answers of before this rollback: ") + error.what();
      result.code = error.code();
    }
  }
  result.report = run.close(result.error.empty());
  if (result.error.empty()) result.code = result.report.exit_code();
  return result;
}

}  // namespace

PreparedRollback prepare_rollback(const Box& box, const HeldLock& /*lock*/, std::optional<std::int64_t> generation) {
  open_journal(box)->close_earlier();  // a run that was cut off has changed something, too
  PreparedRollback prepared{.generation = generation ? *generation : last_generation(box)};
  require_same_release(box, prepared.generation);
  const LoadedBox loaded = load_box(box, Scope::everything());
  prepared.rollback = make_rollback(loaded.catalog, box.view().files, box.state_directory, prepared.generation);
  prepared.preview = plan(prepared.rollback.catalog, box.view(), *open_journal(box));
  return prepared;
}

RollbackResult roll_back(const Box& box, const HeldLock& lock, const PreparedRollback& prepared, Reporter& reporter) {
  AuditedChange entry(box, read_answers(box).get("STORAGE_ROOT"),
                      {.action = "rollback", .target = "to before generation " + std::to_string(prepared.generation)},
                      AuditedChange::IfUnwritable::warn);
  if (prepared.preview.count(Status::would_change) > 0) entry.begin();
  try {
    RollbackResult result = go_back(box, lock, prepared, reporter);
    AuditEnd end = audit_end(result.report);
    if (!result.error.empty()) end.result = "failed: " + result.error;
    entry.end(end);
    if (!entry.warning().empty()) result.warnings.push_back(entry.warning());
    return result;
  } catch (const std::exception& error) {
    entry.failed(error.what());
    throw;
  }
}

bool end_hold(const Box& box, const HeldLock& /*lock*/) {
  if (!read_hold(box)) return false;
  AuditedChange entry(box, read_answers(box).get("STORAGE_ROOT"), {.action = "rollback --release"},
                      AuditedChange::IfUnwritable::warn);
  entry.begin();
  release_hold(box);
  entry.end({});
  return true;
}

}  // namespace mailinabox

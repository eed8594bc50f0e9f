#include "operations/plan.hpp"

#include "engine/engine.hpp"
#include "operations/hold.hpp"
#include "operations/journal.hpp"

namespace mailinabox {

bool PlanResult::changes() const {
  return !migrations.empty() || report.count(Status::would_change) > 0 || !report.reloaded.empty() ||
         !report.restarted.empty();
}

PlanResult plan_box(const Box& box, const Scope& scope) {
  require_root(box);
  const LoadedBox loaded = load_box(box, scope, {.first_user = true, .probe_network = true});
  PlanResult result{.first_time = !answered_before(box),
                    .storage_root = loaded.answers().get("STORAGE_ROOT"),
                    .storage_version = storage_version(box.view(), loaded.answers()),
                    .migrations = plan_migrations(box.view(), loaded.answers()),
                    .warnings = loaded.models.warnings};
  if (const auto held = read_hold(box)) {
    result.warnings.push_back(held->text() + " Setup asks before it makes these changes; the nightly run makes none.");
  }
  result.report = plan(loaded.catalog, box.view(), *open_journal(box));
  return result;
}

}  // namespace mailinabox

#include "operations/plan.hpp"

#include "engine/engine.hpp"
#include "operations/hold.hpp"
#include "operations/journal.hpp"
#include "operations/port_check.hpp"
#include "operations/release.hpp"
#include "operations/suitability.hpp"

namespace mailinabox {

bool PlanResult::changes() const {
  return !migrations.empty() || report.count(Status::would_change) > 0 || !report.reloaded.empty() ||
         !report.restarted.empty();
}

PlanResult plan_box(const Box& box, const Scope& scope) {
  require_root(box);
  std::vector<std::string> warnings = require_whole_release(box, require_platform(box));
  const LoadedBox loaded = load_box(box, scope, {.first_user = true, .probe_network = true});
  PlanResult result{.moved = loaded.moved,
                    .first_time = !answered_before(box),
                    .storage_root = loaded.answers().get("STORAGE_ROOT"),
                    .storage_version = storage_version(box.view(), loaded.answers()),
                    .migrations = plan_migrations(box.view(), loaded.answers()),
                    .warnings = std::move(warnings)};
  for (const auto& more : {loaded.warnings(), loaded.complete.warnings}) {
    result.warnings.insert(result.warnings.end(), more.begin(), more.end());
  }
  if (box.system.packages.interrupted()) {
    result.warnings.push_back(
        "An earlier run of dpkg was cut off. Setup finishes it first, as `dpkg --configure -a` does.");
  }
  if (!is_set_up(box)) {
    const PortFindings ports = look_at_ports(loaded.catalog, box.view());
    result.warnings.insert(result.warnings.end(), ports.notices.begin(), ports.notices.end());
    for (const std::string& obstacle : ports.obstacles) {
      result.warnings.push_back("Setup will refuse to begin, as another program holds a port: " + obstacle + ".");
    }
  }
  if (const auto held = read_hold(box)) {
    result.warnings.push_back(held->text() + " Setup asks before it makes these changes; the nightly run makes none.");
  }
  result.report = plan(loaded.catalog, box.view(), *open_journal(box));
  const std::string mixture = mixture_by(box, loaded.platform, result.report.packages);
  if (!mixture.empty()) result.warnings.push_back("Setup will refuse these changes. " + mixture);
  return result;
}

}  // namespace mailinabox

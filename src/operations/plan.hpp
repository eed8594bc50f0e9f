// What setup would do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/report.hpp"
#include "operations/load_box.hpp"
#include "operations/migrate/storage_migrator.hpp"

namespace mailinabox {

struct PlanResult {
  std::optional<Move> moved{};  // to another release of the distribution
  bool first_time = false;      // no setup has stored answers: the plan takes the defaults
  std::string storage_root{};
  std::optional<int> storage_version{};  // of the data's layout
  std::vector<PlannedMigration> migrations{};
  std::vector<std::string> warnings{};  // of the machine's release, the models and the addresses
  Report report{};

  bool changes() const;
};

// Looks only. Throws as load_box() does.
PlanResult plan_box(const Box& box, const Scope& scope);

}  // namespace mailinabox

// Data of an older release brought to the present layout, without the rest of setup.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "operations/held_lock.hpp"
#include "operations/migrate/storage_migrator.hpp"

namespace mailinabox {

struct StorageState {
  std::string root{};
  std::optional<int> version{};             // of the layout; nothing if the data does not say
  std::vector<PlannedMigration> planned{};  // what brings it to the present layout
};

// `storage_root`: the data's directory; "" is this box's. Looks only. Throws Error if the user is not root, if there is
// no box, and (usage) for a path that cannot hold data.
StorageState storage_state(const Box& box, const std::string& storage_root);

// The migrations that were done. `tell` hears of each. Throws Error naming the migration and what was kept.
std::vector<DoneMigration> migrate(const Box& box, const std::string& storage_root, const LockRequest& request,
                                   const std::function<void(const DoneMigration&)>& tell);

}  // namespace mailinabox

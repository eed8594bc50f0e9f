// Migrations as people read them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operations/migrate/storage_migrator.hpp"

namespace mailinabox {

// The plan, for people; `present` as storage_version() says it.
std::string migrations_text(const std::string& root, std::optional<int> present,
                            const std::vector<PlannedMigration>& planned);

// One line about a migration that was done, with its copy.
std::string done_text(const DoneMigration& done);

}  // namespace mailinabox

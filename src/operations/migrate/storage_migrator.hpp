// Brings STORAGE_ROOT to the layout that this program works with (box/storage/migrations.hpp), one migration after the
// other. Each one is done wholly or undone; before it changes anything, what it changes is copied to
// STORAGE_ROOT/before-migration-NUMBER (root only), which stays; after it the number is written. A run that was cut off
// at any instant is finished by the next one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "box/answers.hpp"
#include "engine/resource.hpp"

namespace mailinabox {

struct PlannedMigration {
  int number = 0;
  std::string summary{};
  std::vector<std::string> changes{};  // may be empty: then only the number changes
};

struct DoneMigration {
  int number = 0;
  std::string summary{};
  std::string copy{};  // where the old state is kept; "" if nothing was changed
};

// The number of the layout below STORAGE_ROOT: of its file mailinabox.version, else MIGRATIONID of the answers (boxes
// of before migration 3); nothing if there is no number. Throws Error if the file does not hold a number, and
// (unsuitable) if it is higher than ours, naming both.
std::optional<int> storage_version(const View& view, const Answers& answers);

// What migrate_storage() would do. Looks only.
std::vector<PlannedMigration> plan_migrations(const View& view, const Answers& answers);

// Does it, and removes MIGRATIONID from `answers` (which the caller keeps). `tell` is called after each migration that
// is done. Throws Error naming the migration, what is as it was, and the copy.
std::vector<DoneMigration> migrate_storage(System& system, Answers& answers,
                                           const std::function<void(const DoneMigration&)>& tell);

}  // namespace mailinabox

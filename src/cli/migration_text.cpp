#include "cli/migration_text.hpp"

#include <fmt/format.h>

#include "box/storage/migrations.hpp"

namespace mailinabox {

std::string migrations_text(const std::string& root, std::optional<int> present,
                            const std::vector<PlannedMigration>& planned) {
  if (!present) {
    return fmt::format(
        "{} has no mailinabox.version: there is no data yet, or it is assumed to have the present layout, "
        "{}.\n",
        root, k_storage_version);
  }
  if (planned.empty()) return fmt::format("The data in {} has the present layout, {}.\n", root, *present);
  std::string text =
      fmt::format("The data in {} has layout {}; the present one is {}.\n", root, *present, k_storage_version);
  for (const PlannedMigration& migration : planned) {
    text += fmt::format("{:>2}  {}\n", migration.number, migration.summary);
    for (const std::string& change : migration.changes) text += "      " + change + "\n";
    if (migration.changes.empty()) text += "      nothing to change here\n";
  }
  return text;
}

std::string done_text(const DoneMigration& done) {
  std::string text = fmt::format("Migration {}: {}.", done.number, done.summary);
  if (!done.copy.empty()) text += " The old state is kept in " + done.copy + ".";
  return text;
}

}  // namespace mailinabox

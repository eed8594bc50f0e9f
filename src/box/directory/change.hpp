// A change of the directory: one write transaction that also updates the automatic aliases.
#pragma once

#include <memory>
#include <string>

#include "box/directory/directory.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {

// Throws Error as the constructor of Directory does.
std::shared_ptr<Database> open_directory(const std::string& path, Directory::Access access);

// Unprivileged readers need a rollback journal (store/sqlite.hpp).
inline Database::Transaction begin_change(Database& database) {
  if (database.journal_mode() == "wal") database.execute("PRAGMA journal_mode = DELETE");
  return Database::Transaction(database);
}

class Directory::Change {
 public:
  explicit Change(Directory& directory) : directory_(directory), transaction_(begin_change(*directory.database_)) {}

  // Updates the automatic aliases and commits. Without it everything is rolled back.
  DirectoryReport commit(const std::string& first_line) {
    DirectoryReport report{first_line};
    const DirectoryReport more = directory_.store_automatic_aliases();
    report.insert(report.end(), more.begin(), more.end());
    transaction_.commit();
    return report;
  }

 private:
  Directory& directory_;
  Database::Transaction transaction_;
};

}  // namespace mailinabox

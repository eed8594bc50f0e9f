// The migrations (migrations.hpp) of the databases below STORAGE_ROOT.
#pragma once

#include <string>
#include <vector>

namespace mailinabox {

// The database that the migration changes, relative to STORAGE_ROOT; "" if it changes none.
std::string migrated_database(int number);

// The changes of the migration to the database file `path`, each as "add the column quota to users"; none if they are
// done. Only reads. Throws Error, naming the file, if it is damaged.
std::vector<std::string> database_changes(int number, const std::string& path);

// Applies them, all or nothing: takes the write lock, copies the whole database to `copy`, which must not exist, checks
// it for damage, changes it and commits. If it throws Error, the database is unchanged, and a finished copy stays.
void migrate_database(int number, const std::string& path, const std::string& copy);

}  // namespace mailinabox

// The migrations (migrations.hpp) of the databases below STORAGE_ROOT.
#pragma once

#include <string>
#include <vector>

namespace mailinabox {

// Which database the migration changes, from STORAGE_ROOT; "" for those that change none.
std::string migrated_database(int number);

// What the migration would change in the database file `path`, each as "add the column quota to users"; none where that
// has been done. Looks only. Throws Error naming the file where it is damaged.
std::vector<std::string> database_changes(int number, const std::string& path);

// Does it, all or nothing: takes the write lock, copies the whole database to `copy`, a path where nothing lies, checks
// that it is sound, changes it and commits. Throws Error: the database is as it was then, and the copy, where it could
// be made, stays.
void migrate_database(int number, const std::string& path, const std::string& copy);

}  // namespace mailinabox

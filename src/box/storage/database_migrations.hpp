// The migrations (migrations.hpp) of the databases below STORAGE_ROOT.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

// The database that the migration changes, relative to STORAGE_ROOT; "" if it changes none.
std::string migrated_database(int number);

// True if it lies in a folder of another account than root (webmail's). Root must not let SQLite open a file there:
// whoever may write to the folder can put a journal or a link beside the file, and SQLite would obey it.
bool database_is_of_others(int number);

// The changes of the migration to the database file `path`, each as "add the column quota to users"; none if they are
// done. Only reads. Throws Error, naming the file, if it is damaged.
std::vector<std::string> database_changes(int number, const std::string& path);
// The same for the bytes of the file; `path` is only named.
std::vector<std::string> database_changes(int number, const std::string& path, std::string_view content);

// Applies them, all or nothing: takes the write lock, copies the whole database to `copy`, which must not exist, checks
// it for damage, changes it and commits. If it throws Error, the database is unchanged, and a finished copy stays.
void migrate_database(int number, const std::string& path, const std::string& copy);

// The bytes of the database after the migration. Throws Error, naming `path`, if it is damaged.
std::string migrated_content(int number, const std::string& path, std::string_view content);

}  // namespace mailinabox

// Databases that only their owner may read, made by the program itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/sqlite.hpp"

namespace mailinabox {

struct DatabaseForm {
  std::int64_t version = 1;  // PRAGMA user_version
  const char* tables = "";   // CREATE statements
};

// This process's connection to the database. Makes the file, with mode 0600, and its tables if they are missing.
// Throws DatabaseError if that cannot be done, if there are tables of another version, DamagedDatabase if it is
// damaged.
std::shared_ptr<Database> private_database(const std::string& path, const DatabaseForm& form);

// The same for what may be lost: a database that is damaged, emptied or of another version is made again.
std::shared_ptr<Database> replaceable_database(const std::string& path, const DatabaseForm& form);

// Reads all of such a database, and removes it if it is damaged: the next one to open it makes it again. Says whether
// it was.
bool remove_if_damaged(const std::string& path);

}  // namespace mailinabox

#include "store/private_database.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace mailinabox {
namespace {

// A file that is there is not opened: closing it would end this process's locks on it.
void make_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file >= 0) {
    ::close(file);
  } else if (errno != EEXIST) {
    throw SystemError("make", path, errno);
  }
}

std::int64_t form_of(Database& database) {
  Statement statement = database.prepare("PRAGMA user_version");
  return statement.step() ? statement.integer(0) : 0;
}

bool has_tables(Database& database) { return database.prepare("SELECT 1 FROM sqlite_master").step(); }

// The version that it has then.
std::int64_t make_tables(Database& database, const DatabaseForm& form) {
  Database::Transaction transaction(database);
  const std::int64_t version = form_of(database);
  if (version != 0 || has_tables(database)) return version;  // another process was faster
  database.execute(form.tables);
  database.execute("PRAGMA user_version = " + std::to_string(form.version));
  transaction.commit();
  return form.version;
}

// Nothing if its tables are of another version, which `found` then is.
std::shared_ptr<Database> open_private(const std::string& path, const DatabaseForm& form, std::int64_t& found) {
  make_private_file(path);
  auto database = connect_database(path, Database::Access::create);
  found = form_of(*database);
  if (found == 0) found = make_tables(*database, form);
  return found == form.version ? database : nullptr;
}

void remove_database(const std::string& path) {
  // The file last: as long as it is there, nobody makes a new one, whose log these would be.
  for (const char* ending : {"-wal", "-shm", "-journal", ""}) (void)std::remove((path + ending).c_str());
}

bool is_damaged(const std::string& path) {
  try {
    const auto database = connect_database(path, Database::Access::read_only);
    Statement check = database->prepare("PRAGMA quick_check(1)");
    return !check.step() || check.text(0) != "ok";
  } catch (const DamagedDatabase&) {
    return true;
  }
}

}  // namespace

std::shared_ptr<Database> private_database(const std::string& path, const DatabaseForm& form) {
  std::int64_t found = 0;
  if (auto database = open_private(path, form, found)) return database;
  throw DatabaseError("database " + path + ": its tables have version " + std::to_string(found) +
                      ", this program knows version " + std::to_string(form.version) +
                      (found > form.version ? ": a later version of mailinabox has made it; install that one again"
                                            : ": put a copy of yours in its place"));
}

std::shared_ptr<Database> replaceable_database(const std::string& path, const DatabaseForm& form) {
  std::int64_t found = 0;
  try {
    if (auto database = open_private(path, form, found)) return database;
  } catch (const DamagedDatabase&) {
  }
  remove_database(path);
  if (auto database = open_private(path, form, found)) return database;
  throw DatabaseError("database " + path + ": it was removed, and made by another program since: try again");
}

bool remove_if_damaged(const std::string& path) {
  if (!is_damaged(path)) return false;
  remove_database(path);
  return true;
}

}  // namespace mailinabox

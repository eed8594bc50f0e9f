#include "store/private_database.hpp"

#include <fcntl.h>
#include <sys/file.h>
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

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// Somebody has taken all bytes from a database with a write-ahead log. Its other processes go on with what they
// remember, and their locks keep everybody from writing to the file. A new file is empty, too, but has no log yet.
bool is_emptied(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && status.st_size == 0 && (exists(path + "-wal") || exists(path + "-shm"));
}

// Nothing if it is damaged, or of another version.
std::shared_ptr<Database> open_whole(const std::string& path, const DatabaseForm& form) {
  if (is_emptied(path)) return nullptr;
  try {
    std::int64_t found = 0;
    return open_private(path, form, found);
  } catch (const DamagedDatabase&) {
    return nullptr;
  }
}

// Of processes that find the same damage one removes the database; the others find what was made instead.
class ReplacementLock {
 public:
  explicit ReplacementLock(const std::string& path) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    folder_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_ < 0) throw SystemError("open", folder, errno);
    while (::flock(folder_, LOCK_EX) != 0) {
      if (errno != EINTR) break;  // a file system without locks: as if nobody else were there
    }
  }
  ~ReplacementLock() { ::close(folder_); }
  ReplacementLock(const ReplacementLock&) = delete;
  ReplacementLock& operator=(const ReplacementLock&) = delete;

 private:
  int folder_ = -1;
};

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
  if (auto database = open_whole(path, form)) return database;
  const ReplacementLock lock(path);
  if (auto database = open_whole(path, form)) return database;
  remove_database(path);
  std::int64_t found = 0;
  if (auto database = open_private(path, form, found)) return database;
  throw DatabaseError("database " + path + ": it was removed, and made by another program since: try again");
}

bool remove_if_damaged(const std::string& path) {
  const ReplacementLock lock(path);
  if (!is_damaged(path)) return false;
  remove_database(path);
  return true;
}

}  // namespace mailinabox

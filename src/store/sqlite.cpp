#include "store/sqlite.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

namespace mailinabox {
namespace {

constexpr int k_busy_timeout_ms = 10'000;
constexpr int k_most_log_pages = 250;  // the commit that makes it longer puts it into the file

sqlite3* connection(void* handle) { return static_cast<sqlite3*>(handle); }
sqlite3_stmt* compiled(void* handle) { return static_cast<sqlite3_stmt*>(handle); }

// SQLite's code for "full" is of a write; a file that it cannot make, its journal for example, has another.
int code_with_cause(sqlite3* handle, int code) {
  const bool by_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  const int error_number = by_system ? sqlite3_system_errno(handle) : 0;
  return error_number == ENOSPC || error_number == EDQUOT ? SQLITE_FULL : code;
}

const char* remedy(int code) {
  if (code == SQLITE_READONLY_ROLLBACK) {
    return "; a program was cut off while it changed it: any command of mailinabox that is run as root repairs it";
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another program has kept it locked for 10 s: try again";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "; the file is damaged: restore it from a backup";
    case SQLITE_FULL:
      return "; make space on its file system";
    default:
      return "";
  }
}

[[noreturn]] void fail(const Database& database, int said) {
  const int code = code_with_cause(connection(database.handle()), said);
  const std::string words = sqlite3_errmsg(connection(database.handle()));
  const bool incomplete = words.starts_with("no such table") || words.starts_with("no such column");
  const std::string message = "database " + database.path() + ": " + words +
                              (incomplete ? "; this is not the database that is expected there, or a part of it: put a "
                                            "copy of yours in its place"
                                          : remedy(code));
  if ((code & 0xff) == SQLITE_CONSTRAINT) throw Conflict(message);
  if (incomplete || (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT) throw DamagedDatabase(message);
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) throw LockedDatabase(message);
  throw DatabaseError(message, (code & 0xff) == SQLITE_FULL ? ExitCode::no_space : ExitCode::failed);
}

void check(const Database& database, int code) {
  if (code != SQLITE_OK) fail(database, code);
}

// After a commit. SQLite's own way (wal_autocheckpoint) has the next commit begin the log anew, but not if it is the
// first one of the only connection: then the log would grow, and be put into the file by every commit.
int shorten_log(void* /*data*/, sqlite3* handle, const char* /*name*/, int pages) {
  if (pages <= k_most_log_pages) return SQLITE_OK;
  sqlite3_busy_timeout(handle, 0);  // while somebody reads it fails, and the next commit tries again
  sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(handle, k_busy_timeout_ms);
  return SQLITE_OK;
}

// For writing even to look: SQLite opens read-only what this process may not write.
int open_flags(Database::Access access) {
  return access == Database::Access::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
}

// The open connections of this process, by device and inode: a file that was replaced is another one.
class Connections {
 public:
  // Null if there is none, or only a read-only one and `access` asks for more.
  std::shared_ptr<Database> find(const std::string& path, Database::Access access) {
    const std::lock_guard guard(mutex_);
    const auto known = open_.find(file_of(path));
    if (known == open_.end()) return nullptr;
    const auto [weak, may] = known->second;
    auto database = weak.lock();
    return database != nullptr && (may == access || may != Database::Access::read_only) ? database : nullptr;
  }

  void add(const std::shared_ptr<Database>& database, Database::Access access) {
    const std::lock_guard guard(mutex_);
    open_.insert_or_assign(file_of(database->path()), Open{database, access});
    if (keeping_) kept_.push_back(database);
  }

  void keep(bool keeping) {
    const std::lock_guard guard(mutex_);
    keeping_ = keeping;
    if (!keeping) kept_.clear();
  }

 private:
  using File = std::pair<dev_t, ino_t>;
  struct Open {
    std::weak_ptr<Database> database{};
    Database::Access access = Database::Access::read_only;
  };

  static File file_of(const std::string& path) {
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 ? File{status.st_dev, status.st_ino} : File{};
  }

  std::mutex mutex_{};
  std::map<File, Open> open_{};
  bool keeping_ = false;
  std::vector<std::shared_ptr<Database>> kept_{};
};

Connections& connections() {
  static Connections all;
  return all;
}

}  // namespace

std::shared_ptr<Database> connect_database(const std::string& path, Database::Access access) {
  if (auto known = connections().find(path, access)) return known;
  auto database = std::make_shared<Database>(path, access);
  connections().add(database, access);
  return database;
}

KeptConnections::KeptConnections() { connections().keep(true); }
KeptConnections::~KeptConnections() { connections().keep(false); }

std::string journal_mode_of(const std::string& path) {
  if (const auto known = connections().find(path, Database::Access::read_only)) return known->journal_mode();
  // Only a connection can roll a hot journal back, and before that the header says nothing.
  if (::access((path + "-journal").c_str(), F_OK) == 0)
    (void)Database(path, Database::Access::read_only).journal_mode();
  // The header: 16 bytes of magic, page size, then the write and read versions (1 rollback journal, 2 WAL).
  static constexpr char k_magic[] = "SQLite format 3";
  char header[20] = {};
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) throw SystemError("open", path, errno);
  const std::size_t got = std::fread(header, 1, sizeof header, file);
  const int error_number = std::ferror(file) != 0 ? errno : 0;
  std::fclose(file);
  if (error_number != 0) throw SystemError("read", path, error_number);
  if (got == 0) return "";
  if (got < sizeof header || std::memcmp(header, k_magic, sizeof k_magic) != 0) {
    throw DamagedDatabase("database " + path +
                          ": the file is not an SQLite database; restore it from a backup or move it away");
  }
  return header[18] == 2 || header[19] == 2 ? "wal" : "delete";
}

Database::Database(const std::string& path, Access access) : Database(path, path.c_str(), open_flags(access)) {
  if (access == Access::read_only) execute("PRAGMA query_only = ON");
}

Database::Database(const std::string& path, std::string_view content)
    : Database(path, ":memory:", SQLITE_OPEN_READWRITE) {
  if (content.empty()) return;  // as an empty file: no tables
  auto* bytes = static_cast<unsigned char*>(sqlite3_malloc64(content.size()));
  if (bytes == nullptr) throw Error("database " + path + ": there is not enough memory for a copy of it");
  std::memcpy(bytes, content.data(), content.size());
  // The mark of WAL mode in the header (journal_mode_of): a copy in memory cannot have that.
  if (content.size() > 19) {
    for (const int version : {18, 19}) bytes[version] = std::min<unsigned char>(bytes[version], 1);
  }
  const auto size = static_cast<sqlite3_int64>(content.size());
  check(*this, sqlite3_deserialize(connection(handle_), "main", bytes, size, size,
                                   SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE));
}

Database::Database(const std::string& path, const char* file, int flags) : path_(path) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file, &opened, flags, nullptr);
  handle_ = opened;
  if (code != SQLITE_OK) {
    const std::string words = opened != nullptr ? sqlite3_errmsg(opened) : sqlite3_errstr(code);
    const int cause = opened != nullptr ? code_with_cause(opened, code) : code;
    sqlite3_close_v2(opened);
    throw DatabaseError("database " + path + ": " + words + remedy(cause),
                        cause == SQLITE_FULL ? ExitCode::no_space : ExitCode::failed);
  }
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_busy_timeout(opened, k_busy_timeout_ms);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
}

Database::~Database() { sqlite3_close_v2(connection(handle_)); }

void Database::execute(const std::string& sql) {
  check(*this, sqlite3_exec(connection(handle_), sql.c_str(), nullptr, nullptr, nullptr));
}

Statement Database::prepare(std::string_view sql) { return Statement(*this, sql); }

std::string Database::content() {
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(connection(handle_), "main", &size, 0);
  if (bytes == nullptr) throw Error("database " + path_ + ": there is not enough memory for a copy of it");
  std::string all(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  sqlite3_free(bytes);
  return all;
}

std::string Database::journal_mode() {
  Statement statement = prepare("PRAGMA journal_mode");
  return statement.step() ? statement.text(0) : "";
}

std::int64_t Database::changes() const { return sqlite3_changes(connection(handle_)); }

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(connection(handle_)); }

void Database::use_write_ahead_log() {
  sqlite3* const handle = connection(handle_);
  sqlite3_wal_hook(handle, shorten_log, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  const int code = sqlite3_exec(handle, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr) & 0xff;
  if (code != SQLITE_BUSY && code != SQLITE_LOCKED && code != SQLITE_FULL) check(*this, code);
}

Database::Transaction::Transaction(Database& database, Durability durability)
    : database_(database), durability_(durability) {
  if (durability_ == Durability::buffered) database_.execute("PRAGMA synchronous = NORMAL");
  try {
    database_.execute("BEGIN IMMEDIATE");
  } catch (...) {
    wait_for_disk_again();
    throw;
  }
}

Database::Transaction::~Transaction() {
  sqlite3* const handle = connection(database_.handle());
  // If SQLite has already rolled back by itself (disk full), this fails without consequence.
  if (open_) sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
  wait_for_disk_again();
}

void Database::Transaction::wait_for_disk_again() {
  if (durability_ == Durability::on_disk) return;
  sqlite3_exec(connection(database_.handle()), "PRAGMA synchronous = FULL", nullptr, nullptr, nullptr);
}

void Database::Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

void copy_database(Database& source, const std::string& path) {
  try {
    Database target(path, Database::Access::create);
    sqlite3* const written = connection(target.handle());
    sqlite3_backup* backup = sqlite3_backup_init(written, "main", connection(source.handle()), "main");
    if (backup != nullptr) (void)sqlite3_backup_step(backup, -1);  // backup_finish reports the same error
    const int code = backup != nullptr ? sqlite3_backup_finish(backup) : sqlite3_extended_errcode(written);
    if (code == SQLITE_OK) return;
    const std::string words = "cannot copy database " + source.path() + " to " + path + ": " + sqlite3_errstr(code);
    throw Error(words + remedy(code), (code & 0xff) == SQLITE_FULL ? ExitCode::no_space : ExitCode::failed);
  } catch (const std::exception&) {
    (void)std::remove(path.c_str());
    throw;
  }
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  sqlite3_stmt* prepared = nullptr;
  check(database, sqlite3_prepare_v2(connection(database.handle()), sql.data(), static_cast<int>(sql.size()), &prepared,
                                     nullptr));
  handle_ = prepared;
}

Statement::~Statement() { sqlite3_finalize(compiled(handle_)); }

Statement::Statement(Statement&& other) noexcept : database_(other.database_), handle_(other.handle_) {
  other.handle_ = nullptr;
}

void Statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL instead of "".
  const char* data = text.empty() ? "" : text.data();
  check(database_, sqlite3_bind_text64(compiled(handle_), parameter, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(int parameter, std::int64_t number) {
  check(database_, sqlite3_bind_int64(compiled(handle_), parameter, number));
}

void Statement::bind_null(int parameter) { check(database_, sqlite3_bind_null(compiled(handle_), parameter)); }

bool Statement::step() {
  const int code = sqlite3_step(compiled(handle_));
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    // fail() needs the error before reset, which releases the statement's lock on the database.
    try {
      fail(database_, code);
    } catch (const std::exception&) {
      sqlite3_reset(compiled(handle_));
      throw;
    }
  }
  return false;
}

void Statement::reset() {
  sqlite3_reset(compiled(handle_));  // repeats the error that step() has thrown
  sqlite3_clear_bindings(compiled(handle_));
}

std::string Statement::text(int column) const {
  const unsigned char* data = sqlite3_column_text(compiled(handle_), column);
  if (data == nullptr) return "";
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(compiled(handle_), column));
  return std::string(reinterpret_cast<const char*>(data), size);
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(compiled(handle_), column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(compiled(handle_), column) == SQLITE_NULL; }

}  // namespace mailinabox

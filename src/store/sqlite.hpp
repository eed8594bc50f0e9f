// SQLite 3 with exceptions: functions throw Error with the file and SQLite's message. A rollback journal, but for
// Database::use_write_ahead_log(): Postfix's unprivileged readers could not open a users' database in WAL mode.
//
// A writer that was killed in a transaction leaves half of its pages in the file and the old ones in a hot journal
// beside it (https://www.sqlite.org/atomiccommit.html). Nobody can read the database before a process that may write to
// it has rolled the journal back, and until then mail is deferred. SQLite does that by itself at the next access of a
// connection that was opened for writing, so every connection is, if the process may: a command that only looks, such
// as `mailinabox plan`, changes no row, but it does repair this. It is the one thing that it writes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace mailinabox {

// The row violates a constraint of the schema: a second user with the same address, a missing value.
class Conflict : public Error {
 public:
  using Error::Error;
};

// A database cannot be used: what was asked for may be right. ExitCode::no_space if its file system is full.
class DatabaseError : public Error {
 public:
  using Error::Error;
};

// The file is not an SQLite database, or a part of it is unreadable.
class DamagedDatabase : public DatabaseError {
 public:
  using DatabaseError::DatabaseError;
};

// Another program has kept the database locked for as long as one waits.
class LockedDatabase : public DatabaseError {
 public:
  using DatabaseError::DatabaseError;
};

// The journal mode of a database file: "delete" for any rollback journal, "wal", "" for an empty file. Without a
// connection in this process only the header is read: opening a database in WAL mode would create files beside it. If a
// journal lies there, the database is opened first, which rolls back a hot one.
// Throws Error if the file cannot be read or is not an SQLite database.
std::string journal_mode_of(const std::string& path);

class Statement;

class Database {
 public:
  enum class Access : std::uint8_t {
    read_only,  // statements that change something fail; still, a hot journal is rolled back if the process may write
    read_write,
    create,
  };

  // Opens the file with a busy timeout of 10 s and foreign keys enforced.
  Database(const std::string& path, Access access);
  // A copy in memory of a database file's bytes. Only `path`'s name is used, in messages: no file is opened, no journal
  // beside it played back. For files in folders of others, who could plant a journal or a link there for root.
  Database(const std::string& path, std::string_view content);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs one or more statements that have no parameters or results.
  void execute(const std::string& sql);
  Statement prepare(std::string_view sql);

  // What a failure of power may take. A process that is killed takes no commit, whichever it is.
  enum class Durability : std::uint8_t {
    on_disk,   // nothing: a commit waits for the disk
    buffered,  // with a write-ahead log the last commits, as if they had never been made; without one as on_disk
  };

  // Takes the write lock at once (BEGIN IMMEDIATE); rolls back if destroyed without commit().
  class Transaction {
   public:
    explicit Transaction(Database& database, Durability durability = Durability::on_disk);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

   private:
    void wait_for_disk_again();

    Database& database_;
    Durability durability_;
    bool open_ = true;
  };

  // From now on, and for whoever opens the file later, commits go to a log beside the file
  // (https://www.sqlite.org/wal.html): one write to the disk where a rollback journal needs three, one after the other.
  // For a database that only root opens, often, for a short time: the log stays when the last connection closes, which
  // would else wait for the disk to put it into the file, and it is kept short, as the first connection reads all of
  // it. A database that has a rollback journal keeps it while another connection writes, or the disk is full: it is as
  // good, only slower, and whoever opens it next tries again.
  void use_write_ahead_log();

  std::string content();         // all bytes, as its file would hold them
  std::string journal_mode();    // "delete", "wal", …
  std::int64_t changes() const;  // rows changed by the last statement
  std::int64_t last_id() const;  // of the row inserted last
  const std::string& path() const { return path_; }
  void* handle() const { return handle_; }

 private:
  Database(const std::string& path, const char* file, int flags);

  std::string path_;
  void* handle_ = nullptr;  // sqlite3*
};

// This process's existing connection to the file if it allows `access`, or a new one. Sharing is necessary: closing any
// descriptor of a file releases all locks of the process on it (fcntl(2)), so two users of one database in a process
// must not open and close it separately.
std::shared_ptr<Database> connect_database(const std::string& path, Database::Access access);

// While one lives, the connections that connect_database() makes in this process stay open, for a process that answers
// one request after the other.
class KeptConnections {
 public:
  KeptConnections();
  ~KeptConnections();
  KeptConnections(const KeptConnections&) = delete;
  KeptConnections& operator=(const KeptConnections&) = delete;
};

// Copies `source` to a new file `path` and returns when that is on the disk. `source` must not be in a transaction of
// its own; a transaction of another connection keeps writers out. Throws Error and removes `path`.
void copy_database(Database& source, const std::string& path);

// A prepared statement:
//   auto statement = database.prepare("SELECT email FROM users WHERE email = ?");
//   statement.bind(1, address);
//   while (statement.step()) use(statement.text(0));
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int parameter, std::string_view text);  // parameters count from 1
  void bind(int parameter, std::int64_t number);
  void bind_null(int parameter);
  bool step();  // true: there is a row; false: done. A violated constraint throws Conflict
  void reset();
  std::string text(int column) const;  // columns count from 0; NULL is ""
  std::int64_t integer(int column) const;
  bool is_null(int column) const;

 private:
  Database& database_;
  void* handle_ = nullptr;  // sqlite3_stmt*
};

}  // namespace mailinabox

// A thin, throwing layer over SQLite 3. Rollback journal only: the users' database must never be in WAL mode, because
// Postfix's unprivileged readers cannot open it then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace mailinabox {

// A constraint of the schema does not allow the row: a second user with the same address, a missing value.
class Conflict : public Error {
 public:
  using Error::Error;
};

// A writer was cut off within a transaction. Any connection that may write rolls it back when it first looks; one that
// may only read cannot, and throws this.
class CutOffTransaction : public Error {
 public:
  using Error::Error;
};

// How a database file says it is written: "delete" for every rollback journal, "wal", "" for an empty file. If this
// process has no connection to it, the header is read without opening it as a database (which would leave files beside
// a database in WAL mode). Throws Error if the file cannot be read or is not an SQLite database.
std::string journal_mode_of(const std::string& path);

class Statement;

class Database {
 public:
  enum class Access : std::uint8_t { read_only, read_write, create };

  // Opens the file with a busy timeout of 10 s and foreign keys enforced. Throws Error naming the file and SQLite's
  // words.
  Database(const std::string& path, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs one or more statements without parameters or results.
  void execute(const std::string& sql);
  Statement prepare(std::string_view sql);

  // Commits on commit(), rolls back when destroyed without it. BEGIN IMMEDIATE: the write lock is taken at once.
  class Transaction {
   public:
    explicit Transaction(Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

   private:
    Database& database_;
    bool open_ = true;
  };

  std::string journal_mode();    // "delete", "wal", …
  std::int64_t changes() const;  // rows changed by the last statement
  const std::string& path() const { return path_; }
  void* handle() const { return handle_; }

 private:
  std::string path_;
  void* handle_ = nullptr;  // sqlite3*
};

// The connection that this process has to the file already, if it may do as much, or a new one. Sharing is more than thrift:
// closing any descriptor of a file ends all of a process's locks on it (fcntl(2)), so that two users of one database in
// a process must not open and close it on their own.
std::shared_ptr<Database> connect_database(const std::string& path, Database::Access access);

// Copies all of `source` to a new file `path` and returns when that is on the disk. `source` must not be writing;
// another connection's transaction keeps other writers out. Throws Error; `path` is gone then.
void copy_database(Database& source, const std::string& path);

// A prepared statement; parameters are bound in order by the arguments of step-wise calls:
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
  bool step();  // true: a row is there; false: done. Throws Error; a violated constraint throws Conflict
  void reset();
  std::string text(int column) const;  // columns count from 0; NULL is ""
  std::int64_t integer(int column) const;
  bool is_null(int column) const;

 private:
  Database& database_;
  void* handle_ = nullptr;  // sqlite3_stmt*
};

}  // namespace mailinabox

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/cut_off_writer.hpp"
#include "support/disk_waits.hpp"

namespace mailinabox {
namespace {

using test::Contains;

class StoreDirectory {
 public:
  StoreDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "store-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~StoreDirectory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_{};
};

constexpr auto k_create = Database::Access::create;

std::int64_t count_rows(Database& database) {
  auto select = database.prepare("SELECT count(*) FROM t");
  return select.step() ? select.integer(0) : -1;
}

}  // namespace

TEST_CASE("store: rows written are read back, empty text and NULL apart", "[store]") {
  StoreDirectory directory;
  Database database(directory.file("a.sqlite"), k_create);
  database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT); CREATE TABLE other (x);");
  auto insert = database.prepare("INSERT INTO t (word) VALUES (?)");
  insert.bind(1, std::string_view{});
  CHECK_FALSE(insert.step());
  CHECK(database.changes() == 1);
  insert.reset();
  insert.bind_null(1);
  CHECK_FALSE(insert.step());
  insert.reset();
  insert.bind(1, "it's ünïcode");
  insert.step();
  auto select = database.prepare("SELECT id, word FROM t WHERE id >= ? ORDER BY id");
  select.bind(1, std::int64_t{1});
  REQUIRE(select.step());
  CHECK_FALSE(select.is_null(1));
  CHECK(select.text(1).empty());
  REQUIRE(select.step());
  CHECK(select.is_null(1));
  REQUIRE(select.step());
  CHECK(select.integer(0) == 3);
  CHECK(select.text(1) == "it's ünïcode");
  CHECK_FALSE(select.step());
}

TEST_CASE("store: a violated constraint is a Conflict and leaves the statement usable", "[store]") {
  StoreDirectory directory;
  Database database(directory.file("a.sqlite"), k_create);
  database.execute(
      "CREATE TABLE t (word TEXT UNIQUE); INSERT INTO t VALUES ('a');"
      "CREATE TABLE child (word TEXT REFERENCES t(word));");
  auto insert = database.prepare("INSERT INTO t VALUES (?)");
  insert.bind(1, "a");
  CHECK_THROWS_AS(insert.step(), Conflict);
  insert.reset();
  insert.bind(1, "b");
  CHECK_FALSE(insert.step());
  CHECK_THROWS_AS(database.execute("INSERT INTO child VALUES ('nobody')"), Conflict);  // foreign keys are enforced
}

TEST_CASE("store: a transaction that is not committed is undone", "[store]") {
  StoreDirectory directory;
  Database database(directory.file("a.sqlite"), k_create);
  database.execute("CREATE TABLE t (n)");
  {
    Database::Transaction transaction(database);
    database.execute("INSERT INTO t VALUES (1)");
  }
  {
    Database::Transaction transaction(database);
    database.execute("INSERT INTO t VALUES (2)");
    transaction.commit();
  }
  auto select = database.prepare("SELECT n FROM t");
  REQUIRE(select.step());
  CHECK(select.integer(0) == 2);
  CHECK_FALSE(select.step());
}

TEST_CASE("store: errors name the file", "[store]") {
  StoreDirectory directory;
  const std::string missing = directory.file("missing.sqlite");
  CHECK_THROWS_WITH(Database(missing, Database::Access::read_only), Contains(missing));
  CHECK_THROWS_WITH(Database(missing, Database::Access::read_write), Contains(missing));
  CHECK_FALSE(std::filesystem::exists(missing));
  const std::string text = directory.file("text.sqlite");
  std::ofstream(text) << "this is not a database, it only looks like a file\n";
  Database damaged(text, Database::Access::read_only);
  CHECK_THROWS_WITH(damaged.execute("SELECT * FROM sqlite_master"), Contains(text) && Contains("backup"));
  CHECK_THROWS_WITH(journal_mode_of(text), Contains(text));
  CHECK_THROWS_WITH(journal_mode_of(missing), Contains(missing));
}

TEST_CASE("store: the journal mode is read without leaving a trace", "[store]") {
  StoreDirectory directory;
  const std::string path = directory.file("a.sqlite");
  {
    Database database(path, k_create);
    database.execute("CREATE TABLE t (n)");
    CHECK(database.journal_mode() == "delete");
  }
  CHECK(journal_mode_of(path) == "delete");
  {
    Database reader(path, Database::Access::read_only);
    auto select = reader.prepare("SELECT name FROM sqlite_master");
    REQUIRE(select.step());
    CHECK(directory.count() == 1);
    CHECK_THROWS_AS(reader.execute("INSERT INTO t VALUES (1)"), Error);
  }
  Database(path, Database::Access::read_write).execute("PRAGMA journal_mode = wal");
  CHECK(journal_mode_of(path) == "wal");
  CHECK(directory.count() == 1);
}

TEST_CASE("store: what a killed writer left half done is rolled back by whoever looks", "[store]") {
  StoreDirectory directory;
  const std::string path = directory.file("a.sqlite");
  SECTION("a change of rows") {
    Database(path, k_create).execute("CREATE TABLE t (word); INSERT INTO t VALUES ('before')");
    test::cut_off_writer(path, "UPDATE t SET word = 'half'");
    Database reader(path, Database::Access::read_only);
    auto select = reader.prepare("SELECT word FROM t");
    REQUIRE(select.step());
    CHECK(select.text(0) == "before");
    CHECK_THROWS_AS(reader.execute("INSERT INTO t VALUES (1)"), Error);
  }
  SECTION("the first change of all, before which the file has no header") {
    test::cut_off_writer(path, "CREATE TABLE t (word)");
    CHECK(journal_mode_of(path) == "");
  }
  CHECK(directory.count() == 1);
}

TEST_CASE("store: with a write-ahead log a commit waits once for the disk, or not at all", "[store]") {
  StoreDirectory directory;
  const std::string path = directory.file("a.sqlite");
  Database(path, k_create).execute("CREATE TABLE t (n); INSERT INTO t VALUES (1)");
  Database database(path, Database::Access::read_write);
  database.use_write_ahead_log();
  CHECK(count_rows(database) == 1);
  const auto waits_of = [&](Database::Durability durability, bool commit) {
    const int before = test::disk_waits();
    Database::Transaction transaction(database, durability);
    database.execute("INSERT INTO t VALUES (2)");
    if (commit) transaction.commit();
    return test::disk_waits() - before;
  };
  waits_of(Database::Durability::on_disk, true);  // the log's beginning
  CHECK(waits_of(Database::Durability::buffered, true) == 0);
  CHECK(waits_of(Database::Durability::on_disk, true) == 1);
  CHECK(waits_of(Database::Durability::buffered, false) == 0);
  const int before = test::disk_waits();
  database.execute("INSERT INTO t VALUES (3)");
  CHECK(test::disk_waits() - before == 1);
  CHECK(count_rows(database) == 5);
}

TEST_CASE("store: a write-ahead log is kept by whoever closes the database, and kept short", "[store]") {
  StoreDirectory directory;
  const std::string path = directory.file("a.sqlite");
  std::uintmax_t longest = 0;
  int waits = 0;
  for (int n = 0; n < 300; ++n) {
    Database database(path, k_create);
    database.use_write_ahead_log();
    database.execute("CREATE TABLE IF NOT EXISTS t (n); CREATE INDEX IF NOT EXISTS i ON t (n)");
    const int before = test::disk_waits();
    Database::Transaction transaction(database, Database::Durability::buffered);
    database.execute("INSERT INTO t VALUES (1)");
    transaction.commit();
    waits += test::disk_waits() - before;
    longest = std::max(longest, std::filesystem::file_size(path + "-wal"));
  }
  CHECK(std::filesystem::file_size(path + "-wal") > 0);
  CHECK(longest < 1'100'000);
  Database database(path, Database::Access::read_only);
  CHECK(count_rows(database) == 300);
  CHECK(waits < 20);
}

TEST_CASE("store: a rollback journal stays while somebody else writes, and serves as well", "[store]") {
  StoreDirectory directory;
  const std::string path = directory.file("a.sqlite");
  Database writer(path, k_create);
  writer.execute("CREATE TABLE t (n); INSERT INTO t VALUES (1)");
  Database database(path, Database::Access::read_write);
  {
    const Database::Transaction transaction(writer);
    database.use_write_ahead_log();
    CHECK(database.journal_mode() == "delete");
    CHECK(count_rows(database) == 1);
  }
  database.execute("INSERT INTO t VALUES (2)");
  CHECK(count_rows(database) == 2);
  Database next(path, Database::Access::read_write);
  next.use_write_ahead_log();
  CHECK(next.journal_mode() == "wal");
}

TEST_CASE("store: after a transaction that could not begin, commits wait for the disk", "[store]") {
  StoreDirectory directory;
  const std::string path = directory.file("a.sqlite");
  Database database(path, k_create);
  database.use_write_ahead_log();
  database.execute("CREATE TABLE t (n)");
  Database other(path, Database::Access::read_write);
  {
    const Database::Transaction transaction(other);
    database.execute("PRAGMA busy_timeout = 0");
    CHECK_THROWS_AS(Database::Transaction(database, Database::Durability::buffered), LockedDatabase);
  }
  const int before = test::disk_waits();
  database.execute("INSERT INTO t VALUES (1)");
  CHECK(test::disk_waits() - before == 1);
}

TEST_CASE("store: who is killed has lost no commit", "[store]") {
  StoreDirectory directory;
  const std::string path = directory.file("a.sqlite");
  const pid_t writer = ::fork();
  if (writer == 0) {
    try {
      Database database(path, k_create);
      database.use_write_ahead_log();
      database.execute("CREATE TABLE t (n)");
      Database::Transaction transaction(database, Database::Durability::buffered);
      database.execute("INSERT INTO t VALUES (1)");
      transaction.commit();
      ::raise(SIGKILL);
    } catch (...) {
    }
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(writer, &status, 0) == writer);
  REQUIRE(WIFSIGNALED(status));
  Database database(path, Database::Access::read_only);
  CHECK(count_rows(database) == 1);
}

}  // namespace mailinabox

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/journaling_files.hpp"
#include "resources/database/schema.hpp"
#include "store/sqlite.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"
#include "support/cut_off_writer.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_path = "/home/mail/users.sqlite";
constexpr const char* k_schema = R"(
-- Who has a mailbox here.
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL, -- {SHA512-CRYPT}, (never clear)
  extra,
  quota TEXT NOT NULL DEFAULT '0, or 5G' CHECK(quota <> ',)')
);
CREATE TABLE aliases (id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, destination TEXT NOT NULL);
CREATE INDEX users_domain ON users (substr(email, instr(email, '@') + 1));
CREATE VIEW domains AS SELECT substr(email, instr(email, '@') + 1) AS domain FROM users;
)";

std::shared_ptr<const Resource> users() {
  return make_resource("database", k_path, {{"schema", k_schema}, {"mode", 0640}, {"group", "mail"}});
}

void put_database(TestHost& host, const std::string& sql) {
  host.put(k_path, "", 0640, 0, 8);
  Database(host.real(k_path), Database::Access::read_write).execute(sql);
}

std::string value(const TestHost& host, const std::string& sql) {
  Database database(host.real(k_path), Database::Access::read_write);
  auto statement = database.prepare(sql);
  return statement.step() ? statement.text(0) : "no row";
}

}  // namespace

TEST_CASE("database: absent", "[cases]") {
  TestHost host;
  host.put_directory("/home/mail");
  const auto resource = users();
  SECTION("made with owner and mode, alone in its directory") {
    const Changes changes = converge(host, *resource);
    CHECK(attributes_of(changes) == "table users table aliases view domains index users_domain mode owner group");
    CHECK(resource->action(changes) == Action::create);
    CHECK(host.info(k_path).mode == 0640);
    CHECK(host.info(k_path).gid == 8);
    CHECK(host.files.list("/home/mail") == std::vector<std::string>{"users.sqlite"});
    CHECK(value(host, "INSERT INTO users (email, password) VALUES ('a@b', 'x') RETURNING quota") == "0, or 5G");
  }
  SECTION("files that a deleted database left do not get into it") {
    for (const char* companion : {"-journal", "-wal", "-shm"}) host.put(std::string(k_path) + companion, "old");
    host.put(std::string(k_path) + ".new", "a run that was cut off");
    converge(host, *resource);
    CHECK(host.files.list("/home/mail") == std::vector<std::string>{"users.sqlite"});
  }
  SECTION("an empty file is a lost database") {
    host.put(k_path, "", 0640, 0, 8);
    const Changes changes = converge(host, *resource);
    CHECK(attributes_of(changes) == "table users table aliases view domains index users_domain mode owner group");
    CHECK(resource->action(changes) == Action::create);
  }
}

TEST_CASE("database: drifted", "[cases]") {
  TestHost host;
  const auto resource = users();
  SECTION("a table, a column, an index and a view are missing: rows stay") {
    put_database(host,
                 "CREATE TABLE Users (id INTEGER PRIMARY KEY AUTOINCREMENT, EMAIL TEXT NOT NULL UNIQUE, password TEXT);"
                 "INSERT INTO users (email, password) VALUES ('a@b', 'x');"
                 "CREATE TABLE mine (x); CREATE VIEW domains AS SELECT 'old' AS domain;");
    const Changes changes = converge(host, *resource);
    CHECK(attributes_of(changes) ==
          "table aliases column users.extra column users.quota view domains index users_domain");
    CHECK(change_of(changes, "column users.quota").after ==
          "quota TEXT NOT NULL DEFAULT '0, or 5G' CHECK(quota <> ',)')");
    CHECK(change_of(changes, "view domains").before == "CREATE VIEW domains AS SELECT 'old' AS domain");
    CHECK(value(host, "SELECT email || ' ' || quota FROM users") == "a@b 0, or 5G");
    CHECK(value(host, "SELECT domain FROM domains") == "b");
    CHECK(value(host, "SELECT name FROM sqlite_master WHERE name = 'mine'") == "mine");
  }
  SECTION("a change of the schema leaves a private copy of before beside it, and nothing in the journal of runs") {
    put_database(host,
                 "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT);"
                 "INSERT INTO users VALUES (1, 'a@b', 'a hash')");
    host.put(std::string(k_path) + ".before-change", "an older one");
    host.put(std::string(k_path) + ".before-change.new", "one that was cut off", 0644);
    host.put(std::string(k_path) + ".before-change.new-journal", "of it");
    Journal journal(host.files, host.clock, "/var/lib/mailinabox", "1");
    JournalingFileSystem files(host.files, journal);
    System system{files,         host.commands, host.packages,   host.services,
                  host.accounts, host.machine,  host.downloader, host.clock};
    journal.begin("setup");
    journal.change({"database", k_path}, "directory", Action::update, {}, resource->lasting());
    resource->apply(system, resource->diff(host.view()));
    CHECK(host.files.list("/var/lib/mailinabox/journal/content").empty());
    CHECK(host.files.list("/home/mail") == std::vector<std::string>{"users.sqlite", "users.sqlite.before-change"});
    CHECK(host.info(std::string(k_path) + ".before-change").mode == 0600);
    Database copy(host.real(std::string(k_path) + ".before-change"), Database::Access::read_only);
    auto row = copy.prepare("SELECT password, (SELECT count(*) FROM sqlite_master) FROM users");
    REQUIRE(row.step());
    CHECK(row.text(0) == "a hash");
    CHECK(row.integer(1) == 1);
  }
  SECTION("an index differs") {
    put_database(host, std::string(k_schema) + "DROP INDEX users_domain; CREATE INDEX users_domain ON users (extra);");
    CHECK(attributes_of(converge(host, *resource)) == "index users_domain");
  }
  SECTION("owner and mode: the database is not opened for writing") {
    put_database(host, k_schema);
    host.put_directory("/home/mail");
    host.files.set_attributes(k_path, {0666, 33, 33});
    const auto before = host.content(k_path);
    CHECK(attributes_of(converge(host, *resource)) == "mode owner group");
    CHECK(host.content(k_path) == before);
  }
  SECTION("WAL mode, which Postfix cannot read") {
    put_database(host,
                 std::string(k_schema) + "PRAGMA journal_mode = wal; INSERT INTO aliases VALUES (1, 'a@b', 'c@d')");
    CHECK(attributes_of(converge(host, *resource)) == "journal_mode");
    CHECK(journal_mode_of(host.real(k_path)) == "delete");
    CHECK(value(host, "SELECT destination FROM aliases") == "c@d");
    CHECK(host.files.list("/home/mail") == std::vector<std::string>{"users.sqlite"});
  }
  SECTION("a writer was cut off, and nothing else is wrong") {
    put_database(host, std::string(k_schema) + "INSERT INTO aliases VALUES (1, 'a@b', 'before')");
    cut_off_writer(host.real(k_path), "UPDATE aliases SET destination = 'half'");
    host.files.set_attributes(k_path, {0640, 0, 8});
    // Looking is enough, for a plan as for a run.
    CHECK(attributes_of(resource->diff(host.view())) == "");
    CHECK_FALSE(host.files.info(std::string(k_path) + "-journal").kind == FileKind::regular);
    CHECK(value(host, "SELECT destination FROM aliases") == "before");
  }
}

TEST_CASE("database: in sync", "[cases]") {
  TestHost host;
  const auto resource = users();
  SECTION("as made") { put_database(host, k_schema); }
  SECTION("other blanks, other letter case of names, more than the schema names") {
    put_database(host,
                 std::string(k_schema) +
                     "ALTER TABLE users ADD COLUMN note; CREATE INDEX mine ON users (note); DROP VIEW domains;"
                     "CREATE VIEW domains AS\n  SELECT substr( email, instr(email,'@') + 1 )  AS domain\n FROM users;");
  }
  const auto modified = std::filesystem::last_write_time(host.real(k_path));
  check_in_sync(host, *resource);
  CHECK(std::filesystem::last_write_time(host.real(k_path)) == modified);
}

TEST_CASE("database: error", "[cases]") {
  TestHost host;
  const auto resource = users();
  SECTION("not a database") {
    host.put(k_path, "this is a text that somebody has put here\n", 0640, 0, 8);
    check_error(host, *resource, std::string(k_path) + ": the file is not an SQLite database");
  }
  SECTION("a damaged schema page") {
    put_database(host, k_schema);
    std::string text = host.content(k_path);
    text.replace(100, 300, 300, '\x7f');
    host.put(k_path, text, 0640, 0, 8);
    check_error(host, *resource, "damaged");
  }
  SECTION("damage elsewhere is found before anything is changed") {
    put_database(host, std::string(k_schema) + "DROP VIEW domains; INSERT INTO aliases VALUES (1, 'a@b', 'c@d');");
    std::string text = host.content(k_path);
    const std::size_t row = text.find("a@bc@d");
    REQUIRE(row != std::string::npos);
    const std::size_t page = row / 4096 * 4096;
    text.replace(page, 8, 8, '\x7f');
    host.put(k_path, text, 0640, 0, 8);
    check_error(host, *resource, "the file is damaged");
  }
  SECTION("a change that the rows do not allow is undone as a whole") {
    put_database(host, "CREATE TABLE users (email TEXT); INSERT INTO users VALUES ('a'), ('a');");
    const auto unique = make_resource("database", k_path,
                                      {{"schema",
                                        "CREATE TABLE users (email TEXT, x); CREATE TABLE new (y);"
                                        "CREATE UNIQUE INDEX one ON users (email);"},
                                       {"mode", 0640},
                                       {"group", "mail"}});
    check_error(host, *unique, "UNIQUE constraint failed");
  }
  SECTION("a directory") {
    host.put_directory(k_path);
    check_error(host, *resource, "expected a file, found a");
  }
  check_refused("database", k_path, {{"schema", "CREATE TABEL x"}}, "SQLite refuses this schema");
  check_refused("database", k_path, {{"schema", "-- nothing\n"}}, "creates nothing");
}

TEST_CASE("database: a column's definition is found among quotes, comments and constraints", "[cases]") {
  const std::string sql =
      "CREATE TABLE t (\"a b\" TEXT DEFAULT ')', -- a, b\n [c] NUMERIC(10,2), `d` /* , */ CHECK(d IN (1,2)),"
      " e, UNIQUE (c, d))";
  CHECK(column_definition(sql, "A B") == "\"a b\" TEXT DEFAULT ')'");
  CHECK(column_definition(sql, "c") == "[c] NUMERIC(10,2)");
  CHECK(column_definition(sql, "d") == "`d`   CHECK(d IN (1,2))");
  CHECK(column_definition(sql, "e") == "e");
  CHECK(column_definition(sql, "f").empty());
}

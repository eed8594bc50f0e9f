#include "box/storage/database_migrations.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

struct TableChange {
  std::string what{};
  std::string sql{};
  std::vector<std::string> parameters{};
};

bool has_table(Database& database, const std::string& table) {
  Statement statement = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  statement.bind(1, table);
  return statement.step();
}

bool has_column(Database& database, const std::string& table, const std::string& column) {
  Statement statement = database.prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = ?");
  statement.bind(1, table);
  statement.bind(2, column);
  return statement.step();
}

std::vector<TableChange> add_column(Database& database, const std::string& table, const std::string& column,
                                    const std::string& type) {
  if (!has_table(database, table) || has_column(database, table, column)) return {};
  return {{.what = "add the column " + column + " to " + table,
           .sql = "ALTER TABLE " + table + " ADD COLUMN " + column + " " + type}};
}

std::vector<TableChange> add_table(Database& database, const std::string& table, const std::string& columns) {
  if (has_table(database, table)) return {};
  return {{.what = "add the table " + table, .sql = "CREATE TABLE " + table + " (" + columns + ")"}};
}

std::vector<TableChange> ascii_alias_domains(Database& database) {
  std::vector<TableChange> changes;
  if (!has_table(database, "aliases")) return changes;
  Statement exists = database.prepare("SELECT 1 FROM aliases WHERE source = ?");
  Statement all = database.prepare("SELECT source, destination FROM aliases ORDER BY id");
  while (all.step()) {
    const std::string source = all.text(0);
    const std::string ascii = address_to_ascii(source);
    // An alias from a domain's Unicode form to its ASCII form would lead to itself.
    if (ascii == source || ascii == all.text(1)) continue;
    exists.bind(1, ascii);
    const bool taken = exists.step();
    exists.reset();
    if (taken) continue;  // mail has always used that alias
    changes.push_back({.what = "rename the alias " + source + " to " + ascii,
                       .sql = "UPDATE aliases SET source = ? WHERE source = ?",
                       .parameters = {ascii, source}});
  }
  return changes;
}

std::vector<TableChange> old_address_books(Database& database) {
  std::vector<TableChange> changes;
  Statement tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  while (tables.step()) {
    const std::string name = tables.text(0);
    if (!name.starts_with("carddav_") || name.find('"') != std::string::npos) continue;
    changes.push_back({.what = "drop the table " + name, .sql = "DROP TABLE \"" + name + "\""});
  }
  if (!changes.empty() && has_table(database, "session")) {
    changes.push_back({.what = "empty the table session", .sql = "DELETE FROM session"});
  }
  return changes;
}

std::vector<TableChange> changes_of(int number, Database& database) {
  switch (number) {
    case 4:
      return add_column(database, "users", "privileges", "TEXT NOT NULL DEFAULT ''");
    case 7:
      return ascii_alias_domains(database);
    case 9:
      return add_column(database, "aliases", "permitted_senders", "TEXT");
    case 12:
      return old_address_books(database);
    case 13:
      return add_table(database, "mfa",
                       "id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, type TEXT NOT NULL, secret "
                       "TEXT NOT NULL, mru_token TEXT, label TEXT, FOREIGN KEY (user_id) REFERENCES users(id) ON "
                       "DELETE CASCADE");
    case 14:
      return add_table(database, "auto_aliases",
                       "id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE, destination TEXT NOT NULL, "
                       "permitted_senders TEXT");
    case 15:
      return add_column(database, "users", "quota", "TEXT NOT NULL DEFAULT '0'");
    default:
      return {};
  }
}

void require_sound(Database& database) {
  Statement check = database.prepare("PRAGMA integrity_check(1)");
  const bool answered = check.step();
  if (answered && check.text(0) == "ok") return;
  throw Error("database " + database.path() + ": the file is damaged (" +
              (answered ? check.text(0) : std::string("no answer")) + "); restore it from a backup");
}

std::vector<std::string> words_of_changes(int number, Database& database) {
  std::vector<std::string> words;
  for (const TableChange& change : changes_of(number, database)) words.push_back(change.what);
  return words;
}

void change_tables(int number, Database& database) {
  require_sound(database);
  for (const TableChange& change : changes_of(number, database)) {
    Statement statement = database.prepare(change.sql);
    for (std::size_t i = 0; i < change.parameters.size(); ++i) {
      statement.bind(static_cast<int>(i) + 1, change.parameters[i]);
    }
    statement.step();
  }
}

// Dropping tables would otherwise delete rows of others, or be refused. The pragma has no effect inside a transaction.
void ignore_foreign_keys(Database& database) { database.execute("PRAGMA foreign_keys = OFF"); }

}  // namespace

std::string migrated_database(int number) {
  switch (number) {
    case 4:
    case 7:
    case 9:
    case 13:
    case 14:
    case 15:
      return "mail/users.sqlite";
    case 12:
      return "mail/roundcube/roundcube.sqlite";
    default:
      return {};
  }
}

bool database_is_of_others(int number) { return number == 12; }

std::vector<std::string> database_changes(int number, const std::string& path) {
  Database database(path, Database::Access::read_only);
  return words_of_changes(number, database);
}

std::vector<std::string> database_changes(int number, const std::string& path, std::string_view content) {
  Database database(path, content);
  return words_of_changes(number, database);
}

void migrate_database(int number, const std::string& path, const std::string& copy) {
  Database database(path, Database::Access::read_write);
  ignore_foreign_keys(database);
  Database::Transaction transaction(database);
  {
    Database reader(path, Database::Access::read_only);  // a writing connection cannot be copied from
    copy_database(reader, copy);
  }
  change_tables(number, database);
  transaction.commit();
}

std::string migrated_content(int number, const std::string& path, std::string_view content) {
  Database database(path, content);
  ignore_foreign_keys(database);
  Database::Transaction transaction(database);
  change_tables(number, database);
  transaction.commit();
  return database.content();
}

}  // namespace mailinabox

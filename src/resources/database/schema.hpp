// The schema of an SQLite database, and the statements that bring it to a wanted one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/sqlite.hpp"

namespace mailinabox {

struct SchemaObject {
  std::string type{};  // "table", "view", "index", "trigger"
  std::string name{};
  std::string table{};  // the table or view that an index or trigger belongs to
  std::string sql{};    // the CREATE statement, as SQLite keeps it
};

struct Schema {
  std::vector<SchemaObject> objects{};                                           // in the order of creation
  std::map<std::string, std::vector<std::string>> columns{};                     // of each table
  const SchemaObject* find(std::string_view type, std::string_view name) const;  // names match in any case
};

// Objects and columns of an open database, without SQLite's own. Throws Error if it is damaged.
Schema read_schema(Database& database);

// One statement on the way to the wanted schema.
struct SchemaStep {
  std::string what{};    // "table users", "column users.quota", "view domains"
  std::string before{};  // the CREATE statement that is replaced, or ""
  std::string after{};   // the wanted CREATE statement, or the column's definition
  std::string sql{};     // what to execute
};

// Missing tables, then missing columns, then views, indexes and triggers that are missing or differ (apart from
// blanks). Objects that only the database has are kept. Dropping a view drops its triggers, so execute the steps and
// call this again until it returns none.
std::vector<SchemaStep> schema_steps(const Schema& wanted, const Schema& present);

// The text of a column's definition in a CREATE TABLE statement ("quota TEXT NOT NULL DEFAULT '0'"); "" if it has no
// such column.
std::string column_definition(std::string_view create_table, std::string_view column);

}  // namespace mailinabox

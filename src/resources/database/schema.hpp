// What a database file contains, and what it lacks to be as a schema wants it.
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
  std::vector<SchemaObject> objects{};                                           // in the order of their making
  std::map<std::string, std::vector<std::string>> columns{};                     // of each table
  const SchemaObject* find(std::string_view type, std::string_view name) const;  // names match without case
};

// Objects and columns of an open database, without SQLite's own ones. Throws Error where it is damaged.
Schema read_schema(Database& database);

// One statement that brings a database nearer to the wanted schema.
struct SchemaStep {
  std::string what{};    // "table users", "column users.quota", "view domains"
  std::string before{};  // the CREATE statement that is replaced, or ""
  std::string after{};   // the wanted CREATE statement, or the column's definition
  std::string sql{};     // what to execute
};

// Missing tables, then missing columns, then views, indexes and triggers that are missing or differ (apart from
// blanks). What the database has and the schema has not is left alone. Dropping a view drops its triggers, so that
// after executing the steps this is to be asked again until it is empty.
std::vector<SchemaStep> schema_steps(const Schema& wanted, const Schema& present);

// The text of one column's definition within a CREATE TABLE statement ("quota TEXT NOT NULL DEFAULT '0'"); "" where
// there is no such column.
std::string column_definition(std::string_view create_table, std::string_view column);

}  // namespace mailinabox

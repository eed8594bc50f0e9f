#include "resources/database/schema.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace mailinabox {

namespace {

bool is_blank(char letter) { return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r'; }

std::string quoted_name(std::string_view name) { return "\"" + replaced(name, "\"", "\"\"") + "\""; }

// The position after the token at `position`: a quoted text or name, a comment, or one character.
std::size_t token_end(std::string_view sql, std::size_t position) {
  const auto after = [&](std::string_view end, std::size_t from) {
    const std::size_t found = sql.find(end, from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  const char first = sql[position];
  if (first == '\'' || first == '"' || first == '`') return after(std::string_view(&first, 1), position + 1);
  if (first == '[') return after("]", position + 1);
  if (sql.substr(position, 2) == "--") return after("\n", position + 2);
  if (sql.substr(position, 2) == "/*") return after("*/", position + 2);
  return position + 1;
}

bool is_comment(std::string_view token) { return token.starts_with("--") || token.starts_with("/*"); }

// The statement without comments and with single blanks, none beside brackets and commas: statements that differ in
// nothing else compare equal.
std::string comparable(std::string_view sql) {
  std::string result;
  bool blank = false;
  const auto tight = [](char letter) { return letter == '(' || letter == ')' || letter == ','; };
  for (std::size_t position = 0; position < sql.size();) {
    const std::size_t end = token_end(sql, position);
    const std::string_view token = sql.substr(position, end - position);
    position = end;
    if (is_comment(token) || is_blank(token.front())) {
      blank = true;
      continue;
    }
    if (blank && !result.empty() && !tight(result.back()) && !tight(token.front())) result += ' ';
    blank = false;
    result += token;
  }
  return result;
}

// The parts between the outermost brackets of a CREATE TABLE, split at their commas; comments are left out.
std::vector<std::string> table_parts(std::string_view sql) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  for (std::size_t position = 0; position < sql.size();) {
    const std::size_t end = token_end(sql, position);
    const std::string_view token = sql.substr(position, end - position);
    position = end;
    if (token == ")" && --depth == 0) break;
    if (depth == 1 && token == ",") {
      parts.push_back(part);
      part.clear();
    } else if (depth > 0) {
      part += is_comment(token) ? std::string_view(" ") : token;
    }
    if (token == "(") ++depth;
  }
  parts.push_back(part);
  return parts;
}

// The name at the beginning of a column's definition, without its quotes.
std::string name_of(const std::string& definition) {
  if (definition.empty()) return "";
  const std::size_t end = token_end(definition, 0);
  if (end > 1) return definition.substr(1, end - 2);
  const auto blank = std::find_if(definition.begin(), definition.end(), is_blank);
  return std::string(definition.begin(), blank);
}

void add_missing_columns(const Schema& wanted, const Schema& present, const SchemaObject& table,
                         std::vector<SchemaStep>& steps) {
  const auto& has = present.columns.at(present.find("table", table.name)->name);
  for (const std::string& column : wanted.columns.at(table.name)) {
    const bool there = std::any_of(has.begin(), has.end(),
                                   [&](const std::string& name) { return lower_case(name) == lower_case(column); });
    if (there) continue;
    const std::string definition = column_definition(table.sql, column);
    steps.push_back({"column " + table.name + "." + column, "", definition,
                     "ALTER TABLE " + quoted_name(table.name) + " ADD COLUMN " + definition});
  }
}

void add_differing(const Schema& wanted, const Schema& present, std::string_view type, std::vector<SchemaStep>& steps) {
  for (const SchemaObject& object : wanted.objects) {
    if (object.type != type) continue;
    const SchemaObject* found = present.find(type, object.name);
    if (found != nullptr && comparable(found->sql) == comparable(object.sql)) continue;
    const std::string drop =
        found == nullptr ? "" : "DROP " + std::string(type) + " " + quoted_name(found->name) + ";\n";
    steps.push_back(
        {object.type + " " + object.name, found == nullptr ? "" : found->sql, object.sql, drop + object.sql});
  }
}

}  // namespace

const SchemaObject* Schema::find(std::string_view type, std::string_view name) const {
  const std::string wanted = lower_case(name);
  const auto found = std::find_if(objects.begin(), objects.end(), [&](const SchemaObject& object) {
    return object.type == type && lower_case(object.name) == wanted;
  });
  return found == objects.end() ? nullptr : &*found;
}

Schema read_schema(Database& database) {
  Schema schema;
  auto objects = database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL");
  while (objects.step()) {
    SchemaObject object{objects.text(0), objects.text(1), objects.text(2), objects.text(3)};
    if (object.name.starts_with("sqlite_")) continue;
    schema.objects.push_back(std::move(object));
  }
  auto columns = database.prepare(
      "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'");
  while (columns.step()) schema.columns[columns.text(0)].push_back(columns.text(1));
  return schema;
}

std::vector<SchemaStep> schema_steps(const Schema& wanted, const Schema& present) {
  std::vector<SchemaStep> steps;
  for (const SchemaObject& object : wanted.objects) {
    if (object.type != "table" || present.find("table", object.name) != nullptr) continue;
    steps.push_back({"table " + object.name, "", object.sql, object.sql});
  }
  for (const SchemaObject& object : wanted.objects) {
    if (object.type != "table" || present.find("table", object.name) == nullptr) continue;
    add_missing_columns(wanted, present, object, steps);
  }
  for (const std::string_view type : {"view", "index", "trigger"}) add_differing(wanted, present, type, steps);
  return steps;
}

std::string column_definition(std::string_view create_table, std::string_view column) {
  for (const std::string& part : table_parts(create_table)) {
    const std::string definition(trim(part));
    if (lower_case(name_of(definition)) == lower_case(column)) return definition;
  }
  return "";
}

}  // namespace mailinabox

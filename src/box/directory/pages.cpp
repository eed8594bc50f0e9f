#include <algorithm>

#include "base/text.hpp"
#include "box/directory/address.hpp"
#include "box/directory/rows.hpp"

namespace mailinabox {
namespace {

// LIKE knows upper and lower case of ASCII letters only, which is all that addresses have.
std::string like_pattern(const std::string& part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

// What a query asks of the rows. Parameters that it does not need are left out: SQLite counts a whole table without
// reading it only if there is no condition.
class RowFilter {
 public:
  explicit RowFilter(const UserQuery& query) : query_(query) {
    if (!query.search.empty()) values_.push_back(like_pattern(query.search));
    if (!query.domain.empty()) values_.push_back(domain_to_ascii(lower_case(query.domain)));
  }

  // As SQL, with `more` conditions: "" or " WHERE …".
  std::string where(const std::string& column, std::vector<std::string> more) const {
    int parameter = 0;
    if (!query_.search.empty()) more.push_back(column + " LIKE ?" + std::to_string(++parameter) + " ESCAPE '\\'");
    // The expression of the index on the domain.
    if (!query_.domain.empty()) {
      more.push_back("substr(" + column + ", instr(" + column + ", '@') + 1) = ?" + std::to_string(++parameter));
    }
    return more.empty() ? "" : " WHERE " + joined(more, " AND ");
  }

  std::string after(const std::string& column) const { return column + " > ?" + std::to_string(values_.size() + 1); }

  std::int64_t count(Database& database, const std::string& sql) const {
    Statement statement = database.prepare(sql);
    bind(statement);
    return statement.step() ? statement.integer(0) : 0;
  }

  // Calls `add` for each row of a page, in the order of column 1; returns the address after which the next page begins.
  template <typename Add>
  std::string read(Database& database, const std::string& sql, Add add) const {
    const std::size_t limit = std::max<std::size_t>(query_.limit, 1);
    const int parameter = static_cast<int>(values_.size()) + 1;
    Statement statement = database.prepare(sql + " ORDER BY 1 LIMIT ?" + std::to_string(parameter + 1));
    bind(statement);
    statement.bind(parameter, query_.after);
    statement.bind(parameter + 1, static_cast<std::int64_t>(limit) + 1);
    std::string last;
    for (std::size_t rows = 0; statement.step(); ++rows) {
      if (rows == limit) return last;
      add(statement);
      last = statement.text(0);
    }
    return "";
  }

 private:
  void bind(Statement& statement) const {
    int parameter = 0;
    for (const std::string& value : values_) statement.bind(++parameter, value);
  }

  const UserQuery& query_;
  std::vector<std::string> values_{};
};

// An operator's alias hides an automatic one.
const std::string k_not_hidden = "NOT EXISTS (SELECT 1 FROM aliases WHERE aliases.source = auto_aliases.source)";

}  // namespace

UserPage Directory::user_page(const UserQuery& query) const {
  const RowFilter filter(query);
  UserPage page;
  page.total = filter.count(*database_, "SELECT count(*) FROM users" + filter.where("email", {}));
  page.next = filter.read(
      *database_,
      "SELECT " + std::string(k_user_columns) + " FROM users" + filter.where("email", {filter.after("email")}),
      [&](const Statement& row) { page.users.push_back(user_of(row)); });
  return page;
}

AliasPage Directory::alias_page(const AliasQuery& query) const {
  const RowFilter filter(query);
  AliasPage page;
  page.total = filter.count(*database_, "SELECT (SELECT count(*) FROM aliases" + filter.where("source", {}) +
                                            ") + (SELECT count(*) FROM auto_aliases" +
                                            filter.where("source", {k_not_hidden}) + ")");
  const std::string columns = "SELECT " + std::string(k_alias_columns);
  const std::string after = filter.after("source");
  page.next = filter.read(*database_,
                          columns + ", 0 FROM aliases" + filter.where("source", {after}) + " UNION ALL " + columns +
                              ", 1 FROM auto_aliases" + filter.where("source", {after, k_not_hidden}),
                          [&](const Statement& row) { page.aliases.push_back(alias_of(row, row.integer(3) != 0)); });
  return page;
}

}  // namespace mailinabox

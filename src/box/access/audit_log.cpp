#include "box/access/audit_log.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "store/private_database.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_audit_tables = R"(
CREATE TABLE entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  account TEXT NOT NULL,
  means TEXT NOT NULL,
  source TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  old TEXT NOT NULL,
  new TEXT NOT NULL,
  result TEXT NOT NULL DEFAULT '',
  generation INTEGER,
  job TEXT NOT NULL
);
CREATE INDEX entries_of_account ON entries (account);
CREATE INDEX entries_by_time ON entries (at);
)";

constexpr const char* k_select_entry =
    "SELECT id, at, account, means, source, action, target, old, new, result, generation, job FROM entries";

constexpr std::size_t k_longest_audit_text = 4000;
// A clock that is wrong by years must not empty the log with one entry.
constexpr std::int64_t k_removed_at_a_time = 100;

AuditEntry entry_of(const Statement& row) {
  AuditEntry entry{.id = row.integer(0),
                   .at = time_at(row.integer(1)),
                   .account = row.text(2),
                   .by = row.text(3),
                   .from = row.text(4),
                   .action = row.text(5),
                   .target = row.text(6),
                   .before = row.text(7),
                   .after = row.text(8),
                   .result = row.text(9),
                   .job = row.text(11)};
  if (!row.is_null(10)) entry.generation = row.integer(10);
  return entry;
}

std::string kept_text(const std::string& text) { return shortened(text, k_longest_audit_text); }

// The conditions of a query, with the values of their parameters in the same order.
struct AuditFilter {
  std::vector<std::string> conditions{"id < ?"};
  std::vector<std::string> texts{};
};

std::string like_part(const std::string& part) {
  return replaced(replaced(replaced(part, "\\", "\\\\"), "%", "\\%"), "_", "\\_");
}

AuditFilter filter_of(const AuditQuery& query) {
  AuditFilter filter;
  if (!query.account.empty()) {
    filter.conditions.emplace_back("(account = ? OR (account > ? AND account < ?))");
    filter.texts.insert(filter.texts.end(), {query.account, query.account + " (", query.account + " )"});
  }
  if (!query.action.empty()) {
    filter.conditions.emplace_back("(action = ? OR action LIKE ? ESCAPE '\\')");
    filter.texts.insert(filter.texts.end(), {query.action, like_part(query.action) + " %"});
  }
  if (!query.target.empty()) {
    filter.conditions.emplace_back("target LIKE ? ESCAPE '\\'");
    filter.texts.push_back("%" + like_part(query.target) + "%");
  }
  return filter;
}

}  // namespace

AuditLog::AuditLog(const std::string& path, const AuditLimits& limits)
    : database_(private_database(path, {.version = 1, .tables = k_audit_tables})), limits_(limits) {}

std::int64_t AuditLog::begin(const AuditEntry& entry) {
  Database::Transaction transaction(*database_);
  Statement insert = database_->prepare(
      "INSERT INTO entries (at, account, means, source, action, target, old, new, generation, job) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(1, seconds_since_1970(entry.at));
  int parameter = 2;
  for (const std::string* text :
       {&entry.account, &entry.by, &entry.from, &entry.action, &entry.target, &entry.before, &entry.after}) {
    insert.bind(parameter++, kept_text(*text));
  }
  if (entry.generation) insert.bind(parameter, *entry.generation);
  insert.bind(parameter + 1, kept_text(entry.job));
  insert.step();
  const std::int64_t id = database_->last_id();
  Statement old = database_->prepare("DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE at < ? LIMIT ?)");
  old.bind(1, seconds_since_1970(entry.at - limits_.age));
  old.bind(2, k_removed_at_a_time);
  old.step();
  Statement bound = database_->prepare("DELETE FROM entries WHERE id <= ?");
  bound.bind(1, id - limits_.rows);
  bound.step();
  transaction.commit();
  return id;
}

void AuditLog::finish(std::int64_t id, const std::string& result, std::optional<std::int64_t> generation) {
  Statement update = database_->prepare("UPDATE entries SET result = ?, generation = ? WHERE id = ?");
  update.bind(1, kept_text(result));
  if (generation) update.bind(2, *generation);
  update.bind(3, id);
  update.step();
}

AuditPage AuditLog::page(const AuditQuery& query) const {
  AuditFilter filter = filter_of(query);
  if (query.since) filter.conditions.push_back("at >= " + std::to_string(seconds_since_1970(*query.since)));
  if (query.until) filter.conditions.push_back("at < " + std::to_string(seconds_since_1970(*query.until)));
  const std::size_t limit = std::max<std::size_t>(query.limit, 1);
  Statement statement =
      database_->prepare(std::string(k_select_entry) + " WHERE " + joined(filter.conditions, " AND ") +
                         " ORDER BY id DESC LIMIT " + std::to_string(limit + 1));
  int parameter = 1;
  statement.bind(parameter++, query.before_id > 0 ? query.before_id : INT64_MAX);
  for (const std::string& text : filter.texts) statement.bind(parameter++, text);
  AuditPage page;
  while (statement.step()) {
    if (page.entries.size() == limit) {
      page.next = page.entries.back().id;
      break;
    }
    page.entries.push_back(entry_of(statement));
  }
  return page;
}

}  // namespace mailinabox

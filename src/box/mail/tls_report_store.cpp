#include "box/mail/tls_report_store.hpp"

#include "base/clock.hpp"
#include "store/private_database.hpp"

namespace mailinabox {
namespace {

using std::chrono::system_clock;

constexpr const char* k_tls_report_tables = R"(
CREATE TABLE reports (
  id INTEGER PRIMARY KEY,
  day INTEGER NOT NULL,
  domain TEXT NOT NULL,
  record TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt INTEGER NOT NULL DEFAULT 0,
  UNIQUE (day, domain)
);
CREATE TABLE policies (
  id INTEGER PRIMARY KEY,
  report INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
  policy TEXT NOT NULL,
  successes INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  UNIQUE (report, policy)
);
CREATE TABLE failures (
  policy INTEGER NOT NULL REFERENCES policies (id) ON DELETE CASCADE,
  failure TEXT NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (policy, failure)
) WITHOUT ROWID;
)";

}  // namespace

TlsReportStore::TlsReportStore(const std::string& path, const TlsReportLimits& limits)
    : limits_(limits), database_(replaceable_database(path, {.version = 1, .tables = k_tls_report_tables})) {
  database_->execute("PRAGMA max_page_count = " + std::to_string(limits_.pages));
}

std::int64_t TlsReportStore::number(const std::string& sql, std::int64_t key) {
  Statement statement = database_->prepare(sql);
  statement.bind(1, key);
  return statement.step() ? statement.integer(0) : 0;
}

// 0 if there are enough.
std::int64_t TlsReportStore::id_of_report(const TlsObservation& observation, std::int64_t day) {
  Statement find = database_->prepare("SELECT id FROM reports WHERE day = ? AND domain = ?");
  find.bind(1, day);
  find.bind(2, observation.domain);
  if (find.step()) {
    const std::int64_t report = find.integer(0);
    Statement update = database_->prepare("UPDATE reports SET record = ? WHERE id = ?");
    update.bind(1, observation.record);
    update.bind(2, report);
    update.step();
    return report;
  }
  if (number("SELECT count(*) FROM reports WHERE day = ?", day) >= limits_.domains) return 0;
  Statement insert = database_->prepare("INSERT INTO reports (day, domain, record) VALUES (?, ?, ?)");
  insert.bind(1, day);
  insert.bind(2, observation.domain);
  insert.bind(3, observation.record);
  insert.step();
  return database_->last_id();
}

void TlsReportStore::add_failure(std::int64_t policy, const std::string& failure) {
  const auto counted = [&](const std::string& text) {
    Statement update =
        database_->prepare("UPDATE failures SET sessions = sessions + 1 WHERE policy = ? AND failure = ?");
    update.bind(1, policy);
    update.bind(2, text);
    update.step();
    return database_->changes() > 0;
  };
  if (counted(failure)) return;
  const bool room = number("SELECT count(*) FROM failures WHERE policy = ?", policy) < limits_.failures;
  const std::string text = room ? failure : brief_tls_failure(failure);
  if (!room && counted(text)) return;
  Statement insert = database_->prepare("INSERT INTO failures (policy, failure, sessions) VALUES (?, ?, 1)");
  insert.bind(1, policy);
  insert.bind(2, text);
  insert.step();
}

bool TlsReportStore::add_policy(std::int64_t report, const ObservedTlsPolicy& observed) {
  Statement find = database_->prepare("SELECT id FROM policies WHERE report = ? AND policy = ?");
  find.bind(1, report);
  find.bind(2, observed.policy);
  std::int64_t policy = find.step() ? find.integer(0) : 0;
  find.reset();
  if (policy == 0) {
    if (number("SELECT count(*) FROM policies WHERE report = ?", report) >= limits_.policies) return false;
    Statement insert = database_->prepare("INSERT INTO policies (report, policy) VALUES (?, ?)");
    insert.bind(1, report);
    insert.bind(2, observed.policy);
    insert.step();
    policy = database_->last_id();
  }
  Statement count =
      database_->prepare("UPDATE policies SET successes = successes + ?, failures = failures + ? WHERE id = ?");
  count.bind(1, std::int64_t{observed.succeeded ? 1 : 0});
  count.bind(2, std::int64_t{observed.succeeded ? 0 : 1});
  count.bind(3, policy);
  count.step();
  for (const std::string& failure : observed.failures) add_failure(policy, failure);
  return true;
}

std::int64_t TlsReportStore::add(const std::vector<TlsObservation>& observations, std::int64_t day) {
  Database::Transaction transaction(*database_);
  Statement old = database_->prepare("DELETE FROM reports WHERE day < ?");
  old.bind(1, day - limits_.days);
  old.step();
  std::int64_t left_out = 0;
  for (const TlsObservation& observation : observations) {
    const std::int64_t report = id_of_report(observation, day);
    bool all = report != 0;
    if (all) {
      for (const ObservedTlsPolicy& policy : observation.policies) all = add_policy(report, policy) && all;
    }
    if (!all) ++left_out;
  }
  transaction.commit();
  return left_out;
}

std::vector<StoredTlsReport> TlsReportStore::before(std::int64_t today) {
  std::vector<StoredTlsReport> found;
  Statement statement = database_->prepare(
      "SELECT id, day, domain, attempts, next_attempt FROM reports WHERE day < ? ORDER BY day, domain");
  statement.bind(1, today);
  while (statement.step()) {
    found.push_back({.id = statement.integer(0),
                     .day = statement.integer(1),
                     .domain = statement.text(2),
                     .attempts = statement.integer(3),
                     .next_attempt = time_at(statement.integer(4))});
  }
  return found;
}

TlsReport TlsReportStore::load(const StoredTlsReport& stored) {
  TlsReport report{.day = stored.day, .domain = stored.domain};
  Statement head = database_->prepare("SELECT record FROM reports WHERE id = ?");
  head.bind(1, stored.id);
  if (head.step()) report.record = head.text(0);
  Statement policies =
      database_->prepare("SELECT id, policy, successes, failures FROM policies WHERE report = ? ORDER BY id");
  policies.bind(1, stored.id);
  while (policies.step()) {
    CountedTlsPolicy policy{
        .policy = policies.text(1), .successes = policies.integer(2), .failures = policies.integer(3)};
    Statement failures = database_->prepare("SELECT failure, sessions FROM failures WHERE policy = ? ORDER BY failure");
    failures.bind(1, policies.integer(0));
    while (failures.step()) policy.details.push_back({failures.text(0), failures.integer(1)});
    report.policies.push_back(std::move(policy));
  }
  return report;
}

bool TlsReportStore::claim(const StoredTlsReport& stored, system_clock::time_point next_attempt) {
  Statement statement =
      database_->prepare("UPDATE reports SET attempts = attempts + 1, next_attempt = ? WHERE id = ? AND attempts = ?");
  statement.bind(1, seconds_since_1970(next_attempt));
  statement.bind(2, stored.id);
  statement.bind(3, stored.attempts);
  statement.step();
  return database_->changes() > 0;
}

void TlsReportStore::forget(const StoredTlsReport& stored) {
  Statement statement = database_->prepare("DELETE FROM reports WHERE id = ?");
  statement.bind(1, stored.id);
  statement.step();
}

}  // namespace mailinabox

#include <sys/stat.h>

#include <fstream>

#include "base/error.hpp"
#include "box/access/audit_log.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

const TimePoint k_now = time_at(1795420800);

struct LogBox {
  TemporaryFolder folder{};
  std::string path = folder / "audit.sqlite";
};

AuditEntry entry_for(const std::string& account, const std::string& action, const std::string& target,
                     TimePoint at = k_now) {
  return {.at = at, .account = account, .by = "session", .from = "192.0.2.1", .action = action, .target = target};
}

std::vector<std::int64_t> ids_of(const AuditPage& page) {
  std::vector<std::int64_t> ids;
  for (const AuditEntry& entry : page.entries) ids.push_back(entry.id);
  return ids;
}

}  // namespace

TEST_CASE("audit log: an entry is there before the change, and how it ended after it", "[box]") {
  const LogBox box;
  AuditLog log(box.path);
  AuditEntry entry = entry_for("anna@example.com", "user quota", "ben@example.com");
  entry.before = "0";
  entry.after = "5G";
  entry.job = "17";
  const std::int64_t id = log.begin(entry);
  const AuditEntry stored = log.page({}).entries.at(0);
  CHECK(stored.id == id);
  CHECK(stored.at == k_now);
  CHECK(stored.account == "anna@example.com");
  CHECK(stored.by == "session");
  CHECK(stored.from == "192.0.2.1");
  CHECK(stored.action == "user quota");
  CHECK(stored.target == "ben@example.com");
  CHECK(stored.before == "0");
  CHECK(stored.after == "5G");
  CHECK(stored.job == "17");
  CHECK(stored.result.empty());
  CHECK_FALSE(stored.generation);
  log.finish(id, "done", 42);
  CHECK(log.page({}).entries.at(0).result == "done");
  CHECK(log.page({}).entries.at(0).generation == 42);
  struct stat status = {};
  REQUIRE(stat(box.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
}

TEST_CASE("audit log: pages, the newest first", "[box]") {
  const LogBox box;
  AuditLog log(box.path);
  for (int k = 0; k < 5; ++k) log.begin(entry_for("anna@example.com", "user add", "x"));
  const AuditPage first = log.page({.limit = 2});
  CHECK(ids_of(first) == std::vector<std::int64_t>{5, 4});
  log.begin(entry_for("anna@example.com", "user add", "x"));
  const AuditPage second = log.page({.before_id = first.next, .limit = 2});
  CHECK(ids_of(second) == std::vector<std::int64_t>{3, 2});
  const AuditPage third = log.page({.before_id = second.next, .limit = 2});
  CHECK(ids_of(third) == std::vector<std::int64_t>{1});
  CHECK(third.next == 0);
}

TEST_CASE("audit log: what can be asked for", "[box]") {
  const LogBox box;
  AuditLog log(box.path);
  log.begin(entry_for("root", "user add", "anna@example.com", k_now));                            // 1
  log.begin(entry_for("root (anna)", "user remove", "ben@example.com", k_now + minutes(1)));      // 2
  log.begin(entry_for("rooted@example.com", "users", "100%_x@example.com", k_now + minutes(2)));  // 3
  log.begin(entry_for("anna@example.com", "dns set", "www.example.com", k_now + minutes(3)));     // 4
  using Ids = std::vector<std::int64_t>;
  CHECK(ids_of(log.page({.account = "root"})) == Ids{2, 1});
  CHECK(ids_of(log.page({.account = "root (anna)"})) == Ids{2});
  CHECK(ids_of(log.page({.action = "user"})) == Ids{2, 1});
  CHECK(ids_of(log.page({.action = "user add"})) == Ids{1});
  CHECK(ids_of(log.page({.target = "BEN@"})) == Ids{2});
  CHECK(ids_of(log.page({.target = "%_"})) == Ids{3});
  CHECK(ids_of(log.page({.since = k_now + minutes(1), .until = k_now + minutes(3)})) == Ids{3, 2});
  CHECK(ids_of(log.page({.account = "root", .action = "user", .target = "anna"})) == Ids{1});
  CHECK(log.page({.account = "nobody"}).entries.empty());
}

TEST_CASE("audit log: it is bounded", "[box]") {
  const LogBox box;
  AuditLog log(box.path, {.rows = 3, .age = hours(24)});
  for (int k = 0; k < 5; ++k) log.begin(entry_for("root", "user add", "x", k_now));
  CHECK(ids_of(log.page({})) == std::vector<std::int64_t>{5, 4, 3});
  log.begin(entry_for("root", "user add", "x", k_now + hours(25)));
  CHECK(ids_of(log.page({})) == std::vector<std::int64_t>{6});
  AuditEntry large = entry_for("root", "dns set", "x");
  large.after = std::string(5000, 'a');
  log.begin(large);
  CHECK(log.page({}).entries.at(0).after == std::string(4000, 'a') + "…");
}

TEST_CASE("audit log: a damaged one is an error, not an empty log", "[box]") {
  const LogBox box;
  std::ofstream(box.path) << std::string(5000, 'x');
  CHECK_THROWS_AS(AuditLog(box.path), DamagedDatabase);
}

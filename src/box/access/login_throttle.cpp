#include "box/access/login_throttle.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/text.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr hours k_failures_last{24};
constexpr hours k_between_successes{1};
constexpr std::size_t k_longest_account = 320;

// A client may type anything.
std::string throttled_account(const std::string& account) {
  return lower_case(trim(account)).substr(0, k_longest_account);
}

// How long one has to wait after the failure that made it so hot: 0 is not at all, 1 the first wait.
std::int64_t wait_at(std::int64_t level, const ThrottleLimits& limits) {
  constexpr std::int64_t k_most_doublings = 30;
  if (level == 0) return 0;
  return std::min<std::int64_t>(std::int64_t{1} << std::min(level - 1, k_most_doublings), limits.longest_wait.count());
}

// `failures` are sorted. Follows them in time, as each was answered.
std::int64_t wait_after(const std::vector<std::int64_t>& failures, std::int64_t most, std::int64_t now,
                        const ThrottleLimits& limits) {
  const std::int64_t window = limits.window.count();
  std::int64_t level = 0;
  std::size_t first = 0;  // of those within the window
  for (std::size_t k = 0; k < failures.size(); ++k) {
    while (failures[k] - failures[first] > window) ++first;
    if (level > 0 && failures[k] - failures[k - 1] > window + wait_at(level, limits)) level = 0;
    if (level > 0 || static_cast<std::int64_t>(k - first) + 1 >= most) ++level;
  }
  if (level == 0) return 0;
  const std::int64_t wait = wait_at(level, limits);
  // A clock that was set back makes nobody wait longer.
  return std::clamp<std::int64_t>(failures.back() + wait - now, 0, wait);
}

std::vector<std::int64_t> failure_times(Database& database, const std::string& column, const std::string& value,
                                        TimePoint now) {
  std::vector<std::int64_t> times;
  Statement statement =
      database.prepare("SELECT at FROM login_failures WHERE " + column + " = ? AND at > ? ORDER BY at");
  statement.bind(1, value);
  statement.bind(2, seconds_since_1970(now - k_failures_last));
  while (statement.step()) times.push_back(statement.integer(0));
  return times;
}

std::optional<TimePoint> last_success(Database& database, const std::string& account, const std::string& network) {
  Statement statement = database.prepare("SELECT at FROM login_successes WHERE account = ? AND network = ?");
  statement.bind(1, account);
  statement.bind(2, network);
  return statement.step() ? std::optional(time_at(statement.integer(0))) : std::nullopt;
}

bool has_failures(Database& database, const std::string& account, const std::string& network) {
  Statement statement = database.prepare("SELECT 1 FROM login_failures WHERE account = ? AND network = ? LIMIT 1");
  statement.bind(1, account);
  statement.bind(2, network);
  return statement.step();
}

void remove_before(Database& database, const std::string& table, TimePoint time) {
  Statement statement = database.prepare("DELETE FROM " + table + " WHERE at < ?");
  statement.bind(1, seconds_since_1970(time));
  statement.step();
}

}  // namespace

std::string network_of_address(const std::string& address) {
  in6_addr bytes{};
  if (inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return address;
  char text[INET6_ADDRSTRLEN] = {};
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) return inet_ntop(AF_INET, &bytes.s6_addr[12], text, sizeof text);
  std::memset(&bytes.s6_addr[8], 0, 8);
  return std::string(inet_ntop(AF_INET6, &bytes, text, sizeof text)) + "/64";
}

LoginThrottle::LoginThrottle(std::shared_ptr<Database> database, const ThrottleLimits& limits)
    : database_(std::move(database)), limits_(limits) {}

seconds LoginThrottle::wait(const std::string& typed, const std::string& address, TimePoint now) const {
  const std::string account = throttled_account(typed);
  const std::string network = network_of_address(address);
  const std::int64_t present = seconds_since_1970(now);
  std::int64_t wait =
      wait_after(failure_times(*database_, "network", network, now), limits_.network_failures, present, limits_);
  if (account.empty()) return seconds(wait);
  const auto success = last_success(*database_, account, network);
  if (!success || now - *success > limits_.trust) {
    const auto failures = failure_times(*database_, "account", account, now);
    wait = std::max(wait, wait_after(failures, limits_.account_failures, present, limits_));
  }
  return seconds(wait);
}

seconds LoginThrottle::begin(const std::string& account, const std::string& address, TimePoint now) {
  Database::Transaction transaction(*database_, Database::Durability::buffered);
  const seconds needed = wait(account, address, now);
  if (needed > seconds(0)) return needed;
  count_failure(account, address, now);
  transaction.commit();
  return seconds(0);
}

void LoginThrottle::failed(const std::string& account, const std::string& address, TimePoint now) {
  Database::Transaction transaction(*database_, Database::Durability::buffered);
  count_failure(account, address, now);
  transaction.commit();
}

void LoginThrottle::count_failure(const std::string& account, const std::string& address, TimePoint now) {
  remove_before(*database_, "login_failures", now - k_failures_last);
  Statement insert = database_->prepare("INSERT INTO login_failures (at, account, network) VALUES (?, ?, ?)");
  insert.bind(1, seconds_since_1970(now));
  insert.bind(2, throttled_account(account));
  insert.bind(3, network_of_address(address));
  insert.step();
  Statement bound = database_->prepare("DELETE FROM login_failures WHERE id <= ?");
  bound.bind(1, database_->last_id() - limits_.rows);
  bound.step();
}

void LoginThrottle::succeeded(const std::string& typed, const std::string& address, TimePoint now) {
  const std::string account = throttled_account(typed);
  const std::string network = network_of_address(address);
  const auto before = last_success(*database_, account, network);
  const bool failures = has_failures(*database_, account, network);
  if (before && now - *before < k_between_successes && !failures) return;
  Database::Transaction transaction(*database_, Database::Durability::buffered);
  remove_before(*database_, "login_successes", now - limits_.trust);
  Statement forget = database_->prepare("DELETE FROM login_failures WHERE account = ? AND network = ?");
  forget.bind(1, account);
  forget.bind(2, network);
  forget.step();
  Statement store =
      database_->prepare("INSERT OR REPLACE INTO login_successes (account, network, at) VALUES (?, ?, ?)");
  store.bind(1, account);
  store.bind(2, network);
  store.bind(3, seconds_since_1970(now));
  store.step();
  Statement bound = database_->prepare(
      "DELETE FROM login_successes WHERE (account, network) IN "
      "(SELECT account, network FROM login_successes ORDER BY at DESC LIMIT -1 OFFSET ?)");
  bound.bind(1, limits_.rows);
  bound.step();
  transaction.commit();
}

}  // namespace mailinabox

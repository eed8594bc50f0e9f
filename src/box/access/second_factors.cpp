#include "box/access/second_factors.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "box/access/totp.hpp"
#include "box/directory/change.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_totp = "totp";
constexpr std::size_t k_longest_label = 64;
// The column mru_token has the last accepted step with at least so many digits. The original stores the last code,
// which has six.
constexpr std::size_t k_step_digits = 8;

std::string purpose_for(std::int64_t user) { return "totp of user " + std::to_string(user); }

std::string step_text(std::int64_t step) {
  const std::string digits = std::to_string(step);
  return std::string(k_step_digits - std::min(k_step_digits, digits.size()), '0') + digits;
}

std::optional<std::int64_t> step_in(const std::string& token) {
  return token.size() < k_step_digits ? std::nullopt : parse_number<std::int64_t>(token);
}

// `token` is what the last accepted code left.
bool accepted_before(const std::string& token, std::int64_t step, const std::string& code) {
  if (const auto last = step_in(token)) return step <= *last;
  return equal_in_constant_time(token, code);
}

struct StoredFactor {
  std::int64_t id = 0;
  std::int64_t user = 0;
  std::string secret{};
  std::string token{};
};

// Of one user, or all.
std::vector<StoredFactor> totp_rows(Database& database, std::optional<std::int64_t> user) {
  std::vector<StoredFactor> rows;
  Statement statement = database.prepare(
      "SELECT id, user_id, secret, mru_token FROM mfa WHERE type = ?1 AND (?2 IS NULL OR user_id = ?2) ORDER BY id");
  statement.bind(1, k_totp);
  if (user) statement.bind(2, *user);
  while (statement.step()) {
    rows.push_back({.id = statement.integer(0),
                    .user = statement.integer(1),
                    .secret = statement.text(2),
                    .token = statement.text(3)});
  }
  return rows;
}

Secret opened_secret(const StoredFactor& row, const std::optional<SealingKey>& key) {
  if (!is_sealed(row.secret)) return Secret(row.secret);
  if (!key) throw Error("The key that opens the secrets of second factors is missing.");
  return key->open(row.secret, purpose_for(row.user));
}

// If it is in the clear.
void seal_row(Database& database, const StoredFactor& row, const SealingKey& key) {
  if (is_sealed(row.secret)) return;
  Statement update = database.prepare("UPDATE mfa SET secret = ? WHERE id = ?");
  update.bind(1, key.seal(Secret(row.secret), purpose_for(row.user)));
  update.bind(2, row.id);
  update.step();
}

void store_step(Database& database, std::int64_t id, std::int64_t step) {
  Statement update = database.prepare("UPDATE mfa SET mru_token = ? WHERE id = ?");
  update.bind(1, step_text(step));
  update.bind(2, id);
  update.step();
}

}  // namespace

SecondFactors::SecondFactors(const std::string& users_database, std::optional<SealingKey> key, Directory::Access access)
    : database_(open_directory(users_database, access)), key_(std::move(key)) {}

std::vector<SecondFactor> SecondFactors::of(std::int64_t user) const {
  std::vector<SecondFactor> factors;
  Statement statement = database_->prepare("SELECT id, type, label, mru_token FROM mfa WHERE user_id = ? ORDER BY id");
  statement.bind(1, user);
  while (statement.step()) {
    SecondFactor factor{.id = statement.integer(0), .type = statement.text(1), .label = statement.text(2)};
    if (const auto step = step_in(statement.text(3))) factor.last_used = totp_step_begins(*step);
    factors.push_back(std::move(factor));
  }
  return factors;
}

std::int64_t SecondFactors::add_totp(std::int64_t user, const Secret& secret, const std::string& label) {
  for (const std::string& problem : {problem_with_totp_secret(secret), problem_with_factor_label(label)}) {
    if (!problem.empty()) throw Error(problem);
  }
  if (!key_) throw Error("The key that seals the secrets of second factors is missing.");
  Database::Transaction transaction = begin_change(*database_);
  Statement insert = database_->prepare("INSERT INTO mfa (user_id, type, secret, label) VALUES (?, ?, ?, ?)");
  insert.bind(1, user);
  insert.bind(2, k_totp);
  insert.bind(3, key_->seal(secret, purpose_for(user)));
  insert.bind(4, trim(label));
  insert.step();
  const std::int64_t id = database_->last_id();
  transaction.commit();
  return id;
}

bool SecondFactors::remove(std::int64_t user, std::optional<std::int64_t> id) {
  Database::Transaction transaction = begin_change(*database_);
  Statement statement = database_->prepare("DELETE FROM mfa WHERE user_id = ?1 AND (?2 IS NULL OR id = ?2)");
  statement.bind(1, user);
  if (id) statement.bind(2, *id);
  statement.step();
  const bool removed = database_->changes() > 0;
  transaction.commit();
  return removed;
}

bool SecondFactors::accept(std::int64_t user, const std::string& typed, TimePoint now) {
  const std::string code = without_blanks(typed);
  Database::Transaction transaction = begin_change(*database_);
  std::optional<Error> closed;
  for (const StoredFactor& row : totp_rows(*database_, user)) {
    std::optional<std::int64_t> step;
    try {
      step = totp_step(opened_secret(row, key_), code, now);
    } catch (const Error& error) {
      closed = error;
    }
    if (!step || accepted_before(row.token, *step, code)) continue;
    store_step(*database_, row.id, *step);
    if (key_) seal_row(*database_, row, *key_);
    transaction.commit();
    return true;
  }
  if (closed) throw Error(*closed);
  return false;
}

std::size_t SecondFactors::seal_all() {
  if (!key_) throw Error("The key that seals the secrets of second factors is missing.");
  std::vector<StoredFactor> rows = totp_rows(*database_, std::nullopt);
  const auto sealed = [](const StoredFactor& row) { return is_sealed(row.secret); };
  if (std::all_of(rows.begin(), rows.end(), sealed)) return 0;
  Database::Transaction transaction = begin_change(*database_);
  rows = totp_rows(*database_, std::nullopt);  // as nobody can change them now
  std::erase_if(rows, sealed);
  for (const StoredFactor& row : rows) seal_row(*database_, row, *key_);
  transaction.commit();
  return rows.size();
}

std::string SecondFactors::state(std::int64_t user) const {
  std::string text;
  for (const SecondFactor& factor : of(user)) text += std::to_string(factor.id) + " " + factor.type + "\n";
  return sha256_hex(text);
}

std::string problem_with_factor_label(const std::string& label) {
  if (!printable_utf8(label)) return "A label must not contain control characters.";
  if (characters_in(label) > k_longest_label) return "A label must have at most 64 characters.";
  return {};
}

}  // namespace mailinabox

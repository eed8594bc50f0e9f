#include "box/access/access_store.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "store/private_database.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_access_tables = R"(
CREATE TABLE tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  digest TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER,
  last_used INTEGER,
  last_from TEXT NOT NULL DEFAULT '',
  UNIQUE (user, name)
);
CREATE TABLE recovery_codes (
  user INTEGER NOT NULL,
  digest TEXT NOT NULL,
  made INTEGER NOT NULL,
  used INTEGER,
  PRIMARY KEY (user, digest)
) WITHOUT ROWID;
)";

constexpr std::string_view k_token_mark = "miab_";
constexpr std::size_t k_token_bytes = 32;
constexpr std::size_t k_longest_token_name = 64;
constexpr std::int64_t k_seconds_between_uses = 60;

constexpr std::size_t k_recovery_codes = 10;
constexpr std::size_t k_recovery_parts = 3;
constexpr std::size_t k_recovery_part_letters = 5;
// Without 0 o, 1 i l: people copy the codes by hand.
constexpr std::string_view k_recovery_letters = "abcdefghjkmnpqrstuvwxyz23456789";

constexpr const char* k_select_token =
    "SELECT id, name, user, scopes, created, expires, last_used, last_from FROM tokens";

std::optional<TimePoint> optional_time(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(time_at(row.integer(column)));
}

ApiToken token_of(const Statement& row) {
  ApiToken token{.id = row.integer(0),
                 .name = row.text(1),
                 .user = row.integer(2),
                 .created = time_at(row.integer(4)),
                 .expires = optional_time(row, 5),
                 .last_used = optional_time(row, 6),
                 .last_from = row.text(7)};
  const std::string scopes = row.text(3);
  for (const std::string_view word : words_of(scopes)) token.scopes.emplace_back(word);
  return token;
}

void require_token_name(const std::string& name) {
  if (trim(name).empty()) throw InvalidValue("name", "A token needs a name.");
  if (characters_in(name) > k_longest_token_name)
    throw InvalidValue("name", "A token's name must have at most 64 characters.");
  if (!printable_utf8(name)) throw InvalidValue("name", "A token's name must not contain control characters.");
}

std::string recovery_digest(const std::string& typed) {
  std::string code = lower_case(without_blanks(typed));
  std::erase(code, '-');
  return sha256_hex(code);
}

Secret new_recovery_code() {
  const Secret letters = random_text(k_recovery_parts * k_recovery_part_letters, k_recovery_letters);
  std::string code;
  for (std::size_t part = 0; part < k_recovery_parts; ++part) {
    if (part > 0) code += '-';
    code += letters.reveal().substr(part * k_recovery_part_letters, k_recovery_part_letters);
  }
  return Secret(std::move(code));
}

}  // namespace

AccessStore::AccessStore(const std::string& path)
    : database_(private_database(path, {.version = 1, .tables = k_access_tables})) {}

std::pair<ApiToken, Secret> AccessStore::create_token(const NewToken& token, TimePoint now) {
  require_token_name(token.name);
  require_scopes(token.scopes);
  if (token.expires && *token.expires <= now) throw InvalidValue("expires", "The token would have expired already.");
  Secret secret(std::string(k_token_mark) + to_base64url(random_bytes(k_token_bytes).reveal()));
  Statement insert =
      database_->prepare("INSERT INTO tokens (digest, user, name, scopes, created, expires) VALUES (?, ?, ?, ?, ?, ?)");
  insert.bind(1, sha256_hex(secret.reveal()));
  insert.bind(2, token.user);
  insert.bind(3, trim(token.name));
  insert.bind(4, joined(token.scopes, " "));
  insert.bind(5, seconds_since_1970(now));
  if (token.expires) insert.bind(6, seconds_since_1970(*token.expires));
  try {
    insert.step();
  } catch (const Conflict&) {
    throw AlreadyExists("The user already has a token with the name \"" + std::string(trim(token.name)) +
                        "\": choose another name, or revoke that token.");
  }
  return {*token_by_id(database_->last_id()), std::move(secret)};
}

std::optional<ApiToken> AccessStore::token(const Secret& secret, TimePoint now) const {
  if (!secret.reveal().starts_with(k_token_mark)) return std::nullopt;
  Statement find = database_->prepare(std::string(k_select_token) + " WHERE digest = ?");
  find.bind(1, sha256_hex(secret.reveal()));
  if (!find.step()) return std::nullopt;
  ApiToken token = token_of(find);
  if (token.expires && *token.expires <= now) return std::nullopt;
  return token;
}

void AccessStore::token_used(std::int64_t id, TimePoint now, const std::string& from) {
  const std::optional<ApiToken> token = token_by_id(id);
  if (!token) return;
  const bool recent = token->last_used && now - *token->last_used <= std::chrono::seconds(k_seconds_between_uses);
  if (recent && token->last_from == from) return;
  Statement update = database_->prepare("UPDATE tokens SET last_used = ?, last_from = ? WHERE id = ?");
  update.bind(1, seconds_since_1970(now));
  update.bind(2, from);
  update.bind(3, id);
  update.step();
}

std::vector<ApiToken> AccessStore::tokens(std::optional<std::int64_t> user) const {
  std::vector<ApiToken> tokens;
  Statement statement = database_->prepare(std::string(k_select_token) + " WHERE ?1 IS NULL OR user = ?1 ORDER BY id");
  if (user) statement.bind(1, *user);
  while (statement.step()) tokens.push_back(token_of(statement));
  return tokens;
}

std::optional<ApiToken> AccessStore::token_by_id(std::int64_t id) const {
  Statement find = database_->prepare(std::string(k_select_token) + " WHERE id = ?");
  find.bind(1, id);
  if (!find.step()) return std::nullopt;
  return token_of(find);
}

bool AccessStore::remove_token(std::int64_t id) {
  Statement remove = database_->prepare("DELETE FROM tokens WHERE id = ?");
  remove.bind(1, id);
  remove.step();
  return database_->changes() > 0;
}

std::vector<Secret> AccessStore::renew_recovery_codes(std::int64_t user, TimePoint now) {
  Database::Transaction transaction(*database_);
  forget_recovery_codes(user);
  std::vector<Secret> codes;
  while (codes.size() < k_recovery_codes) {
    codes.push_back(new_recovery_code());
    Statement insert = database_->prepare("INSERT INTO recovery_codes (user, digest, made) VALUES (?, ?, ?)");
    insert.bind(1, user);
    insert.bind(2, recovery_digest(codes.back().reveal()));
    insert.bind(3, seconds_since_1970(now));
    insert.step();
  }
  transaction.commit();
  return codes;
}

bool AccessStore::use_recovery_code(std::int64_t user, const std::string& typed, TimePoint now) {
  Statement update =
      database_->prepare("UPDATE recovery_codes SET used = ? WHERE user = ? AND digest = ? AND used IS NULL");
  update.bind(1, seconds_since_1970(now));
  update.bind(2, user);
  update.bind(3, recovery_digest(typed));
  update.step();
  return database_->changes() > 0;
}

RecoveryState AccessStore::recovery_state(std::int64_t user) const {
  Statement statement =
      database_->prepare("SELECT count(*) - count(used), max(made) FROM recovery_codes WHERE user = ?");
  statement.bind(1, user);
  if (!statement.step()) return {};
  return {.left = static_cast<std::size_t>(statement.integer(0)), .made = optional_time(statement, 1)};
}

void AccessStore::forget_recovery_codes(std::int64_t user) {
  Statement remove = database_->prepare("DELETE FROM recovery_codes WHERE user = ?");
  remove.bind(1, user);
  remove.step();
}

std::size_t AccessStore::forget_user(std::int64_t user) {
  Database::Transaction transaction(*database_);
  forget_recovery_codes(user);
  Statement remove = database_->prepare("DELETE FROM tokens WHERE user = ?");
  remove.bind(1, user);
  remove.step();
  const auto tokens = static_cast<std::size_t>(database_->changes());
  transaction.commit();
  return tokens;
}

}  // namespace mailinabox

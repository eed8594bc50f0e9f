#include "box/access/session_store.hpp"

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"
#include "store/private_database.hpp"

namespace mailinabox {
namespace {

using std::chrono::seconds;

// The tables of the three classes that share the database.
constexpr const char* k_session_tables = R"(
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  user INTEGER NOT NULL,
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  source TEXT NOT NULL,
  agent TEXT NOT NULL,
  second_factor INTEGER NOT NULL,
  state TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user, last_used);
CREATE INDEX sessions_by_use ON sessions (last_used);

CREATE TABLE login_failures (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  account TEXT NOT NULL,
  network TEXT NOT NULL
);
CREATE INDEX login_failures_of_account ON login_failures (account, at);
CREATE INDEX login_failures_of_network ON login_failures (network, at);
CREATE INDEX login_failures_by_time ON login_failures (at);
CREATE TABLE login_successes (
  account TEXT NOT NULL,
  network TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, network)
) WITHOUT ROWID;
CREATE INDEX login_successes_by_time ON login_successes (at);

CREATE TABLE replies (
  actor TEXT NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  began INTEGER NOT NULL,
  reply TEXT,
  PRIMARY KEY (actor, key)
) WITHOUT ROWID;
CREATE INDEX replies_by_time ON replies (began);
)";

constexpr std::size_t k_session_token_bytes = 32;
constexpr std::size_t k_session_id_bytes = 8;
constexpr std::size_t k_longest_agent = 200;
constexpr seconds k_between_uses{60};

constexpr const char* k_select_session =
    "SELECT id, user, created, last_used, source, agent, second_factor, state FROM sessions";

Session session_of(const Statement& row) {
  return {.id = row.text(0),
          .user = row.integer(1),
          .created = time_at(row.integer(2)),
          .last_used = time_at(row.integer(3)),
          .from = row.text(4),
          .agent = row.text(5),
          .second_factor = row.integer(6) != 0,
          .state = row.text(7)};
}

void insert_session(Database& database, const Session& session, const Secret& token) {
  Statement insert = database.prepare(
      "INSERT INTO sessions (id, digest, user, created, last_used, source, agent, second_factor, state) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(1, session.id);
  insert.bind(2, sha256_hex(token.reveal()));
  insert.bind(3, session.user);
  insert.bind(4, seconds_since_1970(session.created));
  insert.bind(5, seconds_since_1970(session.last_used));
  insert.bind(6, session.from);
  insert.bind(7, session.agent);
  insert.bind(8, std::int64_t{session.second_factor ? 1 : 0});
  insert.bind(9, session.state);
  insert.step();
}

void remove_ended_sessions(Database& database, const SessionLimits& limits, TimePoint now) {
  Statement remove = database.prepare("DELETE FROM sessions WHERE last_used < ?1 OR created < ?2");
  remove.bind(1, seconds_since_1970(now - limits.idle));
  remove.bind(2, seconds_since_1970(now - limits.absolute));
  remove.step();
}

}  // namespace

std::shared_ptr<Database> open_session_database(const std::string& path) {
  auto database = replaceable_database(path, {.version = 1, .tables = k_session_tables});
  // A login makes three commits, one after the other: what they cost is most of what it waits for beside the password's
  // hash.
  database->use_write_ahead_log();
  return database;
}

SessionStore::SessionStore(std::shared_ptr<Database> database, const SessionLimits& limits)
    : database_(std::move(database)), limits_(limits) {}

SessionStore::SessionStore(const std::string& path, const SessionLimits& limits)
    : SessionStore(open_session_database(path), limits) {}

std::pair<Session, Secret> SessionStore::create(std::int64_t user, const std::string& state, const std::string& from,
                                                const std::string& agent, bool second_factor, TimePoint now) {
  Secret token(to_hex(random_bytes(k_session_token_bytes).reveal()));
  Session session{.id = to_hex(random_bytes(k_session_id_bytes).reveal()),
                  .user = user,
                  .created = now,
                  .last_used = now,
                  .from = from,
                  .agent = shortened(agent, k_longest_agent),
                  .second_factor = second_factor,
                  .state = state};
  Database::Transaction transaction(*database_, Database::Durability::buffered);
  remove_ended_sessions(*database_, limits_, now);
  Statement room = database_->prepare(
      "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user = ? ORDER BY last_used DESC LIMIT -1 "
      "OFFSET ?)");
  room.bind(1, user);
  room.bind(2, limits_.per_user - 1);
  room.step();
  insert_session(*database_, session, token);
  transaction.commit();
  return {std::move(session), std::move(token)};
}

std::optional<Session> SessionStore::find(const Secret& token, TimePoint now) const {
  Statement statement = database_->prepare(std::string(k_select_session) + " WHERE digest = ?");
  statement.bind(1, sha256_hex(token.reveal()));
  if (!statement.step()) return std::nullopt;
  Session session = session_of(statement);
  if (now - session.last_used > limits_.idle || now - session.created > limits_.absolute) return std::nullopt;
  return session;
}

void SessionStore::used(const Session& session, TimePoint now, const std::string& from) {
  if (now - session.last_used <= k_between_uses) return;
  Database::Transaction transaction(*database_, Database::Durability::buffered);
  Statement update = database_->prepare("UPDATE sessions SET last_used = ?, source = ? WHERE id = ?");
  update.bind(1, seconds_since_1970(now));
  update.bind(2, from);
  update.bind(3, session.id);
  update.step();
  transaction.commit();
}

std::vector<Session> SessionStore::list(std::int64_t user, TimePoint now) const {
  std::vector<Session> sessions;
  Statement statement = database_->prepare(
      std::string(k_select_session) +
      " WHERE user = ? AND last_used >= ? AND created >= ? ORDER BY last_used DESC, created DESC, id");
  statement.bind(1, user);
  statement.bind(2, seconds_since_1970(now - limits_.idle));
  statement.bind(3, seconds_since_1970(now - limits_.absolute));
  while (statement.step()) sessions.push_back(session_of(statement));
  return sessions;
}

bool SessionStore::revoke(std::int64_t user, const std::string& id) {
  Statement statement = database_->prepare("DELETE FROM sessions WHERE user = ? AND id = ?");
  statement.bind(1, user);
  statement.bind(2, id);
  statement.step();
  return database_->changes() > 0;
}

std::size_t SessionStore::revoke_all(std::int64_t user) { return revoke_others(user, ""); }

std::size_t SessionStore::revoke_others(std::int64_t user, const std::string& id) {
  Statement statement = database_->prepare("DELETE FROM sessions WHERE user = ? AND id <> ?");
  statement.bind(1, user);
  statement.bind(2, id);
  statement.step();
  return static_cast<std::size_t>(database_->changes());
}

}  // namespace mailinabox

// Sessions of people who are logged in: /var/lib/mailinabox/sessions.sqlite, which only root can read. It may be lost:
// then everybody logs in again. What the database holds for others: login_throttle.hpp, remembered_replies.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace mailinabox {

class Database;

// The connection to that database; makes it with mode 0600 if it is missing. One that is damaged or of another version
// is made again, empty. It has a write-ahead log (store/sqlite.hpp). Throws Error if it cannot be opened or made.
std::shared_ptr<Database> open_session_database(const std::string& path);

struct SessionLimits {
  std::chrono::seconds idle = std::chrono::hours(48);           // without use
  std::chrono::seconds absolute = std::chrono::hours(24) * 30;  // after the login, however much it is used
  std::int64_t per_user = 64;
};

struct Session {
  std::string id{};  // 16 hexadecimal digits, to list and revoke it; no secret
  std::int64_t user = 0;
  TimePoint created{};
  TimePoint last_used{};
  std::string from{};   // address of the last use
  std::string agent{};  // the browser's words for itself at the login, at most 200 bytes
  bool second_factor = false;
  std::string state{};  // what was given to create(): whoever finds a session compares it with the present one
};

class SessionStore {
 public:
  explicit SessionStore(std::shared_ptr<Database> database, const SessionLimits& limits = {});
  explicit SessionStore(const std::string& path, const SessionLimits& limits = {});

  // A new session and its token, 64 hexadecimal digits, of which only a SHA-256 is stored. `state` is a digest of what
  // the session depends on (password hash, second factors). If the user has too many, the least recently used one ends.
  std::pair<Session, Secret> create(std::int64_t user, const std::string& state, const std::string& from,
                                    const std::string& agent, bool second_factor, TimePoint now);

  // Nothing if there is none with this token, or if it has ended.
  std::optional<Session> find(const Secret& token, TimePoint now) const;

  // Remembers a use. Writes only if the stored one is older than a minute.
  void used(const Session& session, TimePoint now, const std::string& from);

  std::vector<Session> list(std::int64_t user, TimePoint now) const;  // the last used first
  bool revoke(std::int64_t user, const std::string& id);              // false if the user has none with this id
  std::size_t revoke_all(std::int64_t user);
  // All of the user's but this one.
  std::size_t revoke_others(std::int64_t user, const std::string& id);

 private:
  std::shared_ptr<Database> database_;
  SessionLimits limits_;
};

}  // namespace mailinabox

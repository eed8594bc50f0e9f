// API tokens and recovery codes: STORAGE_ROOT/management/access.sqlite, which only root can read. Neither is stored as
// such, but as a SHA-256 of it: both are random and long enough that nobody can search for them.
//
// Both belong to a user's id, not to the address: a user added again with the same address gets none of the old ones.
#pragma once

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

struct ApiToken {
  std::int64_t id = 0;
  std::string name{};
  std::int64_t user = 0;
  std::vector<std::string> scopes{};
  TimePoint created{};
  std::optional<TimePoint> expires{};  // nothing: never
  std::optional<TimePoint> last_used{};
  std::string last_from{};  // the address; "" before the first use
};

struct NewToken {
  std::string name{};
  std::int64_t user = 0;
  std::vector<std::string> scopes{};
  std::optional<TimePoint> expires{};
};

struct RecoveryState {
  std::size_t left = 0;
  std::optional<TimePoint> made{};  // nothing: none were ever made
};

class AccessStore {
 public:
  // Opens the database, or makes it with mode 0600. Throws Error if neither can be done, if it is damaged, or if a
  // later version of mailinabox has made it.
  explicit AccessStore(const std::string& path);

  // A new token, and its secret: "miab_" and 43 letters, digits, "-" and "_", which nobody can be shown again.
  // Throws Error for a name that is empty, longer than 64 characters, has control characters or is taken by another
  // token of the user, for scopes as require_scopes() does, and for an expiry that is not after `now`.
  std::pair<ApiToken, Secret> create_token(const NewToken& token, TimePoint now);

  // The token with this secret, unless it has expired.
  std::optional<ApiToken> token(const Secret& secret, TimePoint now) const;

  // Remembers a use. Writes only if the last one that was written is older than a minute or came from another address.
  void token_used(std::int64_t id, TimePoint now, const std::string& from);

  // Of one user, or all; also expired ones. By id, which is the order in which they were made.
  std::vector<ApiToken> tokens(std::optional<std::int64_t> user) const;
  std::optional<ApiToken> token_by_id(std::int64_t id) const;
  bool remove_token(std::int64_t id);  // false if there is none

  // Ten new codes of the form xxxxx-xxxxx-xxxxx; the user's older ones no longer work.
  std::vector<Secret> renew_recovery_codes(std::int64_t user, TimePoint now);

  // True once for each code. How it is typed does not matter: case, blanks and hyphens do not count.
  bool use_recovery_code(std::int64_t user, const std::string& typed, TimePoint now);
  RecoveryState recovery_state(std::int64_t user) const;
  void forget_recovery_codes(std::int64_t user);

  // Removes the user's tokens and recovery codes. Returns how many tokens.
  std::size_t forget_user(std::int64_t user);

 private:
  std::shared_ptr<Database> database_;
};

// The words for what a token may do: read, mail, dns, tls, web, backup, admin; and "acme:NAME": set and remove the TXT
// records at _acme-challenge.NAME, nothing else.
const std::vector<std::string>& scope_words();

// Throws Error with a sentence if there is none, one is unknown or stands twice, or the NAME after "acme:" is not a
// domain name in lower case ASCII (a wildcard has its own name's challenge: no "*.").
void require_scopes(const std::vector<std::string>& scopes);

}  // namespace mailinabox

// API tokens: what programs log in with instead of somebody's password. Everything works without the daemon.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "box/access/access_store.hpp"
#include "operations/box.hpp"

namespace mailinabox {

struct ListedToken {
  ApiToken token{};
  std::string email{};  // of its user; "" if there is none any more: then it does not work
};

struct TokenRequest {
  std::string name{};
  std::string email{};                 // of the user on whose behalf it acts
  std::vector<std::string> scopes{};   // access_store.hpp: require_scopes()
  std::optional<TimePoint> expires{};  // nothing: never
};

// All throw Error if the user is not root or there is no box.
// Of all users, or one; throws Error for an address that is no user's.
std::vector<ListedToken> list_tokens(const Box& box, const std::optional<std::string>& email = std::nullopt);

// The token and its secret, which nobody can be shown again. Throws Error as AccessStore::create_token() does.
std::pair<ListedToken, Secret> create_token(const Box& box, const TokenRequest& request);

// Returns what was revoked. Throws Error if there is no such token.
ListedToken revoke_token(const Box& box, std::int64_t id);

}  // namespace mailinabox

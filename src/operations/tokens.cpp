#include "operations/tokens.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "operations/audit.hpp"
#include "operations/stores.hpp"
#include "operations/users.hpp"

namespace mailinabox {
namespace {

std::string token_text(const ListedToken& listed) {
  const ApiToken& token = listed.token;
  return token.name + ": " + joined(token.scopes, ", ") +
         (token.expires ? "; until " + rfc3339(*token.expires) : "; without end");
}

User user_of_token(const Box& box, const std::string& email) {
  auto user = find_user(box, lower_case(trim(email)));
  if (!user) throw UnknownName("That's not a user (" + email + ").");
  return *std::move(user);
}

std::string email_of(const Box& box, std::int64_t user) {
  const auto found = find_user_by_id(box, user);
  return found ? found->email : "";
}

}  // namespace

std::vector<ListedToken> list_tokens(const Box& box, const std::optional<std::string>& email) {
  const Answers answers = require_answers(box);
  const auto user = email ? std::optional(user_of_token(box, *email).id) : std::nullopt;
  const auto store = find_access_store(box, answers);
  std::vector<ListedToken> listed;
  for (ApiToken& token : store ? store->tokens(user) : std::vector<ApiToken>{}) {
    listed.push_back({.token = std::move(token)});
    listed.back().email = email_of(box, listed.back().token.user);
  }
  return listed;
}

std::pair<ListedToken, Secret> create_token(const Box& box, const TokenRequest& request) {
  const Answers answers = require_answers(box);
  const User user = user_of_token(box, request.email);
  const TimePoint now = box.system.clock.now();
  AccessStore store = open_access_store(box, answers);
  ListedToken listed{.token = {.name = std::string(trim(request.name)),
                               .user = user.id,
                               .scopes = request.scopes,
                               .expires = request.expires},
                     .email = user.email};
  Secret secret;
  audited(box, answers, {.action = "token create", .target = user.email, .after = token_text(listed)}, [&] {
    std::tie(listed.token, secret) = store.create_token(
        {.name = request.name, .user = user.id, .scopes = request.scopes, .expires = request.expires}, now);
  });
  return {std::move(listed), std::move(secret)};
}

ListedToken revoke_token(const Box& box, std::int64_t id) {
  const Answers answers = require_answers(box);
  auto store = find_access_store(box, answers);
  auto token = store ? store->token_by_id(id) : std::nullopt;
  if (!token) {
    throw UnknownName("There is no token with the number " + std::to_string(id) +
                      "; `mailinabox token list` has them.");
  }
  ListedToken listed{.token = *std::move(token)};
  listed.email = email_of(box, listed.token.user);
  audited(box, answers, {.action = "token revoke", .target = listed.email, .before = token_text(listed)},
          [&] { store->remove_token(id); });
  return listed;
}

}  // namespace mailinabox

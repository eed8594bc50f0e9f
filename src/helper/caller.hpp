// Who sends a request, and what they may do. The helper finds out by itself, for each message: a front that has been
// taken over can do no more than those who are logged in through it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "box/access/access_store.hpp"
#include "box/access/session_store.hpp"
#include "box/directory/directory.hpp"
#include "helper/stores.hpp"
#include "messages/envelope.hpp"

namespace mailinabox {

struct Caller {
  std::optional<User> user{};  // nobody, or the box's own key, without
  bool own_key = false;        // the box's key: an administrator without a user
  bool second_factor = false;
  std::optional<Session> session{};
  std::optional<ApiToken> token{};
  Secret secret{};  // the session's or token's

  bool known() const { return own_key || user.has_value(); }
  bool administrator() const { return own_key || (user && user->admin()); }
  // Whether what a message tells of its sender may also be asked of other users.
  bool sees_others() const;
  Actor actor(const std::string& from) const;
  std::string name() const;  // for keys of remembered replies: tells callers apart
};

// Why nobody is known. `text` is a word or sentence that clients of the original compare.
struct Unauthenticated {
  std::string text{};
  std::chrono::seconds retry_after{0};
};

enum class LoginPurpose : std::uint8_t {
  request,  // sessions, tokens and the box's key count, too
  session,  // a session shall begin: a password, or a token, which is then used as if it were one; no session
};

// Finds out who it is; failures are counted and logged as fail2ban reads them. A message that needs nobody gets a
// Caller who is not known() for a credential that is missing.
std::variant<Caller, Unauthenticated> authenticate(Stores& stores, const Envelope& envelope, LoginPurpose purpose);

// The DNS record that a message is about.
struct RecordKey {
  std::string name{};
  std::string type{};
};

// Why the caller may not send the message; "" if they may. `record`: if it is about DNS records, also about all ("").
std::string refusal(const Caller& caller, const Rights& rights, const std::optional<RecordKey>& record);

// The value that requests with this session's cookie have in X-CSRF-Token if they change something: no other site's
// page knows it.
std::string csrf_token(const Secret& session);

}  // namespace mailinabox

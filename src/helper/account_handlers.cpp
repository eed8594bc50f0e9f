#include <syslog.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "box/access/qr_code.hpp"
#include "helper/handlers.hpp"
#include "operations/audit.hpp"
#include "operations/mailboxes.hpp"
#include "operations/mfa.hpp"
#include "operations/stores.hpp"
#include "operations/tokens.hpp"
#include "operations/users.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::hours k_pending_for{1};

LoggedIn begin_session(RequestContext& context, const User& user, bool second_factor) {
  Stores& stores = context.stores;
  const auto [session, token] = stores.sessions().create(user.id, stores.state_of(user), context.envelope.from,
                                                         context.envelope.agent, second_factor, stores.now());
  return {.email = user.email, .privileges = user.privileges, .session = token, .csrf = Secret(csrf_token(token))};
}

SessionInfo session_info(const Session& session, const User& user, const Caller& caller) {
  return {.id = session.id,
          .user = user.email,
          .created = rfc3339(session.created),
          .last_used = rfc3339(session.last_used),
          .from = session.from,
          .agent = session.agent,
          .second_factor = session.second_factor,
          .current = caller.session && caller.session->id == session.id};
}

bool has_session(const std::vector<Session>& sessions, const std::string& id) {
  return std::any_of(sessions.begin(), sessions.end(), [&](const Session& session) { return session.id == id; });
}

TokenInfo token_info(const ListedToken& listed) {
  const ApiToken& token = listed.token;
  return {.id = token.id,
          .name = token.name,
          .user = listed.email,
          .scopes = token.scopes,
          .created = rfc3339(token.created),
          .expires = time_text(token.expires),
          .last_used = time_text(token.last_used),
          .last_from = token.last_from};
}

std::string pending_purpose(const User& user) { return "new device of user " + std::to_string(user.id); }

// Sealed for the user with the time until when it counts, so that the helper has nothing to remember.
Secret seal_pending(RequestContext& context, const User& user, const Secret& secret) {
  const std::int64_t until = seconds_since_1970(context.stores.now() + k_pending_for);
  return Secret(require_sealing_key(context.box, context.stores.answers())
                    .seal(Secret(std::to_string(until) + " " + secret.reveal()), pending_purpose(user)));
}

Secret open_pending(RequestContext& context, const User& user, const Secret& pending) {
  const std::string text =
      require_sealing_key(context.box, context.stores.answers()).open(pending.reveal(), pending_purpose(user)).reveal();
  const auto until = parse_number<std::int64_t>(first_word(text));
  if (!until || time_at(*until) < context.stores.now())
    throw InvalidValue("pending", "This secret is older than an hour. Begin again.");
  return Secret(text.substr(text.find(' ') + 1));
}

}  // namespace

std::string time_text(const std::optional<TimePoint>& time) { return time ? rfc3339(*time) : ""; }

User RequestContext::user_or_self(const std::string& email) const {
  if (email.empty()) {
    if (!caller.user) throw UnknownName("User does not exist.");
    return *caller.user;
  }
  if (caller.user && caller.user->email == email) return *caller.user;
  if (!caller.sees_others()) throw Forbidden("You are not an administrator.");
  auto user = stores.directory().user(email);
  if (!user) throw UnknownName("User does not exist.");
  return *user;
}

LoggedIn handle(RequestContext& context, const LogIn& /*message*/) {
  const Caller& caller = context.caller;
  // Programs that log in first, and use what they get: a token does for a session what it does by itself.
  if (caller.token)
    return {.email = caller.user->email, .privileges = caller.user->privileges, .session = caller.secret};
  return begin_session(context, context.self(), caller.second_factor);
}

Done handle(RequestContext& context, const LogOut& /*message*/) {
  const Caller& caller = context.caller;
  if (caller.session) context.stores.sessions().revoke(caller.user->id, caller.session->id);
  return {};
}

AccountInfo handle(RequestContext& context, const GetAccount& /*message*/) {
  const Caller& caller = context.caller;
  if (!caller.user) return {.privileges = {"admin"}};
  AccountInfo info{.email = caller.user->email,
                   .privileges = caller.user->privileges,
                   .quota = caller.user->quota,
                   .used_bytes = mailbox_usage(context.box, context.stores.answers(), caller.user->email).used,
                   .second_factors = static_cast<std::int64_t>(context.stores.factors().of(caller.user->id).size())};
  if (caller.token) info.scopes = caller.token->scopes;
  if (caller.session) info.csrf = Secret(csrf_token(caller.secret));
  return info;
}

LoggedIn handle(RequestContext& context, const ChangePassword& message) {
  const User user = context.self();
  Stores& stores = context.stores;
  LoginThrottle& throttle = stores.throttle();
  if (throttle.begin(user.email, context.envelope.from, stores.now()).count() > 0)
    throw InvalidValue("current", "Too many wrong passwords. Try again in a while.");
  if (!stores.directory().authenticates(user.email, message.current))
    throw InvalidValue("current", "This is not your present password.");
  throttle.succeeded(user.email, context.envelope.from, stores.now());
  set_password(context.box, user.email, message.password);
  return begin_session(context, user, context.caller.second_factor);
}

SessionList handle(RequestContext& context, const ListSessions& message) {
  const User user = context.user_or_self(message.user);
  SessionList list;
  for (const Session& session : context.stores.sessions().list(user.id, context.stores.now())) {
    if (session.state != context.stores.state_of(user)) continue;
    list.sessions.push_back(session_info(session, user, context.caller));
  }
  return list;
}

Done handle(RequestContext& context, const RevokeSession& message) {
  const User user = context.user_or_self(message.user);
  const auto& own = context.caller.session;
  SessionStore& sessions = context.stores.sessions();
  const bool several = message.id == "all" || message.id == "others";
  if (!several && !has_session(sessions.list(user.id, context.stores.now()), message.id))
    throw UnknownName(user.email + " has no session " + message.id + ".");
  // Who ends a session only takes rights away: that must work if it cannot be recorded, too.
  AuditedChange entry(
      context.box, context.stores.answers().get("STORAGE_ROOT"),
      {.action = "session revoke", .target = user.email, .before = several ? message.id : "session " + message.id},
      AuditedChange::IfUnwritable::warn);
  entry.begin();
  if (message.id == "all") {
    sessions.revoke_all(user.id);
  } else if (several) {
    sessions.revoke_others(user.id, own ? own->id : "");
  } else {
    sessions.revoke(user.id, message.id);
  }
  entry.end({});
  if (!entry.warning().empty()) syslog(LOG_ERR, "management: %s", entry.warning().c_str());
  return {};
}

FactorList handle(RequestContext& context, const ListFactors& message) {
  const User user = context.user_or_self(message.user);
  const UserFactors all = list_factors(context.box, user.email);
  FactorList list{.user = user.email, .recovery_codes = static_cast<std::int64_t>(all.recovery.left)};
  for (const SecondFactor& factor : all.factors) {
    list.factors.push_back(
        {.id = factor.id, .type = factor.type, .label = factor.label, .last_used = time_text(factor.last_used)});
  }
  const bool own = context.caller.user && context.caller.user->id == user.id;
  if (message.prepare && own) list.prepared = handle(context, PrepareFactor{});
  return list;
}

NewFactor handle(RequestContext& context, const PrepareFactor& /*message*/) {
  const User user = context.self();
  const ProposedTotp proposed = propose_totp(context.box, user.email);
  return {.pending = seal_pending(context, user, proposed.secret),
          .secret = proposed.secret,
          .uri = Secret(proposed.uri),
          .qr_code_png = Secret(to_base64(qr_code_png(proposed.uri)))};
}

AddedFactor handle(RequestContext& context, const AddFactor& message) {
  const User user = context.self();
  const Secret secret = message.pending.empty() ? message.secret : open_pending(context, user, message.pending);
  Stores& stores = context.stores;
  AddedFactor added;
  added.id = enable_totp(context.box, user.email, secret, message.code.reveal(), message.label);
  if (stores.access().recovery_state(user.id).left == 0 && message.secret.empty())
    added.recovery_codes = renew_recovery_codes(context.box, user.email);
  return added;
}

Done handle(RequestContext& context, const RemoveFactor& message) {
  const User user = context.user_or_self(message.user);
  disable_factors(context.box, user.email, message.id);
  return {};
}

RecoveryCodes handle(RequestContext& context, const RenewRecoveryCodes& /*message*/) {
  return {.codes = renew_recovery_codes(context.box, context.self().email)};
}

TokenList handle(RequestContext& context, const ListTokens& /*message*/) {
  const auto of = context.caller.sees_others() ? std::nullopt : std::optional(context.self().email);
  TokenList list;
  for (const ListedToken& listed : list_tokens(context.box, of)) list.tokens.push_back(token_info(listed));
  return list;
}

CreatedToken handle(RequestContext& context, const CreateToken& message) {
  TokenRequest wanted{.name = message.name, .email = context.self().email, .scopes = message.scopes};
  if (message.expires) {
    wanted.expires = from_rfc3339(*message.expires);
    if (!wanted.expires) throw InvalidValue("expires", "Expected a time such as 2027-01-31T00:00:00Z.");
  }
  const auto [listed, secret] = create_token(context.box, wanted);
  return {.token = token_info(listed), .secret = secret};
}

Done handle(RequestContext& context, const RevokeToken& message) {
  const auto token = context.stores.access().token_by_id(message.id);
  const bool own = token && context.caller.user && token->user == context.caller.user->id;
  if (!token || (!own && !context.caller.administrator()))
    throw UnknownName("There is no token " + std::to_string(message.id) + ".");
  revoke_token(context.box, message.id);
  return {};
}

}  // namespace mailinabox

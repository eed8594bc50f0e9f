#include "helper/caller.hpp"

#include <syslog.h>

#include <functional>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/ip_address.hpp"
#include "base/text.hpp"
#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_wrong = "Incorrect email address or password.";
constexpr const char* k_token_prefix = "miab_";
constexpr const char* k_challenge_scope = "acme:";
constexpr const char* k_challenge_name = "_acme-challenge.";

// The jail miab-management reads this line, and would ask the DNS for a name; the time keeps syslog from joining equal
// lines.
void log_failure(const std::string& client, TimePoint now) {
  const std::string from = is_ip_address(client) ? client : "(unknown)";
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  syslog(LOG_WARNING, "Mail-in-a-Box Management Daemon: Failed login attempt from ip %s - timestamp %.6f", from.c_str(),
         seconds);
}

// When something was used last is worth less than the answer: whoever is logged in already sees on a full disk, too,
// what to do about it. Guesses of passwords that cannot be counted are not answered.
void note_use(const std::function<void()>& note) {
  try {
    note();
  } catch (const Error& error) {
    if (error.code() != ExitCode::no_space) throw;
    syslog(LOG_ERR, "management: %s", error.what());
  }
}

class Authentication {
 public:
  Authentication(Stores& stores, const Envelope& envelope, LoginPurpose purpose)
      : stores_(stores), envelope_(envelope), credential_(envelope.credential), purpose_(purpose) {}

  std::variant<Caller, Unauthenticated> result() {
    if (credential_.scheme == "none") return nobody();
    if (credential_.scheme == "malformed") return failure(credential_.problem);
    if (credential_.scheme == "bearer") return by_token(credential_.password, "");
    if (credential_.scheme == "cookie") return by_cookie();
    return by_name();
  }

 private:
  std::variant<Caller, Unauthenticated> nobody() {
    if (purpose_ == LoginPurpose::session) return failure("Authorization header invalid.");
    return Caller{};
  }

  Unauthenticated failure(const std::string& text) {
    log_failure(envelope_.from, stores_.now());
    return {text};
  }

  std::optional<Unauthenticated> must_wait(std::chrono::seconds wait) {
    if (wait.count() == 0) return std::nullopt;
    log_failure(envelope_.from,
                stores_.now());  // who does not wait is kept out by fail2ban, sooner than by longer waits
    return Unauthenticated{"Too many failed logins. Try again in " + std::to_string(wait.count()) + " seconds.", wait};
  }

  std::variant<Caller, Unauthenticated> by_name() {
    const std::string& password = credential_.password.reveal();
    if (trim(credential_.user).empty() && trim(password).empty())
      return failure("No email address, password, session key, or API key provided.");
    if (credential_.user.empty()) return failure("Authorization header invalid.");
    if (purpose_ == LoginPurpose::request) {
      if (is_own_key(credential_.user)) return Caller{.own_key = true};
      if (auto caller = by_session(credential_.password, credential_.user)) return std::move(*caller);
    }
    if (password.starts_with(k_token_prefix)) return by_token(credential_.password, credential_.user);
    if (trim(password).empty()) return failure("Enter a password.");
    return by_password();
  }

  bool is_own_key(const std::string& given) const {
    const Secret key = stores_.api_key();
    return !key.empty() && equal_in_constant_time(given, key.reveal());
  }

  std::optional<Caller> by_session(const Secret& token, const std::string& owner) {
    if (token.reveal().size() != 64) return std::nullopt;
    const auto session = stores_.sessions().find(token, stores_.now());
    if (!session) return std::nullopt;
    const auto user = stores_.directory().user_by_id(session->user);
    if (!user || (!owner.empty() && user->email != owner) || session->state != stores_.state_of(*user))
      return std::nullopt;
    note_use([&] { stores_.sessions().used(*session, stores_.now(), envelope_.from); });
    return Caller{.user = user, .second_factor = session->second_factor, .session = session, .secret = token};
  }

  // Who has a session logs in with what it came from: a new one of it would outlive its limits, and logging out.
  std::variant<Caller, Unauthenticated> by_cookie() {
    if (purpose_ == LoginPurpose::session) return failure("Authorization header invalid.");
    if (auto caller = by_session(credential_.password, "")) return std::move(*caller);
    return Unauthenticated{"The session has ended. Log in again."};
  }

  std::variant<Caller, Unauthenticated> by_token(const Secret& secret, const std::string& owner) {
    LoginThrottle& throttle = stores_.throttle();
    if (auto waiting = must_wait(throttle.wait("", envelope_.from, stores_.now()))) return *waiting;
    const auto token = stores_.access().token(secret, stores_.now());
    const auto user = token ? stores_.directory().user_by_id(token->user) : std::nullopt;
    if (!user || (!owner.empty() && user->email != owner)) {
      throttle.failed("", envelope_.from, stores_.now());
      return failure(k_wrong);
    }
    note_use([&] { stores_.access().token_used(token->id, stores_.now(), envelope_.from); });
    return Caller{.user = user, .token = token, .secret = secret};
  }

  std::variant<Caller, Unauthenticated> by_password() {
    // Counts as a failure until it has succeeded: of attempts at the same time no more get through than one by one.
    LoginThrottle& throttle = stores_.throttle();
    if (auto waiting = must_wait(throttle.begin(credential_.user, envelope_.from, stores_.now()))) return *waiting;
    Directory& directory = stores_.directory();
    if (!directory.authenticates(credential_.user, credential_.password)) return failure(k_wrong);
    const auto user = directory.user(credential_.user);
    if (!user) return failure(k_wrong);
    const bool second_factor = !stores_.factors().of(user->id).empty();
    if (second_factor) {
      if (credential_.code.empty()) {
        if (purpose_ == LoginPurpose::request) log_failure(envelope_.from, stores_.now());
        return Unauthenticated{"missing-totp-token"};
      }
      if (!accepts_code(*user)) return failure("invalid-totp-token");
    }
    throttle.succeeded(user->email, envelope_.from, stores_.now());
    return Caller{.user = user, .second_factor = second_factor};
  }

  bool accepts_code(const User& user) {
    const std::string& code = credential_.code.reveal();
    return stores_.factors().accept(user.id, code, stores_.now()) ||
           stores_.access().use_recovery_code(user.id, code, stores_.now());
  }

  Stores& stores_;
  const Envelope& envelope_;
  const Credential& credential_;
  LoginPurpose purpose_;
};

// What a token's scopes permit, whoever it belongs to.
bool scopes_permit(const ApiToken& token, const Rights& rights) {
  if (contains(token.scopes, "admin")) return true;
  if (contains(token.scopes, area_name(rights.area))) return true;
  return contains(token.scopes, "read") && rights.effect == Effect::look;
}

// Its record, or what is about no record but needed to find it: the list of zones.
bool challenge_permits(const ApiToken& token, const Rights& rights, const std::optional<RecordKey>& record) {
  if (!rights.challenge) return false;
  return std::any_of(token.scopes.begin(), token.scopes.end(), [&](const std::string& scope) {
    if (!scope.starts_with(k_challenge_scope)) return false;
    const std::string own = k_challenge_name + scope.substr(std::string_view(k_challenge_scope).size());
    return !record || (upper_case(record->type) == "TXT" && domain_to_ascii(record->name) == own);
  });
}

}  // namespace

bool Caller::sees_others() const {
  return administrator() && (!token || contains(token->scopes, "admin") || contains(token->scopes, "read"));
}

Actor Caller::actor(const std::string& from) const {
  const std::string by = own_key   ? "API key"
                         : token   ? "token " + token->name
                         : session ? "session"
                         : known() ? "password"
                                   : "nobody";
  return {.account = user ? user->email : own_key ? "API key" : "", .by = by, .from = from};
}

std::string Caller::name() const {
  if (token) return "token " + std::to_string(token->id);
  return user ? "user " + std::to_string(user->id) : own_key ? "key" : "";
}

std::variant<Caller, Unauthenticated> authenticate(Stores& stores, const Envelope& envelope, LoginPurpose purpose) {
  return Authentication(stores, envelope, purpose).result();
}

std::string refusal(const Caller& caller, const Rights& rights, const std::optional<RecordKey>& record) {
  if (rights.area == Area::open) return {};
  if (caller.token) {
    if (challenge_permits(*caller.token, rights, record) && caller.administrator()) return {};
    if (rights.area == Area::self && rights.effect == Effect::look && !rights.challenge) return {};
    if (!scopes_permit(*caller.token, rights)) {
      return "The token \"" + caller.token->name + "\" may not do this: it has " + joined(caller.token->scopes, ", ") +
             ", and this needs " + area_name(rights.area) + ".";
    }
  }
  if (rights.area == Area::self) return {};
  return caller.administrator() ? "" : "You are not an administrator.";
}

std::string csrf_token(const Secret& session) { return to_hex(hmac_sha256(session.reveal(), "X-CSRF-Token")); }

}  // namespace mailinabox

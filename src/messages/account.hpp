// Messages about whoever is logged in: sessions, passwords, second factors, tokens. An administrator may name another
// user where a message has `user`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "messages/declaration.hpp"

namespace mailinabox {

struct SessionInfo {
  std::string id{};
  std::string user{};
  std::string created{};  // RFC 3339, as are all times in messages
  std::string last_used{};
  std::string from{};
  std::string agent{};
  bool second_factor = false;
  bool current = false;
  static Members members() {
    return {member("id", &SessionInfo::id, "Names the session; it is not what logs in"),
            member("user", &SessionInfo::user, "Whose it is"),
            member("created", &SessionInfo::created, "When the user logged in"),
            member("last_used", &SessionInfo::last_used, "The last request, to the minute"),
            member("from", &SessionInfo::from, "The address of the last request"),
            member("agent", &SessionInfo::agent, "What the program calls itself"),
            member("second_factor", &SessionInfo::second_factor, "Whether the login had a second factor"),
            member("current", &SessionInfo::current, "Whether this request belongs to it")};
  }
};

struct LoggedIn {
  std::string email{};
  std::vector<std::string> privileges{};
  Secret session{};
  Secret csrf{};
  static Members members() {
    return {member("email", &LoggedIn::email, "The user"),
            member("privileges", &LoggedIn::privileges, "[\"admin\"], or none"),
            member("session", &LoggedIn::session, "What later requests authenticate with"),
            member("csrf", &LoggedIn::csrf, "The value of X-CSRF-Token for requests with the cookie")};
  }
};

// The credential is the envelope's: an address, a password and, if the user has a second factor, a code.
struct LogIn {
  static constexpr const char* k_name = "log_in";
  static constexpr const char* k_summary = "Log in: begin a session";
  static constexpr Rights k_rights{Area::open, Effect::change};
  using Result = LoggedIn;
  static Members members() { return {}; }
};

struct LogOut {
  static constexpr const char* k_name = "log_out";
  static constexpr const char* k_summary = "Log out: end the session of this request";
  static constexpr Rights k_rights{Area::open, Effect::change};
  using Result = Done;
  static Members members() { return {}; }
};

struct AccountInfo {
  std::string email{};
  std::vector<std::string> privileges{};
  std::vector<std::string> scopes{};
  std::string quota{};
  std::optional<std::int64_t> used_bytes{};
  std::int64_t second_factors = 0;
  std::optional<Secret> csrf{};
  static Members members() {
    return {member("email", &AccountInfo::email, "The user; empty for the box's own key"),
            member("privileges", &AccountInfo::privileges, "[\"admin\"], or none"),
            member("scopes", &AccountInfo::scopes, "Of the token that this request came with; empty without one"),
            member("quota", &AccountInfo::quota, "How much mail may be kept: bytes, or with M or G; 0: no limit"),
            member("used_bytes", &AccountInfo::used_bytes, "How much there is; null if it is not known"),
            member("second_factors", &AccountInfo::second_factors, "How many devices give codes"),
            optional_member("csrf", &AccountInfo::csrf, "The value of X-CSRF-Token for requests with the cookie")};
  }
};

struct GetAccount {
  static constexpr const char* k_name = "get_account";
  static constexpr const char* k_summary = "Who is logged in, and what they may do";
  static constexpr Rights k_rights{Area::self, Effect::look};
  using Result = AccountInfo;
  static Members members() { return {}; }
};

struct ChangePassword {
  static constexpr const char* k_name = "change_password";
  static constexpr const char* k_summary = "Change one's own password; every session but this one ends";
  static constexpr Rights k_rights{Area::self, Effect::change};
  using Result = LoggedIn;  // the session that takes this one's place
  Secret current{};
  Secret password{};
  static Members members() {
    return {member("current", &ChangePassword::current, "The present password"),
            member("password", &ChangePassword::password, "The new one: 8 to 511 bytes")};
  }
};

struct SessionList {
  std::vector<SessionInfo> sessions{};
  static Members members() { return {member("sessions", &SessionList::sessions, "The last used first")}; }
};

struct ListSessions {
  static constexpr const char* k_name = "list_sessions";
  static constexpr const char* k_summary = "The sessions of a user";
  static constexpr Rights k_rights{Area::self, Effect::look};
  using Result = SessionList;
  std::string user{};
  static Members members() {
    return {optional_member("user", &ListSessions::user, "Another user, for administrators")};
  }
};

struct RevokeSession {
  static constexpr const char* k_name = "revoke_session";
  static constexpr const char* k_summary = "End a session";
  static constexpr Rights k_rights{Area::self, Effect::change};
  using Result = Done;
  std::string id{};
  std::string user{};
  static Members members() {
    return {
        member("id", &RevokeSession::id, "The session; \"others\" ends all but the one that asks, \"all\" every one"),
        optional_member("user", &RevokeSession::user, "Another user, for administrators")};
  }
};

// ---- Second factors -------------------------------------------------------------------------------------------------

struct FactorInfo {
  std::int64_t id = 0;
  std::string type{};
  std::string label{};
  std::string last_used{};
  static Members members() {
    return {member("id", &FactorInfo::id, "Names the device"), member("type", &FactorInfo::type, "\"totp\" (RFC 6238)"),
            member("label", &FactorInfo::label, "What the user calls it"),
            member("last_used", &FactorInfo::last_used, "When a code of it was accepted; empty: never")};
  }
};

struct NewFactor {
  Secret pending{};
  Secret secret{};
  Secret uri{};
  Secret qr_code_png{};
  static Members members() {
    return {member("pending", &NewFactor::pending, "To be sent back with a code, within an hour"),
            member("secret", &NewFactor::secret, "What the device keeps, in base32, for who cannot scan"),
            member("uri", &NewFactor::uri, "The same as an otpauth address"),
            member("qr_code_png", &NewFactor::qr_code_png, "The address as a picture: PNG in base64")};
  }
};

struct FactorList {
  std::string user{};
  std::vector<FactorInfo> factors{};
  std::int64_t recovery_codes = 0;
  std::optional<NewFactor> prepared{};
  static Members members() {
    return {member("user", &FactorList::user, "Whose"), member("factors", &FactorList::factors, "The devices"),
            member("recovery_codes", &FactorList::recovery_codes, "How many are left unused"),
            optional_member("prepared", &FactorList::prepared,
                            "A new secret, if it was asked for and the user is oneself")};
  }
};

struct ListFactors {
  static constexpr const char* k_name = "list_factors";
  static constexpr const char* k_summary = "The second factors of a user";
  static constexpr Rights k_rights{Area::self, Effect::look};
  using Result = FactorList;
  std::string user{};
  bool prepare = false;
  static Members members() {
    return {optional_member("user", &ListFactors::user, "Another user, for administrators"),
            optional_member("prepare", &ListFactors::prepare, "Also a new secret for a device")};
  }
};

struct PrepareFactor {
  static constexpr const char* k_name = "prepare_factor";
  static constexpr const char* k_summary = "A new secret for a device; it counts once a code of it has been sent";
  static constexpr Rights k_rights{Area::self, Effect::look};
  using Result = NewFactor;
  static Members members() { return {}; }
};

struct AddedFactor {
  std::int64_t id = 0;
  std::vector<Secret> recovery_codes{};
  static Members members() {
    return {member("id", &AddedFactor::id, "Names the device"),
            member("recovery_codes", &AddedFactor::recovery_codes,
                   "Each logs in once instead of a code; made with the first device and never shown again")};
  }
};

struct AddFactor {
  static constexpr const char* k_name = "add_factor";
  static constexpr const char* k_summary = "Require codes of a device from now on; the user's sessions end";
  static constexpr Rights k_rights{Area::self, Effect::change};
  using Result = AddedFactor;
  Secret pending{};
  Secret secret{};  // of clients of the original, which send the secret itself
  Secret code{};
  std::string label{};
  static Members members() {
    return {optional_member("pending", &AddFactor::pending, "As given with the secret"),
            optional_member("secret", &AddFactor::secret, "Instead of it: 32 characters of base32"),
            member("code", &AddFactor::code, "What the device shows now"),
            optional_member("label", &AddFactor::label, "What to call the device", {.most = 100})};
  }
};

struct RemoveFactor {
  static constexpr const char* k_name = "remove_factor";
  static constexpr const char* k_summary = "Require no codes of a device any more; the user's sessions end";
  static constexpr Rights k_rights{Area::self, Effect::change};
  using Result = Done;
  std::optional<std::int64_t> id{};
  std::string user{};
  static Members members() {
    return {optional_member("id", &RemoveFactor::id, "The device; all without it"),
            optional_member("user", &RemoveFactor::user, "Another user, for administrators")};
  }
};

struct RecoveryCodes {
  std::vector<Secret> codes{};
  static Members members() { return {member("codes", &RecoveryCodes::codes, "Each logs in once; never shown again")}; }
};

struct RenewRecoveryCodes {
  static constexpr const char* k_name = "renew_recovery_codes";
  static constexpr const char* k_summary = "New recovery codes; the old ones are void";
  static constexpr Rights k_rights{Area::self, Effect::change};
  using Result = RecoveryCodes;
  static Members members() { return {}; }
};

// ---- Tokens ---------------------------------------------------------------------------------------------------------

struct TokenInfo {
  std::int64_t id = 0;
  std::string name{};
  std::string user{};
  std::vector<std::string> scopes{};
  std::string created{};
  std::string expires{};
  std::string last_used{};
  std::string last_from{};
  static Members members() {
    return {
        member("id", &TokenInfo::id, "Names the token"),
        member("name", &TokenInfo::name, "What it is for"),
        member("user", &TokenInfo::user, "Whose it is; it may do no more than they"),
        member("scopes", &TokenInfo::scopes,
               "read, mail, dns, tls, web, backup, admin, or acme:NAME for TXT records at _acme-challenge.NAME only"),
        member("created", &TokenInfo::created, "When"),
        member("expires", &TokenInfo::expires, "Until when it works; empty: for ever"),
        member("last_used", &TokenInfo::last_used, "The last request, to the minute; empty: none yet"),
        member("last_from", &TokenInfo::last_from, "Its address")};
  }
};

struct TokenList {
  std::vector<TokenInfo> tokens{};
  static Members members() { return {member("tokens", &TokenList::tokens, "In the order in which they were made")}; }
};

struct ListTokens {
  static constexpr const char* k_name = "list_tokens";
  static constexpr const char* k_summary = "The tokens of a user; an administrator sees everyone's";
  static constexpr Rights k_rights{Area::self, Effect::look};
  using Result = TokenList;
  static Members members() { return {}; }
};

struct CreatedToken {
  TokenInfo token{};
  Secret secret{};
  static Members members() {
    return {member("token", &CreatedToken::token, "What has been made"),
            member("secret", &CreatedToken::secret, "What requests authenticate with; never shown again")};
  }
};

struct CreateToken {
  static constexpr const char* k_name = "create_token";
  static constexpr const char* k_summary = "A token for a program";
  static constexpr Rights k_rights{Area::self, Effect::change};
  using Result = CreatedToken;
  std::string name{};
  std::vector<std::string> scopes{};
  std::optional<std::string> expires{};
  static Members members() {
    return {
        member("name", &CreateToken::name, "What it is for, unique among the user's", Presence::required, {.most = 64}),
        member("scopes", &CreateToken::scopes,
               "read, mail, dns, tls, web, backup, admin, or acme:NAME for TXT records at _acme-challenge.NAME only"),
        optional_member("expires", &CreateToken::expires, "Until when it works (RFC 3339); for ever without")};
  }
};

struct RevokeToken {
  static constexpr const char* k_name = "revoke_token";
  static constexpr const char* k_summary = "Make a token void";
  static constexpr Rights k_rights{Area::self, Effect::change};
  using Result = Done;
  std::int64_t id = 0;
  static Members members() { return {member("id", &RevokeToken::id, "The token")}; }
};

}  // namespace mailinabox

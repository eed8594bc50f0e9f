// What carries a message to the helper and its reply back, over a Unix socket: one of each a connection. A frame is
// the length of its JSON text as four bytes, the most significant first, and the text.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/secret.hpp"
#include "messages/declaration.hpp"

namespace mailinabox {

inline constexpr std::size_t k_most_request = 2U << 20U;
inline constexpr std::size_t k_most_reply = 64U << 20U;

// Messages that look may follow each other on a connection; every other has one of its own. The front asks this many at
// a time, and the helper has a process for each.
inline constexpr std::size_t k_looks_at_once = 4;

// What a request was authenticated with, as the client sent it. The front judges nothing but its form.
struct Credential {
  std::string scheme{"none"};  // none, basic, bearer, cookie, malformed
  std::string user{};
  Secret password{};      // of basic; the token of bearer; the session of a cookie
  Secret code{};          // X-Auth-Token
  Secret csrf{};          // X-CSRF-Token, for a cookie
  std::string problem{};  // of malformed: what clients of the original know
  static Members members() {
    return {member("scheme", &Credential::scheme, ""),
            optional_member("user", &Credential::user, "", {.most = 1000, .lines = true}),
            optional_member("password", &Credential::password, "", {.most = 4096, .lines = true}),
            optional_member("code", &Credential::code, ""),
            optional_member("csrf", &Credential::csrf, ""),
            optional_member("problem", &Credential::problem, "")};
  }
};

struct Envelope {
  std::string message{};  // its name
  Credential credential{};
  std::string from{};   // the client's address
  std::string agent{};  // what it calls itself
  std::optional<std::vector<std::string>>
      if_match{};  // the entity tags of which the present state must have one; "*": any
  std::string idempotency_key{};
  Json fields = Json::object();
  static Members members() {
    return {member("message", &Envelope::message, ""),
            member("credential", &Envelope::credential, ""),
            member("from", &Envelope::from, ""),
            optional_member("agent", &Envelope::agent, ""),
            optional_member("if_match", &Envelope::if_match, ""),
            optional_member("idempotency_key", &Envelope::idempotency_key, ""),
            member("fields", &Envelope::fields, "")};
  }
};

enum class Verdict : std::uint8_t {
  done,
  refused,          // the request is wrong: `text` says how, `member` where
  unauthenticated,  // nobody known; `text` is a word or sentence that clients of the original compare
  forbidden,        // somebody who may not
  missing,          // no such user, zone, …
  conflict,         // it exists already, or a key was used for something else
  outdated,         // the entity tag is not the present one
  too_many,         // try again after `retry_after`
  unavailable,      // the box cannot answer now: a locked or damaged directory
  failed,           // a fault: on the machine or in the program
};

struct Reply {
  Verdict verdict = Verdict::failed;
  std::string text{};
  std::string member{};          // of the message, that is wrong; "" if it is no single one
  std::int64_t retry_after = 0;  // seconds
  std::string entity_tag{};
  // The message's result as JSON; "" if there is none. It is no member: it goes behind them as it is, so that the
  // front, which mostly hands it on, does not take it apart.
  std::string data{};
  static Members members() {
    return {mailinabox::member("verdict", &Reply::verdict, ""),
            optional_member("text", &Reply::text, "", {.most = k_most_reply, .lines = true}),
            optional_member("member", &Reply::member, ""), optional_member("retry_after", &Reply::retry_after, ""),
            optional_member("entity_tag", &Reply::entity_tag, "")};
  }
};

// A text with its length in front.
std::string framed(std::string_view text);

// The text of the one frame that has been received, once all of it is there. Throws Error if it is longer than `most`
// or has more behind it.
std::optional<std::string> unframed(std::string_view received, std::size_t most);

// The length that the first four bytes tell. Throws Error for more than `most`.
std::size_t frame_length(std::string_view header, std::size_t most);

// Reads and writes. What is read throws Error (MemberError) for anything that is not exactly such a struct.
std::string envelope_text(const Envelope& envelope);
Envelope read_envelope(std::string_view text);
std::string reply_text(const Reply& reply);
// framed(reply_text()) up to Reply::data, which follows as it is: for who sends it, and need not copy what may be long.
std::string framed_reply_head(const Reply& reply);
Reply read_reply(std::string text);

// Names a state of a result, whose JSON `text` is: changes with it (RFC 9110 section 8.8.3, without quotes). "STATE",
// or "STATE-MEASURED" for one with measured members: what only they change leaves the first part as it is, as it is no
// change that somebody could overwrite.
std::string entity_tag_of(const Shape& shape, const void* result, std::string_view text);

}  // namespace mailinabox

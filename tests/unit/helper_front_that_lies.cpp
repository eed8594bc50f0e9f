// A front that has been taken over: a program in its place, which has the helper's socket and writes what it likes
// there. Nothing is done that nobody with a right to it has asked for, nothing leaks, and the helper lives on.
#include <map>
#include <set>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "box/access/totp.hpp"
#include "helper/caller.hpp"
#include "messages/json_form.hpp"
#include "messages/messages.hpp"
#include "support/api_rows.hpp"
#include "support/running_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr std::chrono::milliseconds k_short{300};
constexpr std::chrono::milliseconds k_soon{5000};

// ---- The messages of honest requests --------------------------------------------------------------------------------

// Keeps what the routes would send.
class NotingExchange final : public Exchange {
 public:
  explicit NotingExchange(WebRequest request) : request_(std::move(request)) {}
  const WebRequest& request() const override { return request_; }
  void respond(WebResponse /*response*/) override {}
  void ask(const Envelope& envelope, std::function<void(Reply reply)> /*then*/) override { noted.push_back(envelope); }
  void begin_events() override {}
  void send_events(std::string /*text*/) override {}
  void end_events() override {}
  bool client_has_gone() const override { return false; }
  void after(std::chrono::milliseconds /*delay*/, std::function<void()> /*then*/) override {}

  std::vector<Envelope> noted{};

 private:
  WebRequest request_;
};

// One of each message, as an administrator would be answered with success.
std::map<std::string, Envelope> honest_envelopes() {
  std::map<std::string, Envelope> envelopes;
  const HttpHandler handler = front_handler({.version = "1.2.3"});
  for (const ApiRow& row : api_rows()) {
    const ApiRequest request = row.request();
    WebRequest web{
        .method = request.method, .target = request.target, .headers = request.headers, .body = request.body};
    const auto exchange = std::make_shared<NotingExchange>(std::move(web));
    handler(exchange);
    for (const Envelope& envelope : exchange->noted) {
      if (row.status < 300 || envelopes.count(envelope.message) == 0) envelopes[envelope.message] = envelope;
    }
  }
  for (auto& [name, envelope] : envelopes) envelope.from = "198.51.100.7";
  return envelopes;
}

// ---- A box with all that may be stolen ------------------------------------------------------------------------------

struct Lie {
  std::string name{};
  Credential credential{};
  bool users_own = false;  // a user's: they may ask about themselves
  bool may_look = false;   // an administrator's, which does not do for changes
};

Credential key_credential(const std::string& key = k_api_key) { return {.scheme = "basic", .user = key}; }
Credential password_credential(const std::string& user, const std::string& password) {
  return {.scheme = "basic", .user = user, .password = Secret(password)};
}
Credential cookie_credential(const std::string& session, const std::string& csrf) {
  return {.scheme = "cookie", .password = Secret(session), .csrf = Secret(csrf)};
}
Credential token_credential(const std::string& token) { return {.scheme = "bearer", .password = Secret(token)}; }

struct BoxToLieTo : ApiBox {
  BoxToLieTo() {
    add_user("victim@example.com");
    add_user("former@example.com");
    add_user("guarded@example.com");
    REQUIRE(run({"user", "make-admin", "former@example.com"}) == ExitCode::ok);
    REQUIRE(run({"user", "make-admin", "guarded@example.com"}) == ExitCode::ok);
    REQUIRE(run({"alias", "add", "list@example.com", "me@example.com"}) == ExitCode::ok);
    guard();
    steal();
    host.clock.advance(std::chrono::hours(1));  // the short token's
    note_hashes();
    lies.push_back({.name = "nothing", .credential = {.scheme = "none"}});
    add_guesses();
    forget_failures();
  }

  void add_user(const std::string& email) {
    REQUIRE(run({"user", "add", email, "--password-stdin"}, "some password\n") == ExitCode::ok);
  }

  // An administrator with a second factor.
  void guard() {
    const Headers who = basic("guarded@example.com", "some password");
    const Json prepared = call("POST", "/account/factors/pending", nullptr, who).json();
    const std::string secret = prepared["secret"].get<std::string>();
    const std::string code = totp_code(Secret(secret), totp_step_at(host.clock.now()));
    const ApiResponse added = call("POST", "/account/factors", {{"pending", prepared["pending"]}, {"code", code}}, who);
    REQUIRE(added.status == 201);
    secrets.push_back(secret);
    const Json codes = added.json()["recovery_codes"];
    for (const Json& one : codes) secrets.push_back(one.get<std::string>());
    lies.push_back({.name = "a password without its code",
                    .credential = password_credential("guarded@example.com", "some password")});
    Credential old = password_credential("guarded@example.com", "some password");
    old.code = Secret(code);
    lies.push_back({.name = "a code that was used", .credential = old});
  }

  void steal() {
    // Two days later the first has ended.
    const std::string expired = log_in("former@example.com", "some password");
    host.clock.advance(std::chrono::hours(49));
    lies.push_back({.name = "an expired session", .credential = cookie_credential(expired, csrf_of_text(expired))});
    lies.push_back(
        {.name = "an expired session as a password", .credential = password_credential("former@example.com", expired)});
    const std::string ended = log_in("former@example.com", "some password");
    REQUIRE(send({.method = "POST", .target = "/logout", .headers = basic("former@example.com", ended)}).status == 200);
    lies.push_back(
        {.name = "a session that has logged out", .credential = cookie_credential(ended, csrf_of_text(ended))});
    const std::string old = log_in("former@example.com", "some password");
    REQUIRE(run({"user", "password", "former@example.com", "--password-stdin"}, "another one\n") == ExitCode::ok);
    lies.push_back({.name = "a session of an old password", .credential = cookie_credential(old, csrf_of_text(old))});
    const std::string boss = kept(log_in("me@example.com", "correct horse"));
    const std::string anna = kept(log_in("anna@example.com", "battery staple"));
    lies.push_back(
        {.name = "a user's session", .credential = cookie_credential(anna, csrf_of(anna)), .users_own = true});
    lies.push_back({.name = "a user's session in an administrator's name",
                    .credential = password_credential("me@example.com", anna)});
    lies.push_back({.name = "a cookie alone", .credential = cookie_credential(boss, ""), .may_look = true});
    lies.push_back({.name = "a cookie with another's header",
                    .credential = cookie_credential(boss, csrf_of(anna)),
                    .may_look = true});
    add_tokens();
  }

  void add_tokens() {
    const std::string short_one =
        kept(make_token(administrator(), "short", {"admin"}, rfc3339(host.clock.now() + std::chrono::minutes(30))));
    lies.push_back({.name = "an expired token", .credential = token_credential(short_one)});
    const std::string gone = kept(make_token(administrator(), "gone", {"admin"}));
    const Json all = call("GET", "/tokens", nullptr, administrator()).json();
    for (const Json& token : all["tokens"]) {
      if (token["name"] == "gone")
        REQUIRE(call("DELETE", "/tokens/" + token["id"].dump(), nullptr, administrator()).status == 204);
    }
    lies.push_back({.name = "a revoked token", .credential = token_credential(gone)});
    const std::string users = kept(make_token(user(), "user's", {"admin"}));
    lies.push_back({.name = "a user's token", .credential = token_credential(users), .users_own = true});
    const std::string reader = kept(make_token(administrator(), "reader", {"read"}));
    lies.push_back({.name = "a token to read", .credential = token_credential(reader), .may_look = true});
    Credential other = password_credential("anna@example.com", reader);
    lies.push_back({.name = "a token in another's name", .credential = other});
  }

  void add_guesses() {
    const std::string zeros(64, '0');
    lies.push_back({.name = "a wrong password", .credential = password_credential("me@example.com", "wrong")});
    lies.push_back({.name = "nobody", .credential = password_credential("nobody@example.com", "wrong")});
    lies.push_back({.name = "a wrong key", .credential = key_credential(std::string(k_api_key).substr(1))});
    lies.push_back({.name = "no key", .credential = key_credential("")});
    lies.push_back({.name = "a guessed session", .credential = cookie_credential(zeros, zeros)});
    lies.push_back({.name = "a guessed token", .credential = token_credential("miab_" + zeros)});
    lies.push_back({.name = "an empty token", .credential = token_credential("")});
    lies.push_back({.name = "the key as a token", .credential = token_credential(k_api_key)});
    lies.push_back({.name = "a scheme of its own", .credential = {.scheme = "root", .user = "root"}});
    lies.push_back({.name = "a malformed one", .credential = {.scheme = "malformed", .problem = "x"}});
    lies.push_back({.name = "SQL", .credential = password_credential("' OR 1=1 --", "' OR 1=1 --")});
  }

  void note_hashes() {
    Database directory(host.real("/home/user-data/mail/users.sqlite"), Database::Access::read_only);
    Statement rows = directory.prepare("SELECT password FROM users");
    while (rows.step()) secrets.push_back(rows.text(0));
    REQUIRE(secrets.size() > 10);
    secrets.emplace_back(k_api_key);
    secrets.emplace_back(64, 'a');  // factors.key
  }

  std::string kept(const std::string& secret) {
    secrets.push_back(secret);
    return secret;
  }
  static std::string csrf_of_text(const std::string& session) { return csrf_token(Secret(session)); }

  std::vector<Lie> lies{};
  std::vector<std::string> secrets{};
};

// ---- Lies about one message -----------------------------------------------------------------------------------------

class Liar {
 public:
  Liar(BoxToLieTo& box, const RunningDaemon& daemon) : box_(box), daemon_(daemon) {}

  // Nothing at all may come of it.
  void refused(const std::string& name, const std::string& text) {
    INFO("lie: " << name << "\n" << text.substr(0, 400));
    const std::string answer = daemon_.ask(text);
    CHECK(answer.find("\"verdict\":0") == std::string::npos);
    check_no_secret(answer);
    ++told;
  }

  void check_no_secret(const std::string& answer) const {
    INFO(answer.substr(0, 1000));
    for (const std::string& secret : box_.secrets) CHECK(answer.find(secret) == std::string::npos);
  }

  int told = 0;

 private:
  BoxToLieTo& box_;
  const RunningDaemon& daemon_;
};

bool may_succeed(const Lie& lie, const Rights& rights) {
  // Whoever logs in with a token gets it back.
  if (rights.area == Area::open) return lie.credential.scheme == "bearer" && (lie.users_own || lie.may_look);
  if (rights.area == Area::self && rights.effect == Effect::look) return lie.users_own || lie.may_look;
  if (rights.area == Area::self) return lie.users_own;
  return lie.may_look && rights.effect == Effect::look;
}

void lie_about_who(Liar& liar, const std::vector<Lie>& lies, Envelope envelope, const Rights& rights) {
  for (const Lie& lie : lies) {
    if (envelope.message == "log_out" || may_succeed(lie, rights)) continue;
    envelope.credential = lie.credential;
    liar.refused(lie.name, envelope_text(envelope));
  }
}

std::string with_member(const Envelope& envelope, const std::string& name, const Json& value) {
  Json json = json_of(envelope);
  json[name] = value;
  return json_text(json, -1);
}

// With a credential that would do: what is wrong is the rest.
void lie_about_what(Liar& liar, const Envelope& envelope) {
  Envelope odd = envelope;
  odd.fields["zz_unknown"] = 1;
  liar.refused("a field that there is not", envelope_text(odd));
  for (const auto& [name, value] : envelope.fields.items()) {
    for (const Json& other : {Json(Json::array({Json::object()})), Json(Json::object({{"a", 1}})), Json(1.5)}) {
      odd = envelope;
      odd.fields[name] = other;
      liar.refused("another type of " + name, envelope_text(odd));
    }
  }
  for (const Json& fields : {Json(), Json("x"), Json(7), Json::array({1})})
    liar.refused("fields that are no object", with_member(envelope, "fields", fields));
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  liar.refused("fields that are deep", replaced(with_member(envelope, "fields", "@"), "\"@\"", deep));
  liar.refused("a field that is deep",
               replaced(with_member(envelope, "fields", {{"zz", "@"}}), "\"@\"", "{\"a\":" + deep + "}"));
  liar.refused("bytes that are no text", replaced(with_member(envelope, "fields", {{"zz", "@"}}), "@", "\xff\xc3("));
  liar.refused("something behind", envelope_text(envelope) + "{}");
  liar.refused("half of it", envelope_text(envelope).substr(0, envelope_text(envelope).size() / 2));
  liar.refused("a member that there is not", with_member(envelope, "root", true));
  liar.refused("a client that is a list", with_member(envelope, "from", Json::array({"198.51.100.7"})));
  liar.refused("a client with lines", with_member(envelope, "from", "198.51.100.7\nroot"));
  liar.refused("a client that is long", with_member(envelope, "from", std::string(2000, '1')));
  liar.refused("a credential that is a text", with_member(envelope, "credential", k_api_key));
  liar.refused("a reply", replaced(reply_text({.verdict = Verdict::done}), "\"verdict\":0", "\"verdict\": 0"));
}

// The helper's own process goes by the name at the beginning: a reader that is given a change refuses it.
void lie_about_the_name(Liar& liar, const Envelope& envelope, const Rights& rights) {
  const std::string text = envelope_text(envelope);
  const std::string begin = "{\"message\":\"" + envelope.message + "\"";
  REQUIRE(text.starts_with(begin));
  const std::string rest = text.substr(begin.size());
  for (const std::string& name : {envelope.message + " ", " " + envelope.message, upper_case(envelope.message),
                                  envelope.message + std::string("\\u0000"), std::string(), std::string(5000, 'x')})
    liar.refused("another name", "{\"message\":\"" + name + "\"" + rest);
  if (rights.effect == Effect::look) return;
  liar.refused("two names", "{\"message\":\"get_version\",\"message\":\"" + envelope.message + "\"" + rest);
  liar.refused("a name behind a blank", "{\"message\": \"" + envelope.message + "\"" + rest);
  liar.refused("a name in other letters", "{\"m\\u0065ssage\":\"" + envelope.message + "\"" + rest);
  liar.refused("a name at the end",
               "{" + rest.substr(1, rest.size() - 2) + ",\"message\":\"" + envelope.message + "\"}");
  liar.refused("a name that is escaped", "{\"message\":\"\\u00" + to_hex(envelope.message.substr(0, 1)) +
                                             envelope.message.substr(1) + "\"" + rest);
}

std::map<std::string, Rights> rights_of_messages() {
  std::map<std::string, Rights> all;
  for (const MessageDeclaration* message : all_messages()) all.emplace(message->name, message->rights);
  return all;
}

// ---- Lies in frames -------------------------------------------------------------------------------------------------

std::string length_of(std::uint32_t size) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>((size >> shift) & 0xFFU);
  return bytes;
}

enum class Leaves : std::uint8_t { waits, shuts_down, closes, resets };

// Sends it and reads what comes, which is no success.
std::string sent_raw(const std::string& socket, const std::string& bytes, Leaves leaves) {
  TestConnection connection(socket);
  REQUIRE(connection.valid());
  connection.send(bytes);
  if (leaves == Leaves::shuts_down) connection.shutdown_write();
  if (leaves == Leaves::closes) connection.close();
  if (leaves == Leaves::resets) connection.reset();
  if (!connection.valid()) return {};
  CHECK(connection.read_frame(k_soon));
  return connection.text();
}

Envelope addition_of(const std::string& email) {
  Envelope envelope = honest_envelopes().at("add_user");
  envelope.credential = key_credential();
  envelope.fields["email"] = email;
  return envelope;
}

std::string version_question() {
  Envelope envelope = honest_envelopes().at("get_version");
  envelope.credential = key_credential();
  return envelope_text(envelope);
}

bool answers_well(const RunningDaemon& daemon) {
  const auto began = std::chrono::steady_clock::now();
  const std::string answer = daemon.ask(version_question());
  return answer.find("\"verdict\":0") != std::string::npos && std::chrono::steady_clock::now() - began < k_soon;
}

}  // namespace

TEST_CASE("A front that lies: about every message", "[api][daemon]") {
  BoxToLieTo box;
  const auto envelopes = honest_envelopes();
  const auto rights = rights_of_messages();
  REQUIRE(envelopes.size() == rights.size());
  RunningDaemon daemon(box.box);
  Liar liar(box, daemon);
  for (const auto& [name, envelope] : envelopes) {
    INFO(name);
    const auto before = box.contents();
    Envelope honest = envelope;
    honest.credential = key_credential();
    lie_about_who(liar, box.lies, envelope, rights.at(name));
    lie_about_what(liar, honest);
    lie_about_the_name(liar, honest, rights.at(name));
    CHECK(box.changed_since(before) == "");
    box.forget_failures();
  }
  CHECK(liar.told > 2000);
  CHECK(daemon.helper().lives());
  CHECK(answers_well(daemon));
  // What it is told honestly has none of these secrets in it either.
  for (const auto& [name, envelope] : envelopes) {
    if (rights.at(name).effect != Effect::look) continue;
    INFO(name);
    for (const Credential& credential : {key_credential(), password_credential("me@example.com", "correct horse")}) {
      Envelope honest = envelope;
      honest.credential = credential;
      liar.check_no_secret(daemon.ask(envelope_text(honest)));
    }
  }
  // The lies were lies: the same message without one is carried out.
  CHECK(daemon.ask(envelope_text(addition_of("honest@example.com"))).find("\"verdict\":0") != std::string::npos);
  CHECK(daemon.log().find("ended by signal") == std::string::npos);
}

TEST_CASE("A front that lies: about lengths, and leaves in the middle", "[api][daemon]") {
  ApiBox box;
  RunningDaemon daemon(box.box, {}, k_short);
  CHECK(answers_well(daemon));
  const std::size_t descriptors = daemon.helper().descriptors();
  const auto before = box.contents();
  const std::string change = framed(envelope_text(addition_of("x@example.com")));
  const std::string two = change + framed(envelope_text(addition_of("y@example.com")));
  const std::string version = framed(version_question());
  const std::vector<std::string> never = {
      "",
      "x",
      length_of(0xffffffff),
      length_of(0xffffffff) + version,
      length_of((2U << 20U) + 1) + std::string(100'000, 'x'),
      length_of(0x7b226d65) + "\"",
      length_of(0),
      length_of(5) + "x",
      length_of(1000) + change,
      change.substr(0, change.size() - 1),
      length_of(static_cast<std::uint32_t>(change.size())) + change,
      change.substr(0, 3) + change,
      change.substr(0, change.size() / 2) + change,
      length_of(300'000) + std::string(300'000, ' '),
      length_of(2U << 20U) + std::string(2U << 20U, '{'),
      framed("\xef\xbb\xbf" + envelope_text(addition_of("x@example.com"))),
      framed(std::string(1000, '\0')),
      framed("\xff\xfe\xfd"),
      framed("null"),
      framed("[]"),
      framed("{}"),
      two,
      two + two + two,
      version + change,
      change + "x",
  };
  for (std::size_t i = 0; i < never.size(); ++i) {
    INFO("bytes " << i);
    for (const Leaves leaves : {Leaves::shuts_down, Leaves::waits, Leaves::closes, Leaves::resets}) {
      const std::string answer = sent_raw(daemon.socket(), never[i], leaves);
      CHECK(answer.find("\"verdict\":0") == std::string::npos);
      if (leaves != Leaves::waits) continue;
      CHECK(answers_well(daemon));
    }
  }
  // A connection carries one change, or looks: what else comes behind a look is not read.
  TestConnection more(daemon.socket());
  more.send(version);
  CHECK(more.read_until("\"verdict\":0"));
  more.send(change);
  CHECK(more.read_to_end());
  CHECK(box.changed_since(before) == "");
  CHECK(comes_true([&] { return daemon.helper().descriptors() <= descriptors + 3; }));
  CHECK(answers_well(daemon));
}

TEST_CASE("A front that lies: a change whose sender has gone is whole", "[api][daemon]") {
  ApiBox box;
  RunningDaemon daemon(box.box);
  for (int i = 0; i < 4; ++i) {
    const std::string email = "gone" + std::to_string(i) + "@example.com";
    sent_raw(daemon.socket(), framed(envelope_text(addition_of(email))), i % 2 == 0 ? Leaves::closes : Leaves::resets);
    Envelope question = honest_envelopes().at("get_user");
    question.credential = key_credential();
    question.fields = {{"email", email}};
    CHECK(comes_true([&] { return daemon.ask(envelope_text(question)).find("\"verdict\":0") != std::string::npos; }));
  }
  CHECK(daemon.log().find("ended by signal") == std::string::npos);
}

TEST_CASE("A front that lies: connections that say nothing hold nobody up for longer than a request may take",
          "[api][daemon]") {
  ApiBox box;
  RunningDaemon daemon(box.box, {}, k_short);
  CHECK(answers_well(daemon));
  const std::size_t descriptors = daemon.helper().descriptors();
  std::vector<TestConnection> silent;
  for (int i = 0; i < 300; ++i) {
    silent.emplace_back(daemon.socket());
    CHECK(silent.back().valid());
    if (i % 3 == 1) silent.back().send(length_of(100));
    if (i % 3 == 2) silent.back().send(length_of(100) + "{\"message\":\"get_v");
  }
  CHECK(answers_well(daemon));
  CHECK(comes_true([&] { return daemon.helper().descriptors() <= descriptors + 3; }));
  for (TestConnection& connection : silent) CHECK(connection.read_to_end(k_soon));
  CHECK(answers_well(daemon));
}

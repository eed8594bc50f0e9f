// The API of today and of the original: sessions, second factors, tokens.
#include "base/text.hpp"
#include "box/access/totp.hpp"
#include "support/api_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const Headers k_me = ApiBox::administrator();

std::string code_now(const ApiBox& box, const std::string& secret, std::int64_t steps_later = 0) {
  return totp_code(Secret(secret), totp_step_at(box.host.clock.now()) + steps_later);
}

void next_step(const ApiBox& box) { box.host.clock.advance(std::chrono::seconds(30)); }

Json login(const std::string& password, const std::string& code = "") {
  Json json = {{"email", "me@example.com"}, {"password", password}};
  if (!code.empty()) json["code"] = code;
  return json;
}

// A box whose administrator has a device with this secret.
struct FactorApiBox : ApiBox {
  FactorApiBox() {
    const Json prepared = call("POST", "/account/factors/pending", nullptr, k_me).json();
    secret = prepared["secret"].get<std::string>();
    pending = prepared["pending"].get<std::string>();
    added = call("POST", "/account/factors",
                 {{"pending", pending}, {"code", code_now(*this, secret)}, {"label", "phone"}}, k_me);
    REQUIRE(added.status == 201);
  }
  std::string secret{};
  std::string pending{};
  ApiResponse added{};
};

std::string cookie_value(const ApiResponse& response) {
  const std::string cookie = response.header("Set-Cookie");
  const std::size_t equals = cookie.find('=');
  return cookie.substr(equals + 1, cookie.find(';') - equals - 1);
}

}  // namespace

TEST_CASE("API v1 session: in a cookie that no script can read", "[api]") {
  ApiBox box;
  const ApiResponse in = box.call("POST", "/session", login("correct horse"));
  REQUIRE(in.status == 200);
  const std::string session = cookie_value(in);
  CHECK(session.size() == 64);
  CHECK(in.header("Set-Cookie") == "__Host-session=" + session + "; Path=/; Secure; HttpOnly; SameSite=Strict");
  CHECK_THAT(in.body, !Contains(session));
  const Json body = in.json();
  CHECK(body["email"] == "me@example.com");
  CHECK(body["privileges"] == Json{"admin"});
  const std::string csrf = body["csrf"].get<std::string>();
  CHECK(csrf.size() == 64);
  CHECK(box.csrf_of(session) == csrf);

  const ApiResponse wrong = box.call("POST", "/session", login("wrong password"));
  CHECK(wrong.status == 401);
  CHECK_FALSE(wrong.has_header("Set-Cookie"));
  CHECK(wrong.json()["detail"] == "Incorrect email address or password.");
  CHECK(box.call("POST", "/session", {{"email", "me@example.com"}}).status == 400);
  // Not with a session's key, nor with the box's.
  CHECK(box.call("POST", "/session", login(session)).status == 401);
  CHECK(box.call("POST", "/session", {{"email", k_api_key}, {"password", "x"}}).status == 401);

  const Headers cookie = box.cookie(session);
  const ApiResponse out = box.call("DELETE", "/session", nullptr, cookie);
  CHECK(out.status == 204);
  CHECK(out.body.empty());
  CHECK(out.header("Set-Cookie") == "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
  CHECK(box.call("GET", "/session", nullptr, cookie).status == 401);
}

TEST_CASE("API v1 session: changes need the session's own word", "[api]") {
  ApiBox box;
  const std::string session = box.log_in("me@example.com", "correct horse");
  const std::string other = box.csrf_of(box.log_in("me@example.com", "correct horse"));
  const auto put = [&](const Headers& headers) {
    return box.call("PUT", "/system/privacy", {{"private", true}}, headers).status;
  };
  const Headers cookie = box.cookie(session, false);
  CHECK(put(cookie) == 403);
  CHECK(put(joined_headers(cookie, {{"x-csrf-token", other}})) == 403);
  CHECK(put(joined_headers(cookie, {{"x-csrf-token", ""}})) == 403);
  CHECK(put(joined_headers(cookie, {{"x-csrf-token", box.csrf_of(session)}})) == 200);
  CHECK(box.call("GET", "/system/privacy", nullptr, cookie).status == 200);
  CHECK(box.call("DELETE", "/session", nullptr, cookie).status == 403);
  // The header counts before the cookie, whatever it says.
  CHECK(put(joined_headers(cookie, ApiBox::basic("me@example.com", "wrong password"))) == 401);
  CHECK(put(joined_headers(cookie, k_me)) == 200);
}

TEST_CASE("API v1 session: ended even if that cannot be recorded", "[api]") {
  ApiBox box;
  const Headers here = box.cookie(box.log_in("me@example.com", "correct horse"));
  const Headers stolen = box.cookie(box.log_in("me@example.com", "correct horse"));
  box.host.put("/home/user-data/management/audit.sqlite", std::string(4096, 'x'));
  CHECK(box.call("GET", "/audit", nullptr, here).status == 503);
  CHECK(box.call("DELETE", "/account/sessions/others", nullptr, here).status == 204);
  CHECK(box.call("GET", "/session", nullptr, stolen).status == 401);
}

TEST_CASE("API v1 session: listed, revoked, and ended by a new password", "[api]") {
  ApiBox box;
  const Headers here = box.cookie(box.log_in("me@example.com", "correct horse"));
  const Headers there = box.cookie(box.log_in("me@example.com", "correct horse"));
  const Json sessions = box.call("GET", "/account/sessions", nullptr, here).json()["sessions"];
  REQUIRE(sessions.size() == 2);
  std::string other_id;
  for (const Json& one : sessions) {
    if (one["current"] == false) other_id = one["id"].get<std::string>();
  }
  CHECK(box.call("DELETE", "/account/sessions/" + other_id, nullptr, here).status == 204);
  CHECK(box.call("GET", "/session", nullptr, there).status == 401);
  CHECK(box.call("GET", "/session", nullptr, here).status == 200);
  CHECK(box.call("DELETE", "/account/sessions/0123456789abcdef", nullptr, here).status == 404);
  const Headers third = box.cookie(box.log_in("me@example.com", "correct horse"));
  CHECK(box.call("DELETE", "/account/sessions/others", nullptr, here).status == 204);
  CHECK(box.call("GET", "/session", nullptr, third).status == 401);
  CHECK(box.call("GET", "/session", nullptr, here).status == 200);
  const Json recorded = box.call("GET", "/audit?action=session", nullptr, k_me).json()["entries"];
  REQUIRE(recorded.size() == 2);  // the one that there was not, is not among them
  CHECK(recorded[0]["before"] == "others");
  CHECK(recorded[1]["before"] == "session " + other_id);
  for (const Json& entry : recorded) {
    CHECK(entry["target"] == "me@example.com");
    CHECK(entry["by"] == "session");
    CHECK(entry["result"] == "done");
  }

  const Headers another = box.cookie(box.log_in("me@example.com", "correct horse"));
  const ApiResponse wrong =
      box.call("POST", "/account/password", {{"current", "x"}, {"password", "a new password"}}, here);
  CHECK(wrong.status == 400);
  CHECK(wrong.json()["errors"][0]["member"] == "current");
  const ApiResponse shorter =
      box.call("POST", "/account/password", {{"current", "correct horse"}, {"password", "short"}}, here);
  CHECK(shorter.status == 400);
  const ApiResponse changed =
      box.call("POST", "/account/password", {{"current", "correct horse"}, {"password", "a new password"}}, here);
  REQUIRE(changed.status == 200);
  CHECK(box.call("GET", "/session", nullptr, here).status == 401);
  CHECK(box.call("GET", "/session", nullptr, another).status == 401);
  CHECK(box.call("GET", "/session", nullptr, box.cookie(cookie_value(changed))).status == 200);
  CHECK(box.call("POST", "/session", login("correct horse")).status == 401);
  CHECK(box.call("POST", "/session", login("a new password")).status == 200);
}

TEST_CASE("API second factors: prepared, added, used once, removed", "[api]") {
  FactorApiBox box;
  CHECK(box.added.json()["recovery_codes"].size() == 10);
  // The code that it was added with counts once more.
  const std::string code = code_now(box, box.secret);
  const ApiResponse missing = box.call("POST", "/session", login("correct horse"));
  CHECK(missing.status == 401);
  CHECK(missing.json()["detail"] == "missing-totp-token");
  CHECK(box.call("POST", "/session", login("correct horse", "000000")).json()["detail"] == "invalid-totp-token");
  const ApiResponse in = box.call("POST", "/session", login("correct horse", code));
  REQUIRE(in.status == 200);
  CHECK(box.call("POST", "/session", login("correct horse", code)).json()["detail"] == "invalid-totp-token");
  // No earlier one, either.
  CHECK(box.call("POST", "/session", login("correct horse", code_now(box, box.secret, -1))).status == 401);
  next_step(box);
  CHECK(box.call("POST", "/session", login("correct horse", code_now(box, box.secret))).status == 200);

  const Headers cookie = box.cookie(cookie_value(in));
  const Json list = box.call("GET", "/account/factors", nullptr, cookie).json();
  REQUIRE(list["factors"].size() == 1);
  CHECK(list["factors"][0]["label"] == "phone");
  CHECK_THAT(list.dump(), !Contains(box.secret));
  CHECK(list["recovery_codes"] == 10);
  CHECK(box.call("DELETE", "/account/factors/" + list["factors"][0]["id"].dump(), nullptr, cookie).status == 204);
  CHECK(box.call("GET", "/session", nullptr, cookie).status == 401);  // sessions end with the set of factors
  CHECK(box.call("POST", "/session", login("correct horse")).status == 200);
}

TEST_CASE("API second factors: what is prepared is one's own and lasts an hour", "[api]") {
  ApiBox box;
  const auto prepare = [&](const Headers& who) {
    return box.call("POST", "/account/factors/pending", nullptr, who).json();
  };
  const auto add = [&](const Json& prepared, const Headers& who) {
    return box
        .call("POST", "/account/factors",
              {{"pending", prepared["pending"]}, {"code", code_now(box, prepared["secret"].get<std::string>())}}, who)
        .status;
  };
  const Json mine = prepare(k_me);
  CHECK_THAT(mine["uri"].get<std::string>(), StartsWith("otpauth://totp/box.example.com%20Mail-in-a-Box"));
  CHECK(add(mine, ApiBox::user()) == 400);
  box.host.clock.advance(std::chrono::minutes(61));
  CHECK(add(mine, k_me) == 400);
  Json broken = prepare(k_me);
  broken["pending"] = broken["pending"].get<std::string>() + "x";
  CHECK(add(broken, k_me) == 400);
  CHECK(box.call("GET", "/account/factors", nullptr, k_me).json()["factors"].empty());
  CHECK(add(prepare(k_me), k_me) == 201);
}

TEST_CASE("API second factors: recovery codes, once each", "[api]") {
  FactorApiBox box;
  const Json codes = box.added.json()["recovery_codes"];
  const auto with = [&](const Json& code) {
    return box.call("POST", "/session", login("correct horse", code.get<std::string>()));
  };
  const ApiResponse in = with(codes[0]);
  REQUIRE(in.status == 200);
  CHECK(with(codes[0]).status == 401);
  const Headers cookie = box.cookie(cookie_value(in));
  CHECK(box.call("GET", "/account/factors", nullptr, cookie).json()["recovery_codes"] == 9);
  const ApiResponse renewed = box.call("POST", "/account/recovery-codes", nullptr, cookie);
  REQUIRE(renewed.status == 201);
  CHECK(renewed.json()["codes"].size() == 10);
  CHECK(with(codes[1]).status == 401);
  CHECK(with(renewed.json()["codes"][0]).status == 200);
}

TEST_CASE("API of the original: second factors", "[api]") {
  ApiBox box;
  const Json status = box.send({.method = "POST", .target = "/mfa/status", .headers = k_me}).json();
  const std::string secret = status["new_mfa"]["totp"]["secret"].get<std::string>();
  const auto post = [&](const std::string& target, const std::string& body, const Headers& who) {
    return box.send({.method = "POST", .target = target, .headers = who, .body = body});
  };
  const std::string session = box.log_in("me@example.com", "correct horse");
  // The panel of the original uses a session; `code` is what the published description calls the field.
  const ApiResponse enabled =
      post("/mfa/totp/enable", "secret=" + secret + "&code=" + code_now(box, secret) + "&label=x",
           ApiBox::basic("me@example.com", session));
  CHECK(enabled.status == 200);
  CHECK(enabled.body == "OK");
  CHECK(post("/mfa/status", "", ApiBox::basic("me@example.com", session)).status == 401);

  const ApiResponse missing = post("/login", "", k_me);
  CHECK(missing.status == 200);
  CHECK(missing.body == "{\n  \"reason\": \"missing-totp-token\",\n  \"status\": \"missing-totp-token\"\n}\n");
  const ApiResponse invalid = post("/login", "", joined_headers(k_me, {{"X-Auth-Token", "000000"}}));
  CHECK(invalid.body == "{\n  \"reason\": \"invalid-totp-token\",\n  \"status\": \"invalid\"\n}\n");
  const Headers coded = joined_headers(k_me, {{"X-Auth-Token", code_now(box, secret)}});
  CHECK(box.send({.target = "/dns/zones", .headers = coded}).status == 200);
  const ApiResponse replayed = box.send({.target = "/dns/zones", .headers = coded});
  CHECK(replayed.status == 401);  // certbot tries again after such a one
  CHECK(replayed.body == "invalid-totp-token\n");
  CHECK(replayed.header("X-Reason") == "invalid-totp-token");
  CHECK(box.send({.target = "/dns/zones", .headers = k_me}).body == "missing-totp-token\n");
  // The box's key needs no code, and names the user; None is what the command line sends for no number.
  CHECK(post("/mfa/status", "user=me@example.com", ApiBox::basic(k_api_key, "")).json()["enabled_mfa"].size() == 1);
  CHECK(post("/mfa/disable", "user=me@example.com&mfa-id=None", ApiBox::basic(k_api_key, "")).body == "OK");
  CHECK(box.send({.target = "/dns/zones", .headers = k_me}).status == 200);
}

TEST_CASE("API tokens: shown once", "[api]") {
  ApiBox box;
  const ApiResponse made = box.call("POST", "/tokens", {{"name", "ci"}, {"scopes", {"dns", "mail"}}}, k_me);
  REQUIRE(made.status == 201);
  const std::string secret = made.json()["secret"].get<std::string>();
  CHECK_THAT(secret, StartsWith("miab_"));
  const ApiResponse list = box.call("GET", "/tokens", nullptr, k_me);
  CHECK_THAT(list.body, !Contains(secret));
  CHECK(list.json()["tokens"][0]["name"] == "ci");
  CHECK(list.json()["tokens"][0]["last_used"] == "");
  CHECK(box.call("GET", "/users", nullptr, ApiBox::bearer(secret)).status == 200);
  CHECK(box.call("GET", "/users", nullptr, ApiBox::basic("me@example.com", secret)).status == 200);
  CHECK(box.call("GET", "/users", nullptr, ApiBox::basic("anna@example.com", secret)).status == 401);
  const Json used = box.call("GET", "/tokens", nullptr, k_me).json()["tokens"][0];
  CHECK(used["last_from"] == "198.51.100.7");
  CHECK(used["last_used"] == "2026-11-23T08:00:00Z");
  CHECK(box.call("GET", "/sites", nullptr, ApiBox::bearer(secret)).status == 403);

  const auto refused = [&](const Json& wanted) { return box.call("POST", "/tokens", wanted, k_me).status; };
  CHECK(refused({{"name", "ci"}, {"scopes", {"dns"}}}) >= 400);  // the name is taken
  CHECK(refused({{"name", ""}, {"scopes", {"dns"}}}) == 400);
  CHECK(refused({{"name", "x"}, {"scopes", Json::array()}}) == 400);
  CHECK(refused({{"name", "x"}, {"scopes", {"everything"}}}) == 400);
  CHECK(refused({{"name", "x"}, {"scopes", {"acme:*.example.com"}}}) == 400);
  CHECK(refused({{"name", "x"}, {"scopes", {"dns"}}, {"expires", "tomorrow"}}) == 400);
  CHECK(refused({{"name", "x"}, {"scopes", {"dns"}}, {"expires", "2020-01-01T00:00:00Z"}}) == 400);
  // A token makes no others.
  CHECK(box.call("POST", "/tokens", {{"name", "y"}, {"scopes", {"admin"}}}, ApiBox::bearer(secret)).status == 403);
}

TEST_CASE("API tokens: one for a challenge does nothing else", "[api]") {
  ApiBox box;
  const std::string secret = box.make_token(k_me, "lego", {"acme:example.com"});
  const auto status = [&](const std::string& method, const std::string& target, const std::string& body,
                          const Headers& who) {
    return box.send({.method = method, .target = target, .headers = who, .body = body}).status;
  };
  for (const Headers& who : {ApiBox::bearer(secret), ApiBox::basic("me@example.com", secret)}) {
    CHECK(status("GET", "/dns/zones", "", who) == 200);
    CHECK(status("POST", "/dns/custom/_acme-challenge.example.com/TXT", "value", who) == 200);
    CHECK(status("POST", "/dns/custom/_ACME-challenge.example.com/txt", "value 2", who) == 200);
    CHECK(status("GET", "/dns/custom/_acme-challenge.example.com/TXT", "", who) == 200);
    CHECK(status("DELETE", "/dns/custom/_acme-challenge.example.com/TXT", "value", who) == 200);
    CHECK(status("POST", "/dns/custom/_acme-challenge.example.com/A", "192.0.2.1", who) == 401);
    CHECK(status("POST", "/dns/custom/_acme-challenge.example.com/CNAME", "x.example.net", who) == 401);
    CHECK(status("POST", "/dns/custom/_acme-challenge.example.com", "192.0.2.1", who) == 401);
    CHECK(status("POST", "/dns/custom/_acme-challenge.www.example.com/TXT", "value", who) == 401);
    CHECK(status("POST", "/dns/custom/x._acme-challenge.example.com/TXT", "value", who) == 401);
    CHECK(status("POST", "/dns/custom/example.com/TXT", "value", who) == 401);
    CHECK(status("GET", "/dns/custom", "", who) == 401);
    CHECK(status("GET", "/dns/dump", "", who) == 401);
    CHECK(status("POST", "/dns/update", "", who) == 401);
    CHECK(status("GET", "/mail/users", "", who) == 401);
    CHECK(status("POST", "/login", "", who) == 200);
  }
  // Who logs in with it gets no more than it.
  const Json in =
      box.send({.method = "POST", .target = "/login", .headers = ApiBox::basic("me@example.com", secret)}).json();
  REQUIRE(in["status"] == "ok");
  CHECK(status("GET", "/mail/users", "", ApiBox::basic("me@example.com", in["api_key"].get<std::string>())) == 401);
}

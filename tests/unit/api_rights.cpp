// Who may send what: every route of both APIs with every kind of credential, compared with what the messages declare.
// The rules are written again here, so that a mistake in the program's is one in two places or none.
#include <algorithm>
#include <map>
#include <set>

#include "api/v1.hpp"
#include "base/text.hpp"
#include "messages/messages.hpp"
#include "support/api_box.hpp"
#include "support/api_rows.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

// ---- The rules ------------------------------------------------------------------------------------------------------

struct RightsCaller {
  std::string name{};
  Headers headers{};
  bool known = false;                 // the credential is good
  bool administrator = false;         // whoever it belongs to
  std::vector<std::string> scopes{};  // of a token
  bool token = false;
  bool cookie = false;
  bool csrf = false;
};

bool scope_allows(const std::string& scope, const Rights& rights, const ApiRow& row) {
  if (scope == "admin") return true;
  if (scope == "read") return rights.effect == Effect::look;
  if (scope == "acme:example.com") return rights.challenge && row.about != About::other_record;
  return (scope == "mail" && rights.area == Area::mail) || (scope == "dns" && rights.area == Area::dns) ||
         (scope == "tls" && rights.area == Area::tls) || (scope == "web" && rights.area == Area::web);
}

bool scopes_allow(const RightsCaller& caller, const Rights& rights, const ApiRow& row) {
  if (!caller.token) return true;
  if (rights.area == Area::self && rights.effect == Effect::look) return true;
  return std::any_of(caller.scopes.begin(), caller.scopes.end(),
                     [&](const std::string& scope) { return scope_allows(scope, rights, row); });
}

bool may_send(const RightsCaller& caller, const Rights& rights, const ApiRow& row) {
  const bool original = !row.route.starts_with(row.method() + " /api/v1");
  const bool known = caller.known && !(caller.cookie && original);  // no cookies there
  const bool by_cookie = known && caller.cookie;
  if (by_cookie && !caller.csrf && rights.effect != Effect::look && !row.credential_in_body) return false;
  if (rights.area == Area::open) return true;
  if (!known) return false;
  if (!scopes_allow(caller, rights, row)) return false;
  return rights.area == Area::self || caller.administrator;
}

std::map<std::string, Rights> declared_rights() {
  std::map<std::string, Rights> all;
  for (const MessageDeclaration* message : all_messages()) all.emplace(message->name, message->rights);
  return all;
}

// ---- The box and who asks it ----------------------------------------------------------------------------------------

const std::vector<std::string> k_scopes = {"read", "mail", "dns", "tls", "web", "backup", "admin", "acme:example.com"};

RightsCaller token_caller(const std::string& name, const std::string& secret, const std::vector<std::string>& scopes,
                          bool administrator, bool known = true) {
  return {.name = name,
          .headers = ApiBox::bearer(secret),
          .known = known,
          .administrator = administrator,
          .scopes = scopes,
          .token = true};
}

struct RightsBox : ApiBox {
  RightsBox() {
    run_ok({"user", "add", "victim@example.com", "--password-stdin"}, "some password\n");
    run_ok({"user", "add", "former@example.com", "--password-stdin"}, "some password\n");
    run_ok({"user", "make-admin", "former@example.com"}, "");
    run_ok({"alias", "add", "list@example.com", "me@example.com"}, "");
    add_valid();
    add_void();
    jobs.result = {{"requests", Json::array()}, {"updated", Json::array()}};
    host.clock.advance(std::chrono::hours(1));  // a token of an hour is void
    keep_state();
  }

  void run_ok(const std::vector<std::string>& words, const std::string& typed) {
    const ExitCode code = run(words, typed);
    INFO(errors.str());
    REQUIRE(code == ExitCode::ok);
  }

  void add_valid() {
    const std::string session = log_in("me@example.com", "correct horse");
    callers.push_back({.name = "nobody"});
    callers.push_back({.name = "user", .headers = user(), .known = true});
    callers.push_back({.name = "administrator", .headers = administrator(), .known = true, .administrator = true});
    callers.push_back(
        {.name = "session", .headers = basic("me@example.com", session), .known = true, .administrator = true});
    callers.push_back(
        {.name = "cookie", .headers = cookie(session, false), .known = true, .administrator = true, .cookie = true});
    callers.push_back({.name = "cookie with the header",
                       .headers = cookie(session),
                       .known = true,
                       .administrator = true,
                       .cookie = true,
                       .csrf = true});
    callers.push_back({.name = "user's cookie",
                       .headers = cookie(log_in("anna@example.com", "battery staple")),
                       .known = true,
                       .cookie = true,
                       .csrf = true});
    callers.push_back({.name = "key", .headers = basic(k_api_key, ""), .known = true, .administrator = true});
    for (const std::string& scope : k_scopes)
      callers.push_back(token_caller("token " + scope, make_token(administrator(), scope, {scope}), {scope}, true));
    callers.push_back(token_caller("user's token", make_token(user(), "all", {"admin"}), {"admin"}, false));
    callers.push_back(token_caller("user's token acme", make_token(user(), "acme", {"acme:example.com"}),
                                   {"acme:example.com"}, false));
  }

  void add_void() {
    callers.push_back({.name = "wrong password", .headers = basic("me@example.com", "wrong password")});
    callers.push_back(
        {.name = "wrong cookie", .headers = {{"cookie", "__Host-session=" + std::string(64, '0')}}, .cookie = true});
    callers.push_back({.name = "another's session",
                       .headers = basic("me@example.com", log_in("anna@example.com", "battery staple"))});
    const std::string revoked = log_in("former@example.com", "some password");
    REQUIRE(send({.method = "POST", .target = "/logout", .headers = basic("former@example.com", revoked)}).status ==
            200);
    callers.push_back({.name = "revoked session", .headers = basic("former@example.com", revoked)});
    const Headers old = basic("former@example.com", log_in("former@example.com", "some password"));
    run_ok({"user", "password", "former@example.com", "--password-stdin"}, "another password\n");
    callers.push_back({.name = "session of the old password", .headers = old});
    const std::string until = "2026-11-23T08:30:00Z";
    callers.push_back(
        token_caller("expired token", make_token(administrator(), "short", {"admin"}, until), {"admin"}, true, false));
    const std::string gone = make_token(administrator(), "gone", {"admin"});
    const Json all = call("GET", "/tokens", nullptr, administrator()).json();
    for (const Json& token : all["tokens"]) {
      if (token["name"] != "gone") continue;
      REQUIRE(call("DELETE", "/tokens/" + token["id"].dump(), nullptr, administrator()).status == 204);
    }
    callers.push_back(token_caller("revoked token", gone, {"admin"}, true, false));
  }

  ApiResponse send_as(const RightsCaller& caller, const ApiRow& row) {
    ApiRequest request = row.request();
    request.headers = joined_headers(request.headers, caller.headers);
    return send(request);
  }

  std::vector<RightsCaller> callers{};
};

bool was_refused(const ApiResponse& response) { return response.status == 401 || response.status == 403; }

void check_answer_to(RightsBox& box, const RightsCaller& caller, const ApiRow& row, bool allowed) {
  const ApiResponse response = box.send_as(caller, row);
  INFO(row.request().method << " " << row.request().target << " as " << caller.name << ": " << response.status << " "
                            << response.body.substr(0, 300));
  CHECK(was_refused(response) != allowed);
  CHECK(response.status != 429);
  for (const std::string& message : response.asked) CHECK(message == row.message);
  if (allowed && caller.name == "administrator") CHECK(response.status == row.status);
}

// First those who may not: nothing must have changed after them.
void check_row(RightsBox& box, const ApiRow& row, const Rights& rights) {
  const auto before = box.contents();
  std::optional<KeptConnections> kept;  // as those who only look have
  if (rights.effect == Effect::look) kept.emplace();
  for (const RightsCaller& caller : box.callers) {
    if (!may_send(caller, rights, row)) check_answer_to(box, caller, row, false);
  }
  CHECK(box.changed_since(before) == "");
  for (const RightsCaller& caller : box.callers) {
    if (!may_send(caller, rights, row)) continue;
    check_answer_to(box, caller, row, true);
    if (row.ends_sessions) box.put_back_state();
  }
  if (rights.effect == Effect::look) CHECK(box.changed_since(before) == "");
}

}  // namespace

TEST_CASE("API rights: every route lets in whom its message declares", "[api]") {
  RightsBox box;
  const std::map<std::string, Rights> rights = declared_rights();
  for (const ApiRow& row : api_rows()) {
    INFO(row.route);
    REQUIRE((row.message.empty() || rights.count(row.message) == 1));
    check_row(box, row, row.message.empty() ? Rights{Area::open, Effect::look} : rights.at(row.message));
    if (row.message.empty() || rights.at(row.message).effect != Effect::look) {
      box.put_back_state();
    } else {
      box.forget_failures();
    }
  }
}

TEST_CASE("API rights: every route has a row, and sends the message that it says", "[api]") {
  std::set<std::string> routes;
  const Router front = front_routes("1.2.3");
  for (const Route& route : front.routes()) routes.insert(route.method + " " + route.path);
  std::set<std::string> rows;
  for (const ApiRow& row : api_rows()) rows.insert(row.route);
  CHECK(routes == rows);
  Router router;
  for (const ApiOperation& operation : add_v1_routes(router)) {
    const std::string route = operation.method + " /api/v1" + operation.path;
    INFO(route);
    for (const ApiRow& row : api_rows()) {
      if (row.route == route) CHECK(row.message == operation.message->name);
    }
  }
}

TEST_CASE("API rights: a session that has not been used for two days has ended", "[api]") {
  ApiBox box;
  const std::string session = box.log_in("me@example.com", "correct horse");
  const Headers cookie = box.cookie(session);
  const auto status = [&](const Headers& headers) { return box.call("GET", "/users", nullptr, headers).status; };
  box.host.clock.advance(std::chrono::hours(47));
  CHECK(status(cookie) == 200);
  box.host.clock.advance(std::chrono::hours(47));
  CHECK(status(ApiBox::basic("me@example.com", session)) == 200);
  box.host.clock.advance(std::chrono::hours(49));
  CHECK(status(cookie) == 401);
  CHECK(status(ApiBox::basic("me@example.com", session)) == 401);
  CHECK(box.call("POST", "/users", {{"email", "x@example.com"}, {"password", "long enough"}}, cookie).status == 401);
}

TEST_CASE("API rights: whoever loses a privilege loses it at the next request", "[api]") {
  ApiBox box;
  const Headers admin = ApiBox::administrator();
  REQUIRE(box.call("PATCH", "/users/anna@example.com", {{"privileges", {"admin"}}}, admin).status == 200);
  const Headers session = box.cookie(box.log_in("anna@example.com", "battery staple"));
  const Headers token = ApiBox::bearer(box.make_token(session, "t", {"admin"}));
  CHECK(box.call("GET", "/users", nullptr, session).status == 200);
  CHECK(box.call("GET", "/users", nullptr, token).status == 200);
  REQUIRE(box.call("PATCH", "/users/anna@example.com", {{"privileges", Json::array()}}, admin).status == 200);
  CHECK(box.call("GET", "/users", nullptr, session).status == 403);
  CHECK(box.call("GET", "/users", nullptr, token).status == 403);
  REQUIRE(box.call("DELETE", "/users/anna@example.com", nullptr, admin).status == 200);
  CHECK(box.call("GET", "/session", nullptr, session).status == 401);
  CHECK(box.call("GET", "/session", nullptr, token).status == 401);
}

TEST_CASE("API rights: a user's requests are about nobody else", "[api]") {
  ApiBox box;
  static_cast<void>(box.log_in("me@example.com", "correct horse"));
  const Headers user = ApiBox::user();
  for (const char* path : {"/account/sessions?user=me@example.com", "/account/factors?user=me@example.com"})
    CHECK(box.call("GET", path, nullptr, user).status == 403);
  for (const char* path : {"/account/sessions/all?user=me@example.com", "/account/factors/1?user=me@example.com"})
    CHECK(box.call("DELETE", path, nullptr, user).status == 403);
  const std::string secret = box.make_token(ApiBox::administrator(), "t", {"read"});
  CHECK(box.call("GET", "/tokens", nullptr, user).json()["tokens"].empty());
  CHECK(box.call("DELETE", "/tokens/1", nullptr, user).status == 404);
  CHECK(box.call("GET", "/session", nullptr, ApiBox::bearer(secret)).status == 200);
}

TEST_CASE("API rights: an administrator's token that may not read everything tells of its owner alone", "[api]") {
  ApiBox box;
  static_cast<void>(box.make_token(ApiBox::user(), "anna's", {"read"}));
  for (const char* scope : {"mail", "acme:example.com"}) {
    CAPTURE(scope);
    const Headers token = ApiBox::bearer(box.make_token(ApiBox::administrator(), scope, {scope}));
    const Json listed = box.call("GET", "/tokens", nullptr, token).json()["tokens"];
    CHECK_FALSE(listed.empty());
    for (const Json& one : listed) CHECK(one["user"] == "me@example.com");
    for (const char* path : {"/account/sessions?user=anna@example.com", "/account/factors?user=anna@example.com"})
      CHECK(box.call("GET", path, nullptr, token).status == 403);
  }
  const Headers reader = ApiBox::bearer(box.make_token(ApiBox::administrator(), "read", {"read"}));
  CHECK(box.call("GET", "/account/factors?user=anna@example.com", nullptr, reader).status == 200);
}

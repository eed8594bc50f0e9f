// Guessing over the API is slowed down, and locks nobody else out.
#include "support/api_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::string k_home = "192.0.2.200";

ApiResponse try_login(ApiBox& box, const std::string& from, const std::string& email, const std::string& password) {
  return box.send({.method = "POST",
                   .target = "/api/v1/session",
                   .headers = {{"content-type", "application/json"}},
                   .body = Json{{"email", email}, {"password", password}}.dump(),
                   .from = from});
}

int status_from(ApiBox& box, const std::string& from, const Headers& who, const std::string& target = "/mail/users") {
  return box.send({.target = target, .headers = who, .from = from}).status;
}

}  // namespace

TEST_CASE("API throttle: a network that guesses waits, others do not", "[api]") {
  ApiBox box;
  const std::string bad = "203.0.113.66";
  for (int i = 0; i < 10; ++i)
    CHECK(try_login(box, bad, "u" + std::to_string(i) + "@example.com", "wrong password").status == 401);
  const ApiResponse waits = try_login(box, bad, "me@example.com", "correct horse");
  CHECK(waits.status == 429);
  CHECK(waits.type == "application/problem+json");
  CHECK(waits.header("Retry-After") == "1");
  CHECK_FALSE(waits.has_header("Set-Cookie"));
  CHECK(try_login(box, k_home, "me@example.com", "correct horse").status == 200);
  CHECK(status_from(box, "203.0.113.67", ApiBox::administrator()) == 200);

  // The original's clients know no other status for it.
  const ApiResponse original = box.send({.target = "/mail/users", .headers = ApiBox::administrator(), .from = bad});
  CHECK(original.status == 401);
  CHECK(original.header("Retry-After") == "1");
  CHECK_THAT(original.body, StartsWith("Too many failed logins."));
  const ApiResponse login =
      box.send({.method = "POST", .target = "/login", .headers = ApiBox::administrator(), .from = bad});
  CHECK(login.status == 200);
  CHECK(login.json()["status"] == "invalid");

  // An attempt that has to wait is no failure; each that fails afterwards doubles the wait.
  box.host.clock.advance(std::chrono::seconds(1));
  CHECK(try_login(box, bad, "me@example.com", "wrong password").status == 401);
  CHECK(try_login(box, bad, "me@example.com", "correct horse").header("Retry-After") == "2");
  box.host.clock.advance(std::chrono::seconds(2));
  CHECK(try_login(box, bad, "me@example.com", "correct horse").status == 200);
}

TEST_CASE("API throttle: strangers lock no owner out at home", "[api]") {
  ApiBox box;
  CHECK(try_login(box, k_home, "me@example.com", "correct horse").status == 200);
  const std::string session = box.log_in("me@example.com", "correct horse");
  const std::string token = box.make_token(ApiBox::administrator(), "t", {"read"});
  for (int i = 0; i < 40; ++i)
    static_cast<void>(try_login(box, "203.0.113." + std::to_string(i), "me@example.com", "x"));
  CHECK(try_login(box, "203.0.113.99", "me@example.com", "correct horse").status == 429);
  CHECK(try_login(box, k_home, "me@example.com", "correct horse").status == 200);
  CHECK(status_from(box, k_home, ApiBox::administrator()) == 200);
  // What is no password cannot be guessed like one, and works from everywhere.
  CHECK(status_from(box, "203.0.113.99", ApiBox::basic("me@example.com", session)) == 200);
  CHECK(status_from(box, "203.0.113.99", ApiBox::bearer(token)) == 200);
  CHECK(status_from(box, "203.0.113.99", ApiBox::basic(k_api_key, "")) == 200);
  // Another account is not concerned.
  CHECK(try_login(box, "203.0.113.99", "anna@example.com", "battery staple").status == 200);
}

TEST_CASE("API throttle: codes, tokens and the present password cannot be guessed faster", "[api]") {
  ApiBox box;
  const std::string bad = "203.0.113.66";
  const std::string token = box.make_token(ApiBox::administrator(), "t", {"read"});
  for (int i = 0; i < 10; ++i)
    CHECK(status_from(box, bad, ApiBox::bearer("miab_" + std::to_string(i)), "/api/v1/users") == 401);
  CHECK(status_from(box, bad, ApiBox::bearer(token), "/api/v1/users") == 429);
  CHECK(status_from(box, k_home, ApiBox::bearer(token), "/api/v1/users") == 200);

  const Headers session = box.cookie(box.log_in("anna@example.com", "battery staple"));
  const auto change = [&](const std::string& current) {
    return box.call("POST", "/account/password", {{"current", current}, {"password", "a new password"}}, session);
  };
  for (int i = 0; i < 10; ++i) CHECK(change("wrong " + std::to_string(i)).status == 400);
  const ApiResponse waits = change("battery staple");
  CHECK(waits.status != 200);
  CHECK_THAT(waits.body, Contains("Too many"));
}

TEST_CASE("API throttle: an IPv6 network is one", "[api]") {
  ApiBox box;
  for (int i = 1; i <= 10; ++i)
    static_cast<void>(try_login(box, "2001:db8::" + std::to_string(i), "x@example.com", "wrong password"));
  CHECK(try_login(box, "2001:db8::ffff", "me@example.com", "correct horse").status == 429);
  CHECK(try_login(box, "2001:db8:0:1::1", "me@example.com", "correct horse").status == 200);
}

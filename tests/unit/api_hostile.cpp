// What nobody sends who means well: no fault, no change, an answer that is UTF-8.
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "support/api_box.hpp"
#include "support/api_rows.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const Headers k_boss = ApiBox::administrator();
const std::vector<std::string> k_bad_texts = {"\xff\xfe",         std::string("a\0b", 3), "\xc3(",   "\xed\xa0\x80",
                                              "\xf4\x90\x80\x80", "\r\nX-Injected: 1",    "\x1b[2J", "\x7f"};

// Not a fault, and nothing that breaks a client.
void check_survived(const ApiResponse& response) {
  INFO(response.status << " " << response.body.substr(0, 300));
  CHECK(response.status < 500);
  CHECK(valid_utf8(response.body));
  for (const auto& [name, value] : response.headers) {
    INFO(name << ": " << value);
    CHECK(printable_utf8(value));
  }
}

// After every database has been made.
std::map<std::string, std::string> warmed_up(ApiBox& box) {
  static_cast<void>(box.call("GET", "/users", nullptr, ApiBox::bearer("miab_x")));
  static_cast<void>(box.call("GET", "/session", nullptr, k_boss));
  return box.contents();
}

// But for the record of what was refused.
std::string changed_but_audit(const ApiBox& box, const std::map<std::string, std::string>& before) {
  return replaced(box.changed_since(before), "/home/user-data/management/audit.sqlite\n", "");
}

std::string nested(std::size_t depth, char open, char close) {
  return std::string(depth, open) + std::string(depth, close);
}

}  // namespace

TEST_CASE("API hostile: bytes that are no text in every place of a request", "[api]") {
  ApiBox box;
  const auto before = warmed_up(box);
  for (const std::string& bad : k_bad_texts) {
    INFO(url_encoded(bad));
    for (const char* name : {"authorization", "cookie", "x-auth-token", "x-csrf-token", "if-match", "if-none-match",
                             "idempotency-key", "user-agent", "accept", "content-type", "x-requested-with"}) {
      INFO(name);
      check_survived(box.send({.target = "/mail/users", .headers = joined_headers({{name, bad}}, k_boss)}));
      check_survived(box.send({.target = "/api/v1/users", .headers = joined_headers({{name, bad}}, k_boss)}));
      check_survived(box.send({.method = "POST", .target = "/api/v1/users", .headers = {{name, bad}}, .body = "{}"}));
    }
    check_survived(box.send({.target = "/api/v1/users", .headers = {{"authorization", "Bearer " + bad}}}));
    check_survived(box.send({.target = "/mail/users", .headers = ApiBox::basic(bad, "x")}));
    check_survived(box.send({.target = "/mail/users", .headers = ApiBox::basic("me@example.com", bad)}));
    check_survived(box.send({.target = "/mail/users", .headers = {{"cookie", "__Host-session=" + bad}}}));
    check_survived(box.send({.target = "/dns/custom/" + url_encoded(bad) + "/TXT", .headers = k_boss}));
    check_survived(box.send({.target = "/dns/custom/x.example.com/" + url_encoded(bad), .headers = k_boss}));
    check_survived(box.send({.target = "/api/v1/users/" + url_encoded(bad), .headers = k_boss}));
    check_survived(box.send({.target = "/api/v1/users?search=" + url_encoded(bad), .headers = k_boss}));
    check_survived(box.send({.target = "/mail/users/quota?email=" + url_encoded(bad), .headers = k_boss}));
    check_survived(box.send({.target = "/mail/users", .headers = k_boss, .from = bad}));
    box.forget_failures();
  }
  CHECK(box.changed_since(before) == "");
}

TEST_CASE("API hostile: bytes that are no text in every field", "[api]") {
  ApiBox box;
  static_cast<void>(warmed_up(box));
  for (const ApiRow& row : api_rows()) {
    if (row.body.empty() || row.method() == "DELETE" || row.ends_sessions) continue;
    ApiRequest request = row.request();
    request.headers = joined_headers(request.headers, k_boss);
    const bool json = row.body.starts_with("{");
    const std::string whole = request.body;
    const auto before = box.contents();  // what the last row changed is none of this one's
    for (const std::string& bad : {std::string("\xff\xfe"), std::string("\x01")}) {
      INFO(row.route);
      for (std::size_t at = whole.find(json ? '"' : '='); at != std::string::npos;
           at = whole.find(json ? '"' : '=', at + 1)) {
        request.body = whole;
        request.body.insert(at + 1, json ? bad : url_encoded(bad));
        check_survived(box.send(request));
      }
    }
    if (row.message != "set_privacy") CHECK(box.changed_since(before) == "");
  }
}

TEST_CASE("API hostile: bodies that are large or deep", "[api]") {
  ApiBox box;
  const auto before = warmed_up(box);
  const auto post = [&](const std::string& target, const std::string& type, const std::string& body) {
    const ApiResponse response = box.send({.method = "POST",
                                           .target = target,
                                           .headers = joined_headers(k_boss, {{"content-type", type}}),
                                           .body = body});
    check_survived(response);
    CHECK(response.body.size() < 5000);
    CHECK(response.status == 400);
  };
  for (const std::string& body :
       {nested(100'000, '[', ']'), "{\"email\": " + nested(100'000, '[', ']') + "}", std::string(100'000, '['),
        "{\"privileges\": " + nested(100'000, '[', ']') + ", \"email\": \"x\", \"password\": \"y\"}",
        "{\"" + std::string(900'000, 'x') + "\": 1}", "{\"email\": \"" + std::string(900'000, 'x') + "\"}"}) {
    post("/api/v1/users", "application/json", body);
  }
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  post("/api/v1/users", "application/json", objects + "1" + std::string(100'000, '}'));
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "f" + std::to_string(i) + "=v&";
  post("/mail/users/add", "application/x-www-form-urlencoded", many);
  post("/mail/users/add", "application/x-www-form-urlencoded", std::string(1'000'000, '&'));
  post("/mail/users/add", "application/x-www-form-urlencoded", std::string(1'000'000, '%'));
  std::string parts;
  for (int i = 0; i < 10'000; ++i) parts += "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nv\r\n";
  post("/mail/users/add", "multipart/form-data; boundary=b", parts + "--b--\r\n");
  post("/mail/users/add", "multipart/form-data; boundary=b", parts);
  post("/mail/users/add", "multipart/form-data; boundary=", parts);
  post("/mail/users/add", "multipart/form-data", parts);
  CHECK(changed_but_audit(box, before) == "");
}

TEST_CASE("API hostile: a body whose members would each be compared with all before", "[api]") {
  std::string members = "{";
  for (int i = 0; i < 80'000; ++i) members += "\"" + std::to_string(i) + "\":1,";
  ApiBox box;
  const ApiResponse response = box.send({.method = "POST",
                                         .target = "/api/v1/users",
                                         .headers = {{"content-type", "application/json"}},
                                         .body = members + "\"x\":1}"});
  check_survived(response);
  CHECK_THAT(response.body, Contains("more than 1000 members"));
  CHECK(response.asked.empty());
}

TEST_CASE("API hostile: headers that no message takes", "[api]") {
  ApiBox box;
  for (const std::string& value : {std::string("\xff"), std::string(1001, 'x')}) {
    for (const char* name : {"if-match", "idempotency-key"}) {
      INFO(name);
      check_survived(box.send(
          {.method = "DELETE", .target = "/api/v1/session", .headers = joined_headers({{name, value}}, k_boss)}));
      const ApiResponse response =
          box.send({.method = "POST", .target = "/api/v1/zones", .headers = joined_headers({{name, value}}, k_boss)});
      check_survived(response);
      CHECK(response.status == 400);
      CHECK(response.asked.empty());
    }
  }
}

TEST_CASE("API hostile: numbers that are none, or too large", "[api]") {
  ApiBox box;
  const std::vector<std::string> k_numbers = {"99999999999999999999",
                                              "9223372036854775808",
                                              "-9223372036854775809",
                                              "1e400",
                                              "1.5",
                                              "-1",
                                              "0x10",
                                              "+1",
                                              "NaN",
                                              "--1"};
  for (const std::string& number : k_numbers) {
    INFO(number);
    check_survived(box.call("GET", "/users?limit=" + url_encoded(number), nullptr, k_boss));
    check_survived(box.call("GET", "/audit?after=" + url_encoded(number), nullptr, k_boss));
    check_survived(box.call("DELETE", "/tokens/" + url_encoded(number), nullptr, k_boss));
    check_survived(box.call("DELETE", "/account/factors/" + url_encoded(number), nullptr, k_boss));
    check_survived(
        box.call("GET", "/jobs/0123456789abcdef/events", nullptr, joined_headers(k_boss, {{"last-event-id", number}})));
    check_survived(box.call("PATCH", "/users/anna@example.com", {{"quota", number + "G"}}, k_boss));
    check_survived(
        box.send({.method = "POST", .target = "/mfa/disable", .headers = k_boss, .body = "mfa-id=" + number}));
    for (const std::string& body : {"{\"private\": " + number + "}", "{\"wait\": " + number + "}"}) {
      const ApiResponse response = box.send({.method = "PUT",
                                             .target = "/api/v1/system/privacy",
                                             .headers = joined_headers(k_boss, {{"content-type", "application/json"}}),
                                             .body = body});
      check_survived(response);
      CHECK(response.status == 400);
    }
  }
  CHECK(box.call("GET", "/users/anna@example.com", nullptr, k_boss).json()["quota"] == "0");
}

TEST_CASE("API hostile: another host's name", "[api]") {
  ApiBox box;
  const HttpHandler handler = front_handler({.hosts = {"box.example.com"}, .version = "1"});
  const auto status = [&](const std::string& host) { return box.send_to(handler, {.target = "/login"}, host).status; };
  for (const char* good :
       {"box.example.com", "BOX.example.com", "box.example.com:443", "127.0.0.1:10222", "localhost", "[::1]:10222"})
    CHECK(status(good) == 405);
  for (const char* bad :
       {"evil.example", "box.example.com.evil.example", "", "[::1", "evil.example:443", "[", ":", "[::1]evil.example"})
    CHECK(status(bad) == 421);
}

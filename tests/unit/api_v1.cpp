// The API of today: what is refused and how, conditions, requests that are sent again, pages.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "messages/json_form.hpp"
#include "messages/messages.hpp"
#include "os/byte_lock.hpp"
#include "support/api_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const Headers k_admin = ApiBox::administrator();

ApiResponse send_json(ApiBox& box, const std::string& method, const std::string& path, const std::string& body,
                      const std::string& type = "application/json") {
  return box.send({.method = method,
                   .target = "/api/v1" + path,
                   .headers = joined_headers(k_admin, {{"content-type", type}}),
                   .body = body});
}

// Until the process has the file open.
bool has_open(pid_t process, const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end) {
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/fd", gone)) {
      if (std::filesystem::read_symlink(entry.path(), gone) == path) return true;
    }
    std::this_thread::yield();
  }
  return false;
}

// A problem of RFC 9457, about this member; "" for none.
void check_problem(const ApiResponse& response, int status, const std::string& member, const std::string& detail) {
  INFO(response.body);
  CHECK(response.status == status);
  CHECK(response.type == "application/problem+json");
  const Json problem = response.json();
  REQUIRE(problem.is_object());
  CHECK(problem["type"] == "about:blank");
  CHECK(problem["status"] == status);
  CHECK_FALSE(problem["title"].get<std::string>().empty());
  CHECK_THAT(problem["detail"].get<std::string>(), Contains(detail));
  CHECK(problem.contains("errors") == !member.empty());
  if (problem.contains("errors")) {
    REQUIRE(problem["errors"].size() == 1);
    CHECK(problem["errors"][0]["member"] == member);
  }
}

std::string file_bytes(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Json new_user(const std::string& email) { return {{"email", email}, {"password", "long enough"}}; }

std::vector<std::string> pages_of(ApiBox& box, const std::string& path, const std::string& key,
                                  const std::string& member) {
  std::vector<std::string> found;
  std::string after;
  for (int page = 0; page < 50; ++page) {
    const Json json = box.call("GET", path + "&after=" + url_encoded(after), nullptr, k_admin).json();
    REQUIRE(json.contains(key));
    for (const Json& one : json[key]) found.push_back(one[member].get<std::string>());
    after = json["next"].get<std::string>();
    if (after.empty()) return found;
  }
  FAIL("no end");
  return found;
}

}  // namespace

TEST_CASE("API v1: a problem names the member", "[api]") {
  ApiBox box;
  const auto post = [&](const std::string& body) { return send_json(box, "POST", "/users", body); };
  check_problem(post("{}"), 400, "email", "is missing");
  check_problem(post(R"({"email": "x@example.com"})"), 400, "password", "is missing");
  check_problem(post(R"({"email": 7, "password": "long enough"})"), 400, "email", "must be a text");
  check_problem(post(R"({"email": ["x"], "password": "long enough"})"), 400, "email", "must be a text");
  check_problem(post(R"({"email": null, "password": "long enough"})"), 400, "email", "is missing");
  check_problem(post(R"({"email": "x@example.com", "password": "long enough", "privileges": "admin"})"), 400,
                "privileges", "must be a list");
  check_problem(post(R"({"email": "x@example.com", "password": "long enough", "privileges": ["admin", 1]})"), 400,
                "privileges[1]", "must be a text");
  check_problem(post(R"({"email": "x@example.com", "password": "long enough", "qouta": "5G"})"), 400, "qouta",
                "Is quota meant?");
  check_problem(post(R"({"email": "x@example.com", "password": "long enough", "zzz": "5G"})"), 400, "zzz",
                "is not known here.");
  const std::string letters =
      replaced(std::string(60, 'x'), "x", "ä");  // a letter stands on both sides of the 100th byte
  check_problem(post("{\"z" + letters + "\": 1, \"email\": \"x@example.com\", \"password\": \"long enough\"}"), 400,
                "z" + letters.substr(0, 98) + "…", "is not known here.");
  check_problem(post(R"({"email": "x\u0000@example.com", "password": "long enough"})"), 400, "email",
                "without control characters");
  check_problem(post(R"({"email": ")" + std::string(1001, 'x') + R"(", "password": "long enough"})"), 400, "email",
                "longer than the 1000 bytes");
  check_problem(send_json(box, "PUT", "/system/privacy", R"({"private": "yes"})"), 400, "private", "true or false");
  check_problem(box.call("GET", "/users?limit=ten", nullptr, k_admin), 400, "limit", "whole number");
  check_problem(box.call("GET", "/users?limit=0", nullptr, k_admin), 400, "limit", "1 to 500");
  check_problem(box.call("GET", "/users?limit=501", nullptr, k_admin), 400, "limit", "1 to 500");
  check_problem(send_json(box, "PUT", "/records/x.example.com/A", R"({"name": "y.example.com", "value": "192.0.2.1"})"),
                400, "name", "another one in the address");
  check_problem(send_json(box, "PUT", "/records/x.example.com/A", R"({"value": "here"})"), 400, "value",
                "does not appear to be");
  check_problem(send_json(box, "PUT", "/records/x.example.net/A", R"({"value": "192.0.2.1"})"), 400, "name",
                "not a domain name");
  check_problem(send_json(box, "PUT", "/records/x.example.com/ZZ", R"({"value": "x"})"), 400, "type",
                "Unknown record type");
  CHECK(box.run_json({"user", "list"})["users"].size() == 2);
}

TEST_CASE("API v1: a body that is no object of JSON", "[api]") {
  ApiBox box;
  for (const char* body : {"{", "email=x", "{\"email\": \"x\"} more", "nul", "\"\xff\"", "{'a': 1}"}) {
    check_problem(send_json(box, "POST", "/users", body), 400, "", "The body is not valid JSON");
  }
  for (const char* body : {"[]", "null", "7", "\"text\"", "true"})
    check_problem(send_json(box, "POST", "/users", body), 400, "", "Expected a JSON object");
  check_problem(send_json(box, "POST", "/users", "{}", "text/plain"), 400, "", "application/json");
  check_problem(send_json(box, "POST", "/users", "{}", ""), 400, "", "application/json");
  // An error is no echo of what was sent.
  const std::string long_text = "{\"email\": \"" + std::string(300'000, 'x');
  CHECK(send_json(box, "POST", "/users", long_text).body.size() < 2000);
  // Types are compared without case, and may have parameters.
  CHECK(send_json(box, "PUT", "/system/privacy", R"({"private": true})", "Application/JSON; charset=utf-8").status ==
        200);
}

TEST_CASE("API v1: the status says what happened", "[api]") {
  ApiBox box;
  const ApiResponse added = box.call("POST", "/users", new_user("ben@example.org"), k_admin);
  CHECK(added.status == 201);
  CHECK(added.type == "application/json");
  CHECK(added.json()["messages"] == Json{"mail user added"});
  CHECK(added.json()["updated"] == Json{"updated DNS: example.org", "web updated"});
  CHECK(added.json()["published"] == true);
  check_problem(box.call("POST", "/users", new_user("ben@example.org"), k_admin), 409, "", "User already exists.");
  check_problem(box.call("GET", "/users/x@example.com", nullptr, k_admin), 404, "", "That's not a user");
  check_problem(box.call("PATCH", "/users/x@example.com", {{"quota", "5G"}}, k_admin), 404, "", "That's not a user");
  check_problem(box.call("DELETE", "/users/x@example.com", nullptr, k_admin), 404, "", "That's not a user");
  check_problem(box.call("DELETE", "/aliases/x@example.com", nullptr, k_admin), 404, "", "That's not an alias");
  check_problem(box.call("GET", "/zones/example.net", nullptr, k_admin), 404, "", "not a zone");
  check_problem(box.call("GET", "/zones/example.net/file", nullptr, k_admin), 404, "", "zone");
  check_problem(box.call("GET", "/jobs/0123456789abcdef", nullptr, k_admin), 404, "", "There is no job");
  check_problem(box.call("DELETE", "/tokens/7", nullptr, k_admin), 404, "", "There is no token 7");
  check_problem(box.call("PUT", "/certificates/example.net", {{"certificate", "x"}}, k_admin), 404, "", "not a name");
  check_problem(box.call("GET", "/users", nullptr, {}), 401, "", "");
  CHECK(box.call("GET", "/users", nullptr, {}).header("WWW-Authenticate") ==
        "Bearer realm=\"Mail-in-a-Box Management Server\"");
  check_problem(box.call("GET", "/users", nullptr, ApiBox::user()), 403, "", "You are not an administrator.");
  CHECK(box.call("GET", "/nothing", nullptr, k_admin).status == 404);
  CHECK(box.call("PUT", "/users", nullptr, k_admin).status == 405);
  CHECK(box.call("PUT", "/users", nullptr, k_admin).header("Allow") == "GET, POST, HEAD, OPTIONS");
  CHECK(box.call("POST", "/jobs/plan", Json::object(), k_admin).status == 202);
  CHECK(box.jobs.started.size() == 1);
  CHECK(box.jobs.started[0].account == "me@example.com");
  CHECK(box.jobs.started[0].from == "198.51.100.7");
}

TEST_CASE("API v1: conditions", "[api]") {
  ApiBox box;
  const ApiResponse first = box.call("GET", "/users/anna@example.com", nullptr, k_admin);
  const std::string tag = first.header("ETag");
  REQUIRE(tag.size() > 10);
  CHECK(tag.front() == '"');
  const auto get = [&](const std::string& known) {
    return box.call("GET", "/users/anna@example.com", nullptr, joined_headers(k_admin, {{"if-none-match", known}}));
  };
  CHECK(get(tag).status == 304);
  CHECK(get(tag).body.empty());
  CHECK(get(tag).header("ETag") == tag);
  CHECK(get("W/" + tag).status == 304);
  CHECK(get("\"other\"").status == 200);
  CHECK(get("\"\"").status == 200);

  const auto patch = [&](const std::string& quota, const std::string& wanted) {
    return box.call("PATCH", "/users/anna@example.com", {{"quota", quota}},
                    joined_headers(k_admin, {{"if-match", wanted}}));
  };
  check_problem(patch("1G", "\"other\""), 412, "", "changed meanwhile");
  CHECK(patch("2G", tag).status == 200);
  check_problem(patch("3G", tag), 412, "", "changed meanwhile");
  CHECK(patch("4G", "*").status == 200);
  CHECK(box.call("GET", "/users/anna@example.com", nullptr, k_admin).json()["quota"] == "4G");
  check_problem(
      box.call("PATCH", "/users/x@example.com", {{"quota", "1G"}}, joined_headers(k_admin, {{"if-match", tag}})), 412,
      "", "changed meanwhile");
  // A change never is "as it was".
  CHECK(box.call("PATCH", "/users/anna@example.com", {{"quota", "5G"}},
                 joined_headers(k_admin, {{"if-none-match", "\"\""}}))
            .status == 200);
}

TEST_CASE("API v1: a job's words may be long and have lines, and files that are damaged hide nothing else", "[api]") {
  ApiBox box;
  const std::string id = box.call("POST", "/jobs/plan", Json::object(), k_admin).json()["id"].get<std::string>();
  const std::string folder = "/var/lib/mailinabox/jobs/" + id;
  const std::string words = "apt-get failed:\n\tline\n" + std::string(5000, 'x');
  Json job = Json::parse(box.host.content(folder + "/job.json"));
  job["state"] = "failed";
  job["error"] = words;
  box.host.put(folder + "/job.json", job.dump(), 0600);
  const Json event = {{"number", 1}, {"at", "2026-11-30T00:00:00Z"}, {"kind", "failure"}, {"text", words}};
  Json last = event;
  last["number"] = 3;
  // The second event was cut off by a full disk, and the third one came behind it; so did the fourth, which is whole.
  const std::string cut = event.dump().substr(0, 40);
  box.host.put(folder + "/events.jsonl", event.dump() + "\n" + cut + event.dump() + "\n" + last.dump() + "\n", 0600);
  CHECK(box.call("GET", "/jobs/" + id, nullptr, k_admin).json()["error"] == words);
  CHECK(box.call("GET", "/jobs", nullptr, k_admin).json()["jobs"].size() == 1);
  const std::string told = box.call("GET", "/jobs/" + id + "/events", nullptr, k_admin).body;
  CHECK_THAT(told, Contains("id: 1\n") && Contains("id: 3\n"));
  box.host.put(folder + "/job.json", "{", 0600);
  CHECK(box.call("GET", "/jobs", nullptr, k_admin).json()["jobs"].empty());
  CHECK(box.call("POST", "/jobs/plan", Json::object(), k_admin).status == 202);
}

TEST_CASE("API v1: conditions with several entity tags", "[api]") {
  ApiBox box;
  const auto tag = [&] { return box.call("GET", "/users/anna@example.com", nullptr, k_admin).header("ETag"); };
  const auto get = [&](const std::string& known) {
    return box.call("GET", "/users/anna@example.com", nullptr, joined_headers(k_admin, {{"if-none-match", known}}))
        .status;
  };
  CHECK(get("\"a\", W/\"b\"," + tag()) == 304);
  CHECK(get("\"a\", \"b\"") == 200);
  const auto patch = [&](const std::string& wanted) {
    return box
        .call("PATCH", "/users/anna@example.com", {{"quota", "1G"}}, joined_headers(k_admin, {{"if-match", wanted}}))
        .status;
  };
  CHECK(patch("\"a\", W/" + tag()) == 412);  // only like it
  CHECK(patch("\"a\", \"b\"") == 412);
  CHECK(patch("") == 412);
  CHECK(patch("\"a\"," + tag() + ", \"b\"") == 200);
  CHECK(box.call("PATCH", "/users/x@example.com", {{"quota", "1G"}}, joined_headers(k_admin, {{"if-match", "*"}}))
            .status == 412);
}

TEST_CASE("API v1: mail that arrives is nobody's change", "[api]") {
  ApiBox box;
  const auto show = [&] { return box.call("GET", "/users/anna@example.com", nullptr, k_admin); };
  const std::string before = show().header("ETag");
  box.host.put("/home/user-data/mail/mailboxes/example.com/anna/maildirsize", "1000S\n700 1\n");
  CHECK(show().json()["used_bytes"] == 700);
  CHECK(show().header("ETag") != before);
  CHECK(box.call("GET", "/users/anna@example.com", nullptr, joined_headers(k_admin, {{"if-none-match", before}}))
            .status == 200);
  CHECK(box.call("PATCH", "/users/anna@example.com", {{"quota", "1G"}}, joined_headers(k_admin, {{"if-match", before}}))
            .status == 200);
}

TEST_CASE("API v1: between the look and a conditional change nobody else changes anything", "[api]") {
  ApiBox box;
  const std::string tag = box.call("GET", "/users/anna@example.com", nullptr, k_admin).header("ETag");
  const std::string path = beside(box.box.lock_file, "mailinabox-changes.lock");
  std::optional<ByteLock> others(std::in_place, path, static_cast<std::int64_t>(Area::mail), ByteLock::Kind::shared,
                                 std::chrono::seconds(1));
  const pid_t process = ::fork();
  if (process == 0) {
    others.reset();  // the parent's goes on
    ::alarm(60);
    const int status =
        box.call("PATCH", "/users/anna@example.com", {{"quota", "1G"}}, joined_headers(k_admin, {{"if-match", tag}}))
            .status;
    ::_exit(status == 412 ? 0 : 1);
  }
  REQUIRE(has_open(process, path));
  CHECK(box.call("PATCH", "/users/anna@example.com", {{"quota", "2G"}}, k_admin).status == 200);  // without a condition
  others.reset();
  int status = 0;
  REQUIRE(::waitpid(process, &status, 0) == process);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("API v1: conditions of what is put", "[api]") {
  ApiBox box;
  const auto put = [&](const std::string& path, const Json& body, const std::string& wanted) {
    return box.call("PUT", path, body, joined_headers(k_admin, {{"if-match", wanted}})).status;
  };
  const auto tag = [&](const std::string& path) { return box.call("GET", path, nullptr, k_admin).header("ETag"); };
  const Json alias = {{"forwards_to", {"me@example.com"}}};
  CHECK(put("/aliases/team@example.com", alias, "\"new\"") == 412);
  CHECK(box.call("PUT", "/aliases/team@example.com", alias, k_admin).status == 200);
  const std::string alias_tag = tag("/aliases/team@example.com");
  CHECK(put("/aliases/team@example.com", {{"forwards_to", {"anna@example.com"}}}, alias_tag) == 200);
  CHECK(put("/aliases/team@example.com", alias, alias_tag) == 412);
  const std::string none = tag("/records?name=x.example.com&type=A");
  CHECK(put("/records/a.example.com/TXT", {{"value", "another one"}}, "*") == 200);  // changes no other's tag
  CHECK(put("/records/x.example.com/A", {{"value", "192.0.2.1"}}, none) == 200);
  CHECK(put("/records/x.example.com/A", {{"value", "192.0.2.2"}}, none) == 412);
  const std::string servers = tag("/secondary-name-servers");
  CHECK(put("/secondary-name-servers", {{"names", {"xfr:192.0.2.9"}}}, servers) == 200);
  CHECK(put("/secondary-name-servers", {{"names", Json::array()}}, servers) == 412);
  const std::string privacy = tag("/system/privacy");
  CHECK(put("/system/privacy", {{"private", false}}, privacy) == 200);
  CHECK(put("/system/privacy", {{"private", true}}, privacy) == 412);
}

TEST_CASE("API v1: a request that is sent again is not carried out again", "[api]") {
  ApiBox box;
  const auto post = [&](const Json& body, const std::string& key, const Headers& who = k_admin) {
    return box.call("POST", "/users", body, joined_headers(who, {{"idempotency-key", key}}));
  };
  const ApiResponse first = post(new_user("ben@example.com"), "k1");
  REQUIRE(first.status == 201);
  const ApiResponse again = post(new_user("ben@example.com"), "k1");
  CHECK(again.status == 201);
  CHECK(again.body == first.body);
  check_problem(post(new_user("carl@example.com"), "k1"), 409, "", "has been used for another request");
  check_problem(post(new_user("ben@example.com"), "k2"), 409, "", "User already exists.");
  // What failed has changed nothing: the key is free.
  CHECK(post(new_user("carl@example.com"), "k2").status == 201);
  // A key is its sender's.
  CHECK(post(new_user("dora@example.com"), "k1", ApiBox::basic(k_api_key, "")).status == 201);
  CHECK(box.run_json({"user", "list"})["users"].size() == 5);
  box.host.clock.advance(std::chrono::hours(25));
  CHECK(post(new_user("emil@example.com"), "k1").status == 201);
}

TEST_CASE("API v1: what is remembered of an answer holds no secret in the clear", "[api]") {
  ApiBox box;
  const Headers keyed = joined_headers(k_admin, {{"idempotency-key", "k1"}});
  const Json wanted = {{"name", "t"}, {"scopes", {"read"}}};
  const ApiResponse first = box.call("POST", "/tokens", wanted, keyed);
  const std::string secret = first.json()["secret"].get<std::string>();
  REQUIRE(secret.size() > 40);
  CHECK(box.call("POST", "/tokens", wanted, keyed).json()["secret"] == secret);
  CHECK(box.call("GET", "/tokens", nullptr, k_admin).json()["tokens"].size() == 1);
  REQUIRE(box.call("POST", "/users", new_user("ben@example.com"), joined_headers(k_admin, {{"idempotency-key", "k2"}}))
              .status == 201);
  const std::string bytes = file_bytes(box.sessions_path()) + file_bytes(box.sessions_path() + "-wal");
  CHECK_THAT(bytes, Contains("sealed:1:"));
  CHECK_THAT(bytes, !Contains(secret) && !Contains("long enough"));
  // Nor a digest that anybody could try passwords against.
  const AddUser message{.email = "ben@example.com", .password = Secret("long enough")};
  CHECK_THAT(bytes, !Contains(sha256_hex("add_user" + json_text(json_of(message), -1))));
}

TEST_CASE("API v1: without the key that answers are sealed with nothing is done", "[api]") {
  ApiBox box;
  box.host.erase("/home/user-data/management/factors.key");
  const ApiResponse response =
      box.call("POST", "/users", new_user("ben@example.com"), joined_headers(k_admin, {{"idempotency-key", "k1"}}));
  CHECK(response.status >= 400);
  CHECK(box.call("GET", "/users/ben@example.com", nullptr, k_admin).status == 404);
}

TEST_CASE("API v1: pages to the end", "[api]") {
  ApiBox box;
  for (const char* name : {"b", "c", "d", "e", "f"}) {
    const std::string email = std::string(name) + "@example.com";
    REQUIRE(box.call("POST", "/users", new_user(email), k_admin).status == 201);
    REQUIRE(box.call("PUT", "/aliases/alias-" + email, {{"forwards_to", {email}}}, k_admin).status == 200);
  }
  const std::vector<std::string> users = {"anna@example.com", "b@example.com", "c@example.com", "d@example.com",
                                          "e@example.com",    "f@example.com", "me@example.com"};
  for (const char* limit : {"1", "2", "3", "7", "500"})
    CHECK(pages_of(box, std::string("/users?limit=") + limit, "users", "email") == users);
  CHECK(box.call("GET", "/users?limit=2", nullptr, k_admin).json()["total"] == 7);
  CHECK(pages_of(box, "/users?search=ANN", "users", "email") == std::vector<std::string>{"anna@example.com"});
  CHECK(pages_of(box, "/users?search=%25", "users", "email").empty());
  CHECK(pages_of(box, "/users?search=_", "users", "email").empty());
  CHECK(pages_of(box, "/users?domain=example.org", "users", "email").empty());
  CHECK(pages_of(box, "/users?domain=EXAMPLE.com&limit=3", "users", "email") == users);
  const auto all = pages_of(box, "/aliases?limit=500", "aliases", "address");
  CHECK(pages_of(box, "/aliases?limit=2", "aliases", "address") == all);
  CHECK(all.size() > 8);
  CHECK(pages_of(box, "/aliases?limit=1&search=alias-c", "aliases", "address") ==
        std::vector<std::string>{"alias-c@example.com"});
  CHECK(pages_of(box, "/aliases?search=c@example", "aliases", "address") ==
        std::vector<std::string>{"alias-c@example.com"});
}

TEST_CASE("API v1: what was done, a page at a time", "[api]") {
  ApiBox box;
  REQUIRE(box.call("POST", "/users", new_user("ben@example.com"), k_admin).status == 201);
  REQUIRE(box.call("PATCH", "/users/ben@example.com", {{"quota", "5G"}}, k_admin).status == 200);
  REQUIRE(box.call("DELETE", "/users/ben@example.com", nullptr, ApiBox::basic(k_api_key, "")).status == 200);
  const ApiResponse page = box.call("GET", "/audit?target=ben@", nullptr, k_admin);
  CHECK_THAT(page.body, !Contains("long enough"));
  const Json entries = page.json()["entries"];
  REQUIRE(entries.size() == 3);
  CHECK(entries[0]["action"] == "user remove");
  CHECK(entries[0]["by"] == "API key");
  CHECK(entries[2]["action"] == "user add");
  CHECK(entries[2]["account"] == "me@example.com");
  CHECK(entries[2]["by"] == "password");
  CHECK(entries[2]["from"] == "198.51.100.7");
  CHECK(entries[2]["result"] == "done");
  const auto numbers = [&](const std::string& path) {
    std::vector<std::string> found;
    std::string after;
    do {
      const Json json = box.call("GET", path + "&after=" + after, nullptr, k_admin).json();
      for (const Json& entry : json["entries"]) found.push_back(entry["id"].dump());
      after = json["next"].get<std::string>();
    } while (!after.empty() && found.size() < 100);
    return found;
  };
  CHECK(numbers("/audit?limit=1") == numbers("/audit?limit=500"));
  check_problem(box.call("GET", "/audit?after=x", nullptr, k_admin), 400, "after", "Expected");
}

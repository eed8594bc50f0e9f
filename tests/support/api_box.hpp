// Both sides of the management daemon in one process: requests go through the front's routes, and what these ask is
// answered by the helper's code, as texts in between, over a box in a temporary directory.
//
//   ApiBox box;
//   const ApiResponse response = box.send({.method = "GET", .target = "/mail/users", .headers = box.administrator()});
//   CHECK(response.status == 200);
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/front.hpp"
#include "helper/jobs.hpp"
#include "store/sqlite.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_box.hpp"

namespace mailinabox::test {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct ApiRequest {
  std::string method{"GET"};
  std::string target{};
  Headers headers{};
  std::string body{};
  std::string from{"198.51.100.7"};  // "": without X-Forwarded-For, as from the machine itself
};

struct ApiResponse : WebResponse {
  std::string header(const std::string& name) const;  // "" if there is none
  bool has_header(const std::string& name) const;
  Json json() const;                      // null if the body is none
  std::vector<std::string> asked{};       // names of the messages that went to the helper
  std::vector<std::string> sent_texts{};  // the same as texts
};

// Remembers what it was asked for, and ends each job at once; or runs it in this process.
class TestJobs final : public JobStarter {
 public:
  JobInfo start(const Box& box, const JobRequest& request) override;

  std::vector<JobRequest> started{};
  bool runs = false;
  bool ends = true;
  Json result = {{"requests", Json::array()}, {"updated", Json::array()}};
};

class ApiBox : public TlsBox {
 public:
  // Set up, with me@example.com, an administrator, and anna@example.com, who is none.
  ApiBox();

  ApiResponse send(const ApiRequest& request) { return send_to(*handler_, request, "box.example.com"); }
  ApiResponse send_to(const HttpHandler& handler, const ApiRequest& request, const std::string& name);
  // The same with a body in JSON, at /api/v1.
  ApiResponse call(const std::string& method, const std::string& path, const Json& body = nullptr,
                   Headers headers = {});

  static Headers basic(const std::string& user, const std::string& password);
  static Headers bearer(const std::string& token) { return {{"authorization", "Bearer " + token}}; }
  static Headers administrator() { return basic("me@example.com", "correct horse"); }
  static Headers user() { return basic("anna@example.com", "battery staple"); }

  // A session's key, of POST /login. `code`: of the second factor.
  std::string log_in(const std::string& email, const std::string& password, const std::string& code = "");
  // A token's secret, made by the user themselves.
  std::string make_token(const Headers& owner, const std::string& name, const std::vector<std::string>& scopes,
                         const std::optional<std::string>& expires = std::nullopt);
  // "X-CSRF-Token" of a session.
  std::string csrf_of(const std::string& session);
  Headers cookie(const std::string& session, bool with_csrf = true);

  // Files, and rows of databases, but for what each request may change: when something was last used, failed logins.
  std::map<std::string, std::string> contents() const;
  // The paths whose contents have changed, a line each.
  std::string changed_since(const std::map<std::string, std::string>& before) const;
  void forget_failures();
  std::string sessions_path() const { return host.real("/var/lib/mailinabox/sessions.sqlite"); }

  // All files as they are now, to be put back.
  void keep_state();
  void put_back_state();

  TestJobs jobs{};

 private:
  void put_api_recipes();

  std::optional<HttpHandler> handler_{};
  TemporaryFolder kept_{};
};

inline const char* const k_api_key = "0123456789abcdef0123456789ABCDEF";

Headers joined_headers(Headers first, const Headers& second);
std::string url_encoded(const std::string& text);
// "a=b&c=d", encoded.
std::string form_text(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace mailinabox::test

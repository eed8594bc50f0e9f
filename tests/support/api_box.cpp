#include "support/api_box.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "helper/request.hpp"
#include "messages/json_form.hpp"
#include "messages/messages.hpp"

namespace mailinabox::test {
namespace {

// Asks the helper's code at once. Messages and replies go as texts, as between the processes.
class TestExchange final : public Exchange {
 public:
  TestExchange(const Box& box, JobStarter& jobs, WebRequest request)
      : box_(box), jobs_(jobs), request_(std::move(request)) {}

  const WebRequest& request() const override { return request_; }
  void respond(WebResponse answer) override {
    if (responded) throw std::logic_error("a second response to " + request_.target);
    responded = true;
    static_cast<WebResponse&>(response) = std::move(answer);
  }
  void ask(const Envelope& envelope, std::function<void(Reply reply)> then) override {
    const std::string text = envelope_text(envelope);
    response.asked.push_back(envelope.message);
    response.sent_texts.push_back(text);
    // As the supervisor does.
    const auto effect = effect_of_message(message_name_in(text));
    const bool only_looks = !effect || *effect == Effect::look;
    then(read_reply(reply_text(answer_request(box_, text, jobs_, only_looks))));
  }
  void begin_events() override { respond({.type = "text/event-stream"}); }
  void send_events(std::string text) override { response.body += text; }
  void end_events() override { ended = true; }
  bool client_has_gone() const override { return waits > 100; }
  void after(std::chrono::milliseconds /*delay*/, std::function<void()> then) override {
    ++waits;
    then();
  }

  ApiResponse response{};
  bool responded = false;
  bool ended = false;
  int waits = 0;

 private:
  const Box& box_;
  JobStarter& jobs_;
  WebRequest request_;
};

// Of the session database and others: what each request may change.
const std::vector<std::string> k_fleeting_tables = {"login_failures", "login_successes", "sqlite_sequence"};
const std::vector<std::string> k_fleeting_columns = {"last_used", "last_from", "source"};

std::vector<std::string> column_texts(Database& database, const std::string& sql, int column) {
  std::vector<std::string> texts;
  Statement statement = database.prepare(sql);
  while (statement.step()) texts.push_back(statement.text(column));
  return texts;
}

std::string rows_of_database(const std::string& path) {
  Database database(path, Database::Access::read_only);
  if (database.journal_mode() == "wal") database.use_write_ahead_log();  // so that closing it changes no file
  std::string text;
  for (const std::string& table : column_texts(database, "SELECT name FROM sqlite_master WHERE type = 'table'", 0)) {
    if (mailinabox::contains(k_fleeting_tables, table)) continue;
    std::vector<std::string> columns = column_texts(database, "PRAGMA table_info(" + table + ")", 1);
    std::erase_if(columns, [](const auto& column) { return mailinabox::contains(k_fleeting_columns, column); });
    Statement rows = database.prepare("SELECT " + joined(columns, ", ") + " FROM " + table);
    while (rows.step()) {
      text += "\n" + table;
      for (std::size_t i = 0; i < columns.size(); ++i) text += "|" + rows.text(static_cast<int>(i));
    }
  }
  return text;
}

void copy_tree(const std::string& from, const std::string& to) {
  using Options = std::filesystem::copy_options;
  std::filesystem::copy(from, to, Options::recursive | Options::copy_symlinks);
}

}  // namespace

std::string ApiResponse::header(const std::string& name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& one) { return one.first == name; });
  return found == headers.end() ? "" : found->second;
}

bool ApiResponse::has_header(const std::string& name) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& one) { return one.first == name; });
}

Json ApiResponse::json() const {
  Json parsed = Json::parse(body, nullptr, false);
  return parsed.is_discarded() ? Json() : parsed;
}

JobInfo TestJobs::start(const Box& box, const JobRequest& request) {
  started.push_back(request);
  JobInfo info = create_job(box, request);
  if (runs) {
    run_job(box, info.id);
    return JobStore(box).job(info.id);
  }
  if (!ends) return info;
  info.state = "done";
  info.result = result;
  box.system.files.write(box.state_directory + "/jobs/" + info.id + "/job.json", json_text(json_of(info)) + "\n",
                         {.mode = 0600});
  return info;
}

ApiBox::ApiBox() {
  put_api_recipes();
  box.version = "1.2.3";
  const ExitCode code = run({"setup"});
  INFO(output.str() << errors.str());
  REQUIRE(code == ExitCode::ok);
  console.variables.clear();
  host.put_directory("/home/user-data/management", 0700);
  host.put("/home/user-data/management/factors.key", std::string(64, 'a') + "\n", 0600);
  host.put("/var/lib/mailinabox/api.key", std::string(k_api_key) + "\n", 0600);
  REQUIRE(run({"user", "add", "anna@example.com", "--password-stdin"}, "battery staple\n") == ExitCode::ok);
  handler_ = front_handler({.version = box.version});
}

void ApiBox::put_api_recipes() {
  host.put("/share/recipes/dns.yaml",
           "recipe: dns\nsummary: signed zones\nrequires: [directory]\nresources:\n"
           "  - directory: \"{{storage_root}}/dns\"\n  - directory: \"{{storage_root}}/dns/dnssec\"\n  - dnssec_key: "
           "\"{{storage_root}}/dns/dnssec\"\n"
           "    algorithm: ecdsa-p256\n  - directory: /etc/nsd/zones\n    parents: true\n"
           "  - zone: \"{{zone.name}}\"\n    for_each: zones\n    as: zone\n    directory: /etc/nsd/zones\n"
           "    file: \"{{zone.file}}\"\n    records: \"{{zone.records}}\"\n"
           "    name_server: \"ns1.{{primary_hostname}}\"\n    hostmaster: \"hostmaster.{{primary_hostname}}\"\n"
           "    keys: \"{{storage_root}}/dns/dnssec\"\n"
           "  - file: /etc/nsd/zones.conf\n"
           "    content: \"{{#zones}}{{name}} {{/zones}}{{#transfer_peers}}{{address}};{{/transfer_peers}}\"\n");
  host.put("/share/templates/site", "{{site.name}} {{site.root}}{{#site.redirects}} {{url}}{{/site.redirects}}\n");
  host.put("/share/recipes/web.yaml",
           "recipe: web\nsummary: sites\nresources:\n"
           "  - directory: /etc/nginx/mailinabox/sites\n    parents: true\n    only: \"{{site_files}}\"\n"
           "  - file: \"/etc/nginx/mailinabox/sites/{{site.file}}\"\n    for_each: web_sites\n    as: site\n"
           "    when: not site.held\n    template: site\n");
}

ApiResponse ApiBox::send_to(const HttpHandler& handler, const ApiRequest& request, const std::string& name) {
  WebRequest web{.method = request.method, .target = request.target, .body = request.body, .peer = "127.0.0.1"};
  web.headers.emplace_back("host", name);
  if (!request.from.empty()) web.headers.emplace_back("x-forwarded-for", request.from);
  for (const auto& [header, value] : request.headers) web.headers.emplace_back(lower_case(header), value);
  const auto exchange = std::make_shared<TestExchange>(box, jobs, std::move(web));
  handler(exchange);
  if (!exchange->responded) throw std::logic_error("no response to " + request.target);
  return exchange->response;
}

ApiResponse ApiBox::call(const std::string& method, const std::string& path, const Json& body, Headers headers) {
  if (!body.is_null()) headers.emplace_back("content-type", "application/json");
  return send({.method = method,
               .target = "/api/v1" + path,
               .headers = std::move(headers),
               .body = body.is_null() ? "" : body.dump()});
}

Headers ApiBox::basic(const std::string& user, const std::string& password) {
  return {{"authorization", "Basic " + to_base64(user + ":" + password)}};
}

std::string ApiBox::log_in(const std::string& email, const std::string& password, const std::string& code) {
  Headers headers = basic(email, password);
  if (!code.empty()) headers.emplace_back("x-auth-token", code);
  const ApiResponse response = send({.method = "POST", .target = "/login", .headers = headers});
  const Json json = response.json();
  INFO(response.body);
  REQUIRE(json.value("status", "") == "ok");
  return json["api_key"].get<std::string>();
}

std::string ApiBox::make_token(const Headers& owner, const std::string& name, const std::vector<std::string>& scopes,
                               const std::optional<std::string>& expires) {
  Json wanted = {{"name", name}, {"scopes", scopes}};
  if (expires) wanted["expires"] = *expires;
  const ApiResponse response = call("POST", "/tokens", wanted, owner);
  INFO(response.body);
  REQUIRE(response.status == 201);
  return response.json()["secret"].get<std::string>();
}

std::string ApiBox::csrf_of(const std::string& session) {
  const ApiResponse response = call("GET", "/session", nullptr, cookie(session, false));
  INFO(response.body);
  REQUIRE(response.status == 200);
  return response.json()["csrf"].get<std::string>();
}

Headers ApiBox::cookie(const std::string& session, bool with_csrf) {
  Headers headers{{"cookie", "other=1; __Host-session=" + session}};
  if (with_csrf) headers.emplace_back("x-csrf-token", csrf_of(session));
  return headers;
}

std::map<std::string, std::string> ApiBox::contents() const {
  std::map<std::string, std::string> contents = host.snapshot();
  std::erase_if(contents, [](const auto& file) {
    return file.first.ends_with(".lock") ||  // who has it
           file.first.ends_with("-wal") ||
           file.first.ends_with("-shm");  // rows, too, of the database that they are beside
  });
  for (auto& [path, content] : contents) {
    if (path.ends_with(".sqlite")) content = rows_of_database(host.real(path));
  }
  return contents;
}

std::string ApiBox::changed_since(const std::map<std::string, std::string>& before) const {
  std::string changed;
  const std::map<std::string, std::string> now = contents();
  for (const auto& [path, content] : now) {
    const auto old = before.find(path);
    if (old == before.end() || old->second != content) changed += path + "\n";
  }
  for (const auto& [path, content] : before) {
    if (now.count(path) == 0) changed += path + "\n";
  }
  return changed;
}

void ApiBox::forget_failures() {
  Database(sessions_path(), Database::Access::read_write).execute("DELETE FROM login_failures");
}

void ApiBox::keep_state() {
  std::filesystem::remove_all(kept_ / "root");
  copy_tree(host.root(), kept_ / "root");
}

void ApiBox::put_back_state() {
  for (const auto& entry : std::filesystem::directory_iterator(host.root())) std::filesystem::remove_all(entry);
  copy_tree(kept_ / "root", host.root());
}

Headers joined_headers(Headers first, const Headers& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::string url_encoded(const std::string& text) { return percent_encoded(text); }

std::string form_text(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string text;
  for (const auto& [name, value] : fields)
    text += (text.empty() ? "" : "&") + url_encoded(name) + "=" + url_encoded(value);
  return text;
}

}  // namespace mailinabox::test

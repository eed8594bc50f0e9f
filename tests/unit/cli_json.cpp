// --json: every command that lists or reports has it, prints the keys that it documents, and says in JSON what goes
// wrong.
#include <csignal>
#include <map>
#include <set>

#include "base/interruption.hpp"
#include "cli/command.hpp"
#include "os/lock.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/tls_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using Words = std::vector<std::string>;

Words words_of_command(const std::string& name) {
  const std::size_t blank = name.find(' ');
  if (blank == std::string::npos) return {name};
  return {name.substr(0, blank), name.substr(blank + 1)};
}

// In this order on one box, each with what it takes.
const std::vector<std::pair<std::string, Words>> k_uses = {
    {"setup", {}},
    {"plan", {}},
    {"migrate", {"--plan"}},
    {"recipes list", {}},
    {"recipes show", {"dns"}},
    {"recipes lint", {}},
    {"facts", {}},
    {"history", {}},
    {"user list", {}},
    {"user add", {"anna@example.org"}},
    {"user password", {"anna@example.org"}},
    {"user quota", {"anna@example.org"}},
    {"user quota", {"anna@example.org", "5G"}},
    {"user make-admin", {"anna@example.org"}},
    {"user remove-admin", {"anna@example.org"}},
    {"alias list", {}},
    {"alias add", {"x@example.com", "me@example.com"}},
    {"alias remove", {"x@example.com"}},
    {"mfa list", {"me@example.com"}},
    {"mfa recovery-codes", {"me@example.com"}},
    {"mfa disable", {"me@example.com", "1"}},
    {"token create", {"ci", "--user", "anna@example.org", "--scope", "dns,tls", "--expires", "90d"}},
    {"token list", {}},
    {"token revoke", {"1"}},
    {"user remove", {"anna@example.org"}},
    {"audit", {"--limit", "5"}},
    {"selftest", {}},
    {"dns show", {}},
    {"dns set", {"www.example.com", "A", "192.0.2.80"}},
    {"dns set", {"www.example.com", "A", "192.0.2.80"}},
    {"dns add", {"www.example.com", "A", "192.0.2.81"}},
    {"dns remove", {"www.example.com", "A"}},
    {"dns secondary", {}},
    {"dns secondary", {"xfr:192.0.2.7"}},
    {"dns update", {}},
    {"dns export", {"example.com"}},
    {"dns check", {"example.com"}},
    {"tls status", {}},
    {"tls provision", {}},
    {"tls provision", {}},
    {"tls import", {"www.example.com", "/root/pem"}},
    {"tls show", {"www.example.com"}},
    {"tls remove", {"www.example.com"}},
    {"tls roll", {}},
    {"web list", {}},
    {"web set", {"example.com", "hsts", "no"}},
    {"web list", {}},
    {"web remove", {"example.com"}},
    {"rollback", {"--release"}},
    {"rollback", {"--yes"}}};

struct JsonBox : TlsBox {
  JsonBox() {
    set_up();
    Database(host.real("/home/user-data/mail/users.sqlite"), Database::Access::read_write)
        .execute("INSERT INTO mfa (user_id, type, secret, label) VALUES (1, 'totp', 'x', 'phone')");
    const Key key = generate_key("ecdsa-p256");
    const auto now = host.clock.now();
    host.put("/root/pem", key_to_pem(key).reveal() +
                              authority.issue("DNS:www.example.com", key, now, now + std::chrono::hours(3000)) +
                              authority.intermediate());
    lead_here({"box.example.com"});
    console.self_test = [](const SelfTestOptions&) { return std::vector<SelfTestStep>{{"YAML", "read", ""}}; };
    dns.put("192.0.2.53", "example.com", DnsType::ns, {"ns1.box.example.com"});
    dns.put("192.0.2.53", "ns1.box.example.com", DnsType::a, {"192.0.2.10"});
    dns.put("192.0.2.10", "example.com", DnsType::soa, {"ns1.box.example.com h. 1 2 3 4 5"});
  }

  // The object, whether the command throws or not.
  nlohmann::json json_of(const std::string& command, const Words& more) {
    Words words = words_of_command(command);
    words.insert(words.end(), more.begin(), more.end());
    words.emplace_back("--json");
    try {
      code = run(words, "correct horse\n");
      message = errors.str();
    } catch (const Error& error) {
      code = error.code();
      message = error.what();
    }
    INFO(output.str());
    return nlohmann::json::parse(output.str());
  }

  ExitCode code = ExitCode::ok;
  std::string message{};
};

const CliCommand& command_named(const std::vector<CliCommand>& commands, const std::string& name) {
  return *std::find_if(commands.begin(), commands.end(), [&](const CliCommand& one) { return one.name == name; });
}

void check_keys(const CliCommand& command, const nlohmann::json& object) {
  bool any = false;
  for (const JsonKey& key : command.json) {
    CAPTURE(key.key);
    any = any || key.key == "NAME";
    if (key.always && key.key != "NAME") CHECK(object.contains(key.key));
  }
  for (const auto& [name, value] : object.items()) {
    CAPTURE(name);
    CHECK((any || std::any_of(command.json.begin(), command.json.end(),
                              [&, &own = name](const JsonKey& key) { return key.key == own; })));
  }
}

// The type of each key that has been seen, also of those further inside: a program that reads one may rely on it.
class KeyTypes {
 public:
  void check(const nlohmann::json& value) {
    if (value.is_array()) {
      for (const auto& item : value) check(item);
    }
    if (!value.is_object()) return;
    for (const auto& [name, item] : value.items()) {
      check(item);
      if (item.is_null()) continue;  // says that there is none
      const std::string type = item.is_number() ? "number" : item.type_name();
      const auto [known, first] = types_.emplace(name, type);
      CAPTURE(name);
      CHECK(known->second == type);
    }
  }

 private:
  std::map<std::string, std::string> types_{};
};

}  // namespace

TEST_CASE("json: each command prints the keys that it documents, a key of one name with one type", "[cli][json]") {
  JsonBox box;
  const std::vector<CliCommand> commands = all_commands();
  std::set<std::string> used;
  KeyTypes types;
  for (const auto& [name, more] : k_uses) {
    CAPTURE(name, more);
    used.insert(name);
    const nlohmann::json object = box.json_of(name, more);
    CAPTURE(object.dump(), box.message);
    CHECK((box.code == ExitCode::ok || box.code == ExitCode::changes));
    CHECK_FALSE(object.contains("error"));
    check_keys(command_named(commands, name), object);
    if (name != "facts") types.check(object);  // whose keys are names of values
  }
  types.check(box.run_json({"--help"}));
  types.check(box.run_json({"plan", "--dif"}));
  // Those that others start, and what is a file of its own form.
  const std::set<std::string> without = {
      "recipes schema",   "dns reload",    "srs",     "tls-policy", "sender-check", "tls-reports collect",
      "tls-reports send", "tls challenge", "tls csr", "daemon",     "web serve"};
  for (const CliCommand& command : commands) {
    CAPTURE(command.name);
    CHECK(command.json.empty() == (without.count(command.name) == 1));
    CHECK(used.count(command.name) + without.count(command.name) == 1);
  }
}

TEST_CASE("json: what recipes lint warns of is in the object, too", "[cli][json]") {
  ModelBox box;
  box.host.put("/local/own.yaml", "recipe: own\nresources:\n  - {file: /etc/sitse, content: x}\n");
  CHECK(box.run({"recipes", "lint"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("/local/own.yaml:3:") && Contains("/etc/sites"));
  auto object = box.run_json({"recipes", "lint"});
  CHECK(object["result"] == "ok");
  REQUIRE(object["warnings"].size() == 1);
  CHECK_THAT(object["warnings"][0].get<std::string>(), Contains("/local/own.yaml:3:") && Contains("/etc/sites"));
}

TEST_CASE("json: whatever goes wrong is one object with the same keys", "[cli][json]") {
  JsonBox box;
  std::set<std::string> keys;
  const auto refused = [&](const std::string& command, const Words& more, ExitCode code) {
    CAPTURE(command, more);
    const nlohmann::json object = box.json_of(command, more);
    CHECK(box.code == code);
    CHECK(object["result"] == "failed");
    CHECK_FALSE(object["error"].get<std::string>().empty());
    CHECK_THAT(box.message, Contains(object["error"].get<std::string>()));
    CHECK(object["exit_code"] == static_cast<int>(code));
    std::set<std::string> own;
    for (const auto& [name, value] : object.items()) own.insert(name);
    if (keys.empty()) keys = own;
    CHECK(own == keys);
  };
  refused("user add", {}, ExitCode::usage);
  refused("user lst", {}, ExitCode::usage);
  refused("plna", {}, ExitCode::usage);
  refused("user", {}, ExitCode::usage);
  refused("plan", {"--dif"}, ExitCode::usage);
  refused("dns reload", {}, ExitCode::usage);  // it has no --json
  refused("recipes show", {"nosuch"}, ExitCode::usage);
  refused("recipes lint", {"/nosuch.yaml"}, ExitCode::failed);
  refused("user quota", {"nobody@example.com"}, ExitCode::failed);
  refused("user quota", {"me@example.com", "5X"}, ExitCode::failed);
  refused("rollback", {"x"}, ExitCode::usage);
  refused("dns export", {"nosuch.test"}, ExitCode::failed);
  {
    MachineLock other(box.box.lock_file);
    REQUIRE(other.try_acquire("mailinabox setup", box.host.clock));
    for (const char* command : {"setup", "rollback", "dns update"}) refused(command, {"--no-wait"}, ExitCode::locked);
    refused("user remove", {"me@example.com", "--no-wait"}, ExitCode::locked);
  }
  box.box.root = false;
  for (const auto& [name, more] : k_uses) {
    const bool for_all = name == "facts" || name == "selftest" || name.starts_with("recipes ");
    if (!for_all) refused(name, more, ExitCode::unsuitable);
  }
}

TEST_CASE("json: what ends a command by surprise is said in JSON, too", "[cli][json]") {
  JsonBox box;
  box.console.self_test = [](const SelfTestOptions&) -> std::vector<SelfTestStep> { throw Interrupted{SIGINT}; };
  CHECK_THROWS_AS(box.run({"selftest", "--json"}), Interrupted);
  CHECK(nlohmann::json::parse(box.output.str())["result"] == "failed");
  CHECK(nlohmann::json::parse(box.output.str())["exit_code"] == 128 + SIGINT);  // as a shell has it
  box.console.self_test = [](const SelfTestOptions&) -> std::vector<SelfTestStep> { throw std::bad_alloc(); };
  CHECK_THROWS_AS(box.run({"selftest", "--json"}), std::bad_alloc);
  CHECK_THAT(nlohmann::json::parse(box.output.str())["error"].get<std::string>(), Contains("out of memory"));
  box.console.self_test = [](const SelfTestOptions&) { return std::vector<SelfTestStep>{{"YAML", "", "broken"}}; };
  CHECK(box.run({"selftest", "--json"}) == ExitCode::failed);
  CHECK(nlohmann::json::parse(box.output.str())["steps"][0]["error"] == "broken");
}

TEST_CASE("json: the program's version and commands", "[cli][json]") {
  ModelBox box;
  CHECK(box.run_json({"--version"}) == nlohmann::json({{"version", MAILINABOX_VERSION}}));
  CHECK(box.run_json({"--version", "--verbose"})["libraries"].size() > 5);
  const auto all = box.run_json({"--help"})["commands"];
  CHECK(all.size() == all_commands().size());
  CHECK(box.run_json({"user", "--help"})["commands"].size() == 7);
  const auto add = box.run_json({"user", "add", "--help"})["commands"];
  REQUIRE(add.size() == 1);
  CHECK(add[0]["command"] == "user add");
  CHECK(add[0]["arguments"][0]["argument"] == "EMAIL");
  CHECK(add[0]["options"][0]["option"] == "--quota");
}

TEST_CASE("recipes: who is not root sees them with the domains of a sample", "[cli]") {
  JsonBox box;
  box.box.root = false;
  for (const char* path : {"/home/user-data/mail/dkim", "/home/user-data/mail/users.sqlite", "/home/user-data/ssl"}) {
    box.host.files.fail_on[std::string("read ") + path] = EACCES;
    box.host.files.fail_on[std::string("list ") + path] = EACCES;
    box.host.files.fail_on[std::string("info ") + path] = EACCES;
  }
  CHECK(box.run({"recipes", "list"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("dns"));
  CHECK_THAT(box.errors.str(), Contains("Only root can read this box's domains"));
  CHECK(box.run({"recipes", "show", "dns"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("/etc/zones/example.org.txt"));
}

// Who may manage a box and what they did: the audit log, second factors and tokens, by operations and commands.
#include <fstream>

#include "base/error.hpp"
#include "base/interruption.hpp"
#include "box/access/totp.hpp"
#include "operations/audit.hpp"
#include "operations/mfa.hpp"
#include "operations/stores.hpp"
#include "operations/tokens.hpp"
#include "operations/users.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/model_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

const char* const k_management = "/home/user-data/management";
const Secret k_totp_secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");

struct AccessBox : ModelBox {
  AccessBox() {
    host.put("/share/recipes/access.yaml",
             "recipe: access\nsummary: the key\nrequires: [directory]\nresources:\n"
             "  - directory: \"{{storage_root}}/management\"\n    mode: \"0700\"\n"
             "  - secret: \"{{storage_root}}/management/factors.key\"\n    irreplaceable: true\n");
    set_up();
  }

  Json log(Words options = {}) {
    Words words{"audit"};
    words.insert(words.end(), options.begin(), options.end());
    return run_json(words)["entries"];
  }
  Json last(const std::string& action) { return log({"--action", action}).at(0); }

  std::string code(int steps_later = 0) {
    return totp_code(k_totp_secret, totp_step_at(host.clock.now()) + steps_later);
  }
  std::int64_t enable(const std::string& label = "phone") {
    return enable_totp(box, "me@example.com", k_totp_secret, code(), label);
  }
  void damage_log() { host.put(std::string(k_management) + "/audit.sqlite", std::string(5000, 'x'), 0600); }
};

}  // namespace

TEST_CASE("audit: a first setup records itself and the first user", "[operations]") {
  AccessBox box;
  const Json entries = box.log();
  REQUIRE(entries.size() == 2);
  CHECK(entries[1]["action"] == "user add");
  CHECK(entries[1]["target"] == "me@example.com");
  CHECK(entries[0]["action"] == "setup");
  CHECK(entries[0]["account"] == "root");
  CHECK(entries[0]["by"] == "command line");
  CHECK(entries[0]["result"] == "done");
  CHECK(entries[0]["generation"] == 1);
  CHECK_THAT(entries[0]["after"].get<std::string>(), Contains("PRIMARY_HOSTNAME=box.example.com"));
  CHECK(box.host.info(k_management).mode == 0700);
  CHECK(box.host.info(std::string(k_management) + "/audit.sqlite").mode == 0600);
}

TEST_CASE("audit: setup records what it changes, and nothing if it changes nothing", "[operations]") {
  AccessBox box;
  box.console.variables = {{"PRIVATE_IP", "192.0.2.10"}};  // no routing table says it again
  const std::size_t before = box.log().size();
  CHECK(box.run({"setup", "--quiet"}) == ExitCode::ok);
  CHECK(box.log().size() == before);
  box.host.put("/etc/sites", "somebody was here");
  CHECK(box.run({"setup", "--quiet"}) == ExitCode::ok);
  CHECK(box.log().size() == before + 1);
  box.console.variables["PUBLIC_IP"] = "192.0.2.11";
  CHECK(box.run({"setup"}) == ExitCode::ok);
  const Json entry = box.last("setup");
  CHECK(entry["before"] == "PUBLIC_IP=192.0.2.10");
  CHECK(entry["after"] == "PUBLIC_IP=192.0.2.11");
  CHECK(box.run({"plan"}) == ExitCode::ok);
  CHECK(box.log().size() == before + 2);
}

TEST_CASE("audit: users and aliases, with old and new values and without passwords", "[operations]") {
  AccessBox box;
  box.console.variables["SUDO_USER"] = "anna";
  const std::string password = "a password of Anna's";
  CHECK(box.run({"user", "add", "anna@example.org", "--quota", "5G", "--admin"}, password + "\n") == ExitCode::ok);
  CHECK(box.last("user add")["account"] == "root");  // the actor of this process is known already
  CHECK(box.last("user add")["after"] == "admin, quota 5G");
  CHECK(box.last("user add")["generation"].is_number());
  CHECK(box.run({"user", "quota", "anna@example.org", "10g"}) == ExitCode::ok);
  CHECK(box.last("user quota")["before"] == "5G");
  CHECK(box.last("user quota")["after"] == "10G");
  CHECK(box.run({"user", "password", "anna@example.org"}, "another horse\n") == ExitCode::ok);
  CHECK(box.last("user password")["target"] == "anna@example.org");
  CHECK(box.run({"user", "remove-admin", "anna@example.org"}) == ExitCode::ok);
  CHECK(box.last("user remove-admin")["before"] == "admin");
  CHECK(box.run({"alias", "add", "x@example.org", "anna@example.org", "--sender", "me@example.com"}) == ExitCode::ok);
  CHECK(box.last("alias add")["after"] == "to anna@example.org; senders me@example.com");
  CHECK(box.run({"alias", "remove", "x@example.org"}) == ExitCode::ok);
  CHECK(box.last("alias remove")["before"] == "to anna@example.org; senders me@example.com");
  CHECK(box.run({"user", "remove", "anna@example.org"}) == ExitCode::ok);
  CHECK(box.last("user remove")["before"] == "quota 10G");
  const std::string file = box.host.content(std::string(k_management) + "/audit.sqlite");
  CHECK(file.find(password) == std::string::npos);
  CHECK(file.find("another horse") == std::string::npos);
}

TEST_CASE("audit: who comes with sudo is named", "[operations]") {
  AccessBox box;
  box.box.actor = {};
  box.console.variables["SUDO_USER"] = "anna";
  CHECK(box.run({"user", "quota", "me@example.com", "1G"}) == ExitCode::ok);
  CHECK(box.last("user quota")["account"] == "root (anna)");
  CHECK(box.log({"--account", "root"}).size() == 3);
  box.box.actor = {.account = "me@example.com", .by = "session", .from = "192.0.2.7", .job = "12"};
  set_quota(box.box, "me@example.com", "2G");
  const Json entry = box.last("user quota");
  CHECK(entry["account"] == "me@example.com");
  CHECK(entry["by"] == "session");
  CHECK(entry["from"] == "192.0.2.7");
  CHECK(entry["job"] == "12");
}

TEST_CASE("audit: a change that fails says why, one that is taken back, too", "[operations]") {
  AccessBox box;
  CHECK_THROWS(box.run({"user", "quota", "me@example.com", "5X"}));
  CHECK_THAT(box.last("user quota")["result"].get<std::string>(), StartsWith("failed: Invalid quota."));
  CHECK_THROWS(box.run({"user", "remove", "nobody@example.com"}));
  CHECK(box.last("user remove")["result"] == "failed: That's not a user (nobody@example.com).");
  box.host.files.fail_on["write /etc/zones/example.org.txt"] = EIO;
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::failed);
  CHECK_THAT(box.last("user add")["result"].get<std::string>(),
             StartsWith("done, but not in effect everywhere: file:"));
  box.host.files.fail_on = {{"write /etc/zones/example.com.txt", EIO}};
  CHECK(box.run({"dns", "set", "www.example.com", "A", "192.0.2.80"}) == ExitCode::failed);
  CHECK_THAT(box.last("dns set")["result"].get<std::string>(), StartsWith("failed: taken back"));
}

TEST_CASE("audit: records and sites", "[operations]") {
  AccessBox box;
  CHECK(box.run({"dns", "set", "www.example.com", "A", "192.0.2.80"}) == ExitCode::ok);
  CHECK(box.run({"dns", "set", "www.example.com", "A", "192.0.2.80"}) == ExitCode::ok);  // it was so already
  CHECK(box.log({"--action", "dns"}).size() == 1);
  CHECK(box.run({"dns", "add", "www.example.com", "A", "192.0.2.81"}) == ExitCode::ok);
  CHECK(box.last("dns add")["target"] == "www.example.com A");
  CHECK(box.last("dns add")["before"] == "192.0.2.80");
  CHECK(box.last("dns add")["after"] == "192.0.2.80, 192.0.2.81");
  CHECK(box.run({"dns", "remove", "www.example.com", "A"}) == ExitCode::ok);
  CHECK(box.last("dns remove")["after"] == "");
  CHECK(box.run({"dns", "secondary", "xfr:192.0.2.7"}) == ExitCode::ok);
  CHECK(box.last("dns secondary")["after"] == "xfr:192.0.2.7");
  CHECK(box.run({"web", "set", "example.com", "hsts", "no"}) == ExitCode::ok);
  CHECK(box.last("web set")["target"] == "example.com hsts");
  CHECK(box.last("web set")["after"] == "no");
  CHECK(box.run({"web", "remove", "example.com"}) == ExitCode::ok);
  CHECK_THAT(box.last("web remove")["before"].get<std::string>(), Contains("hsts: 'no'"));
}

TEST_CASE("audit: a publication by hand, if it changes anything", "[operations]") {
  AccessBox box;
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  const std::size_t before = box.log({"--action", "dns update"}).size();
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);  // nothing to do
  CHECK(box.log({"--action", "dns update"}).size() == before);
  box.host.put("/home/user-data/dns/custom.yaml", "www.example.com:\n  A: 192.0.2.80\n");  // with an editor
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  const Json entry = box.last("dns update");
  CHECK(entry["result"] == "done");
  CHECK(entry["generation"].is_number());
  box.damage_log();
  box.host.put("/home/user-data/dns/custom.yaml", "www.example.com:\n  A: 192.0.2.81\n");
  CHECK_THROWS_WITH(box.run({"dns", "update"}), StartsWith("The audit log, which has who changed what, cannot"));
}

TEST_CASE("audit: without a log that can be written nothing changes, but a box can be repaired", "[operations]") {
  AccessBox box;
  box.damage_log();
  const auto before = box.host.snapshot();
  for (const Words& words :
       {Words{"user", "quota", "me@example.com", "5G"}, Words{"alias", "add", "x@example.com", "me@example.com"},
        Words{"dns", "set", "www.example.com", "A", "192.0.2.80"}}) {
    CAPTURE(words);
    CHECK_THROWS_WITH(box.run(words), StartsWith("The audit log, which has who changed what, cannot be written: ") &&
                                          Contains("restore it from a backup") && Contains("Nothing was changed."));
  }
  CHECK(box.host.snapshot() == before);
  box.host.put("/etc/sites", "somebody was here");
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("Warning: The audit log"));
  CHECK(box.host.content("/etc/sites") != "somebody was here");
  CHECK(box.run({"rollback", "--yes"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("Warning: The audit log"));
}

TEST_CASE("audit: a folder that others can change is not trusted", "[operations]") {
  AccessBox box;
  box.host.erase(k_management);
  box.host.put_directory("/tmp/elsewhere", 0777);
  box.host.put_symlink(k_management, "/tmp/elsewhere");
  CHECK_THROWS_WITH(box.run({"user", "quota", "me@example.com", "5G"}), Contains("can be changed by others than root"));
}

TEST_CASE("audit: rollback and the end of its hold", "[operations]") {
  AccessBox box;
  box.host.put("/etc/sites", "somebody was here");
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK(box.run({"rollback", "--yes"}) == ExitCode::ok);
  CHECK(box.last("rollback")["target"] == "to before generation 2");
  CHECK(box.last("rollback")["generation"] == 3);
  CHECK(box.run({"rollback", "--release"}) == ExitCode::ok);
  CHECK(box.last("rollback --release")["result"] == "done");
}

TEST_CASE("audit: as people read it", "[cli]") {
  AccessBox box;
  set_quota(box.box, "me@example.com", "5G");
  box.box.actor = {.account = "evil\x1b[2J", .by = "session"};
  set_quota(box.box, "me@example.com", "6G");
  CHECK(box.run({"audit", "--action", "user quota"}) == ExitCode::ok);
  CHECK(box.output.str() ==
        "2026-11-23T08:00:00Z  evil?[2J  session       user quota  me@example.com  5G -> 6G\n"
        "2026-11-23T08:00:00Z  root      command line  user quota  me@example.com  0 -> 5G\n");
  CHECK(box.run({"audit", "--limit", "1"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("There are older ones"));
  CHECK(box.run_json({"audit", "--limit", "1"})["more"] == true);
  CHECK(box.run({"audit", "--target", "nosuch"}) == ExitCode::ok);
  CHECK(box.output.str() == "There is no such entry.\n");
  CHECK(box.log({"--since", "2026-11-23"}).size() == 4);
  CHECK(box.log({"--since", "1h", "--until", "2026-11-24T00:00:00Z"}).size() == 4);
  CHECK(box.log({"--until", "2026-11-23"}).empty());
  for (const Words& wrong : {Words{"--since", "yesterday"}, Words{"--since", "2026-02-31"}, Words{"--limit", "0"},
                             Words{"--limit", "x"}, Words{"--until", "7m"}}) {
    CAPTURE(wrong);
    Words words{"audit"};
    words.insert(words.end(), wrong.begin(), wrong.end());
    try {
      static_cast<void>(box.run(words));
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
    }
  }
}

TEST_CASE("mfa: a device is added with its code, listed, and removed", "[operations]") {
  AccessBox box;
  const ProposedTotp proposed = propose_totp(box.box, "me@example.com");
  CHECK(problem_with_totp_secret(proposed.secret).empty());
  CHECK_THAT(proposed.uri, Contains("me%40example.com?secret=" + proposed.secret.reveal()));
  CHECK_THROWS_MATCHES(enable_totp(box.box, "me@example.com", k_totp_secret, "000000", "phone"), Error,
                       Message("Invalid token."));
  CHECK_THROWS_MATCHES(enable_totp(box.box, "x@example.com", k_totp_secret, box.code(), "phone"), Error,
                       Message("User does not exist."));
  CHECK(box.run({"mfa", "list", "me@example.com"}) == ExitCode::ok);
  CHECK(box.output.str() == "me@example.com has no second factor: the password alone is enough to log in.\n");
  const std::int64_t id = box.enable();
  CHECK(box.last("mfa enable")["after"] == "totp phone");
  const Answers answers = read_answers(box.box);
  CHECK(open_second_factors(box.box, answers, Directory::Access::change).accept(1, box.code(), box.host.clock.now()));
  CHECK(box.run({"mfa", "list", "me@example.com"}) == ExitCode::ok);
  CHECK(box.output.str() ==
        "ID  TYPE  LABEL  LAST USED\n"
        "1   totp  phone  2026-11-23T08:00:00Z\n"
        "Recovery codes: none.\n");
  CHECK(box.run({"mfa", "disable", "me@example.com", std::to_string(id)}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("Removed: totp \"phone\".\n") && Contains("The password alone is now enough"));
  CHECK(box.last("mfa disable")["before"] == "1 totp phone");
  CHECK_THROWS_MATCHES(box.run({"mfa", "disable", "me@example.com"}), Error,
                       Message("me@example.com has no second factor."));
  CHECK_THROWS_MATCHES(disable_factors(box.box, "me@example.com", 9), Error, Message("Invalid user or MFA id."));
}

TEST_CASE("mfa: recovery codes are printed once and go with the last device", "[operations]") {
  AccessBox box;
  CHECK_THROWS_WITH(box.run({"mfa", "recovery-codes", "me@example.com"}), Contains("has no second factor"));
  box.enable();
  CHECK(box.run({"mfa", "recovery-codes", "me@example.com"}) == ExitCode::ok);
  const std::string printed = box.output.str();
  CHECK(std::count(printed.begin(), printed.end(), '\n') == 10);
  CHECK_THAT(box.errors.str(), Contains("shown only now"));
  const Answers answers = read_answers(box.box);
  CHECK(open_access_store(box.box, answers).use_recovery_code(1, printed.substr(0, 17), box.host.clock.now()));
  CHECK(box.run_json({"mfa", "list", "me@example.com"})["recovery_codes"]["left"] == 9);
  CHECK(box.host.content(std::string(k_management) + "/audit.sqlite").find(printed.substr(0, 17)) == std::string::npos);
  CHECK(box.run({"mfa", "disable", "me@example.com"}) == ExitCode::ok);
  CHECK(box.run_json({"mfa", "list", "me@example.com"})["recovery_codes"]["left"] == 0);
}

TEST_CASE("mfa: without the key nothing is added, and there is a way back in", "[operations]") {
  AccessBox box;
  box.enable();
  const std::string key = std::string(k_management) + "/factors.key";
  const std::string content = box.host.content(key);
  CHECK(content.size() == 65);
  box.host.put(key, content, 0640);
  CHECK_THROWS_WITH(box.enable(), Contains("has mode 0640") && Contains("chmod 600"));
  box.host.put(key, "x\n", 0600);
  CHECK_THROWS_WITH(box.enable(), Contains("expected 64 hexadecimal digits"));
  box.host.erase(key);
  CHECK_THROWS_WITH(box.enable(), Contains("is missing") && Contains("from your backup"));
  CHECK_THROWS_WITH(box.run({"setup"}), Contains("factors.key existed at the last run and is missing now"));
  CHECK(box.run({"mfa", "disable", "me@example.com"}) == ExitCode::ok);
  CHECK(box.run({"setup", "--replace-lost"}) == ExitCode::ok);
  CHECK(box.enable() == 2);
}

TEST_CASE("mfa: setup seals the secrets of a box of the original", "[operations]") {
  AccessBox box;
  const std::string path = box.host.real("/home/user-data/mail/users.sqlite");
  Database(path, Database::Access::read_write)
      .execute("INSERT INTO mfa (user_id, type, secret) VALUES (1, 'totp', '" + k_totp_secret.reveal() + "')");
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK(Database(path, Database::Access::read_only).content().find("sealed:1:") != std::string::npos);
  const Answers answers = read_answers(box.box);
  CHECK(open_second_factors(box.box, answers, Directory::Access::change).accept(1, box.code(), box.host.clock.now()));
}

TEST_CASE("tokens: made, listed, revoked", "[operations]") {
  AccessBox box;
  CHECK(box.run({"token", "list"}) == ExitCode::ok);
  CHECK(box.output.str() == "There are no tokens.\n");
  CHECK(box.run({"token", "create", "ci", "--user", "me@example.com", "--scope", "dns,acme:www.example.com",
                 "--expires", "2026-11-30"}) == ExitCode::ok);
  const std::string secret = box.output.str();
  CHECK(secret.size() == 5 + 43 + 1);
  CHECK(box.errors.str() ==
        "Token 1 of me@example.com for dns, acme:www.example.com, until 2026-12-01T00:00:00Z. The secret above is "
        "shown only now.\n");
  CHECK(box.last("token create")["after"] == "ci: dns, acme:www.example.com; until 2026-12-01T00:00:00Z");
  CHECK(box.host.content(std::string(k_management) + "/audit.sqlite").find(secret.substr(0, 48)) == std::string::npos);
  CHECK(box.run({"token", "create", "all", "--user", "me@example.com", "--scope", "admin"}) == ExitCode::ok);
  AccessStore store = open_access_store(box.box, read_answers(box.box));
  store.token_used(1, box.host.clock.now(), "192.0.2.7");
  CHECK(box.run({"token", "list"}) == ExitCode::ok);
  CHECK(box.output.str() ==
        "ID  NAME  USER            SCOPES                    EXPIRES               LAST USED\n"
        "1   ci    me@example.com  dns,acme:www.example.com  2026-12-01T00:00:00Z  2026-11-23T08:00:00Z 192.0.2.7\n"
        "2   all   me@example.com  admin                     never                 never\n");
  CHECK(box.run({"token", "revoke", "1"}) == ExitCode::ok);
  CHECK_FALSE(store.token(Secret(secret.substr(0, 48)), box.host.clock.now()));
  CHECK(box.last("token revoke")["before"] == "ci: dns, acme:www.example.com; until 2026-12-01T00:00:00Z");
  CHECK_THROWS_WITH(box.run({"token", "revoke", "1"}), Contains("There is no token with the number 1"));
}

TEST_CASE("tokens: what is wrong with a request is said, and no token is made", "[operations]") {
  AccessBox box;
  const auto create = [&](Words options) {
    Words words{"token", "create", "ci"};
    words.insert(words.end(), options.begin(), options.end());
    return box.run(words);
  };
  CHECK_THROWS_WITH(create({"--scope", "dns"}), Contains("--user is missing"));
  CHECK_THROWS_WITH(create({"--user", "me@example.com"}), StartsWith("A token needs a scope"));
  CHECK_THROWS_WITH(create({"--user", "me@example.com", "--scope", "root"}), Contains("is not a scope"));
  CHECK_THROWS_WITH(create({"--user", "x@example.com", "--scope", "dns"}), Contains("That's not a user"));
  CHECK_THROWS_WITH(create({"--user", "me@example.com", "--scope", "dns", "--expires", "soon"}),
                    Contains("is not a time for --expires"));
  CHECK_THROWS_WITH(create({"--user", "me@example.com", "--scope", "dns", "--expires", "2026-11-22"}),
                    Contains("would have expired already"));
  CHECK(list_tokens(box.box).empty());
}

TEST_CASE("access: a removed user's tokens, codes and sessions go, too", "[operations]") {
  AccessBox box;
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::ok);
  const std::int64_t anna = find_user(box.box, "anna@example.org")->id;
  const auto [token, secret] =
      create_token(box.box, {.name = "ci", .email = "anna@example.org", .scopes = {"read"}, .expires = {}});
  SessionStore sessions(open_sessions(box.box));
  sessions.create(anna, "state", "192.0.2.7", "Browser", false, box.host.clock.now());
  CHECK(box.run({"user", "remove", "anna@example.org"}) == ExitCode::ok);
  CHECK(sessions.list(anna, box.host.clock.now()).empty());
  CHECK(list_tokens(box.box).empty());
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::ok);
  CHECK(find_user(box.box, "anna@example.org")->id != anna);
}

TEST_CASE("audit: a change that a signal ends is not left open", "[operations]") {
  AccessBox box;
  const Answers answers = read_answers(box.box);
  const auto interrupted = [&] { audited(box.box, answers, {.action = "dns set"}, [] { throw Interrupted{}; }); };
  CHECK_THROWS_AS(interrupted(), Interrupted);
  CHECK(box.last("dns set")["result"] == "failed: it was ended in the middle");
}

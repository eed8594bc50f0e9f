// Operations under one lock: what is stored, what is published, what a cut-off or partial run leaves.
#include "operations/dns/records.hpp"
#include "operations/load_box.hpp"
#include "operations/users.hpp"
#include "os/lock.hpp"
#include "support/catch.hpp"
#include "support/model_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const char* const k_new_zone = "/etc/zones/example.org.txt";

std::size_t user_count(ModelBox& box) { return users(box.box).size(); }

NewUser anna() { return {.email = "anna@example.org", .password = Secret("correct horse")}; }

}  // namespace

TEST_CASE("operations: while another run holds the lock, a user is not added", "[operations]") {
  ModelBox box;
  box.set_up();
  MachineLock other(box.box.lock_file);
  REQUIRE(other.try_acquire("mailinabox setup", box.host.clock));
  try {
    static_cast<void>(box.run({"user", "add", "anna@example.org", "--no-wait"}, "correct horse\n"));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::locked);
    CHECK_THAT(error.what(), Contains("mailinabox setup"));
  }
  CHECK(user_count(box) == 1);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"user", "remove", "me@example.com"},
                                                {"alias", "add", "x@example.com", "me@example.com"},
                                                {"alias", "remove", "x@example.com"},
                                                {"dns", "set", "www.example.com", "A", "192.0.2.1"},
                                                {"dns", "update"}}) {
    std::vector<std::string> no_wait = words;
    no_wait.emplace_back("--no-wait");
    CAPTURE(words);
    CHECK_THROWS_WITH(box.run(no_wait), Contains("Another run is under way"));
  }
  CHECK_FALSE(box.host.exists(k_custom));
}

TEST_CASE("operations: it waits for the other run, says for whom, and goes on", "[operations]") {
  ModelBox box;
  box.set_up();
  MachineLock other(box.box.lock_file);
  REQUIRE(other.try_acquire("mailinabox setup", box.host.clock));
  std::string holder;
  const DirectoryChange change = add_user(box.box, anna(), {.command = "user add", .on_wait = [&](const auto& who) {
                                                              holder = who;
                                                              CHECK(user_count(box) == 1);
                                                              other.release();
                                                            }});
  CHECK_THAT(holder, Contains("mailinabox setup"));
  CHECK(change.publication.code == ExitCode::ok);
  CHECK(box.host.exists(k_new_zone));
  CHECK(other.try_acquire("mailinabox setup", box.host.clock));  // the operation has let go of it
}

TEST_CASE("operations: a refused setup leaves the answers of the last one", "[operations]") {
  ModelBox box;
  box.set_up();
  const auto before = box.host.snapshot();
  box.console.variables = {{"NONINTERACTIVE", "1"}, {"STORAGE_ROOT", "/srv/mail"}};
  box.host.put_directory("/srv");
  CHECK_THROWS_WITH(box.run({"setup"}),
                    Contains("database:/srv/mail/mail/users.sqlite does not exist; at the last run") &&
                        Contains("Nothing has been changed."));
  box.host.erase("/srv");
  CHECK(box.host.snapshot() == before);
  CHECK(users(box.box).size() == 1);
}

TEST_CASE("operations: what cannot be published is stored, and the next run publishes it", "[operations]") {
  ModelBox box;
  box.set_up();
  box.host.put("/local/broken.yaml", "recipe: broken\nsummary: x\nresources:\n  - file: \"{{no_such_name}}\"\n");
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::failed);
  CHECK(box.output.str() == "mail user added\n");
  CHECK_THAT(box.errors.str(), Contains("The change is stored, and stays.") && Contains("DNS zones") &&
                                   Contains("broken.yaml:4") && Contains("`sudo mailinabox`"));
  CHECK(user_count(box) == 2);
  box.host.erase("/local/broken.yaml");
  box.host.files.fail_on["write /etc/zones/example.org.txt"] = 5;
  CHECK(box.run({"alias", "add", "x@example.org", "me@example.com"}) != ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("do not follow it yet") && Contains(k_new_zone));
  box.host.files.fail_on.clear();
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK(box.host.exists(k_new_zone));
}

TEST_CASE("operations: killed between the row and the converge, the next run publishes", "[operations]") {
  ModelBox box;
  box.set_up();
  {
    Directory directory(box.host.real("/home/user-data/mail/users.sqlite"), "box.example.com",
                        Directory::Access::change);
    static_cast<void>(directory.add_user("anna@example.org", Secret("correct horse")));
  }
  CHECK(box.run({"alias", "add", "x@example.com", "me@example.com"}) == ExitCode::ok);
  CHECK(box.host.exists(k_new_zone));
}

TEST_CASE("operations: one setup is one generation, whatever its passes", "[operations]") {
  ModelBox box;
  box.set_up();
  const auto history = box.run_json({"history"})["generations"];
  REQUIRE(history.size() == 1);
  CHECK(history[0]["command"] == "setup");
  CHECK(history[0]["result"] == "ok");
  CHECK(box.host.exists("/etc/zones/example.com.txt"));
}

TEST_CASE("operations: a part of the recipes does not make a box", "[operations]") {
  ModelBox box;
  CHECK(box.run({"setup", "--only", "directory"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), !Contains("is running") && Contains("Set up so far: directory.\nNot yet: dns, web.\n") &&
                                   Contains("sudo mailinabox"));
  CHECK_FALSE(is_set_up(box.box));
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::ok);
  CHECK(box.output.str() == "mail user added\n");
  CHECK_THAT(box.errors.str(), Contains("takes effect with `sudo mailinabox setup`") &&
                                   Contains("Set up so far: directory.\nNot yet: dns, web.\n"));
  CHECK_FALSE(box.host.exists(k_new_zone));
  CHECK(box.run({"alias", "add", "x@example.org", "anna@example.org"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("takes effect with"));
  CHECK(box.run({"dns", "set", "www.example.org", "A", "192.0.2.80"}) == ExitCode::ok);
  CHECK_THAT(box.output.str() + box.errors.str(), Contains("kept\n") && Contains("takes effect with"));
  CHECK_FALSE(box.host.exists("/etc/zones"));
  CHECK(box.run_json({"user", "remove", "anna@example.org"})["published"] == false);
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::ok);
  CHECK_THROWS_WITH(box.run({"dns", "update"}), Contains("has not been set up yet"));
  const auto more = box.run_json({"setup", "--only", "web"});
  CHECK(more["set_up"] == false);
  CHECK(more["parts"] == std::vector<std::string>{"directory", "web"});
  CHECK(more["missing"] == std::vector<std::string>{"dns"});
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("Your Mail-in-a-Box is running."));
  CHECK(is_set_up(box.box));
  CHECK(parts_set_up(box.box).empty());
  CHECK(box.host.exists(k_new_zone));
  CHECK(box.run({"setup", "--only", "web"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("Your Mail-in-a-Box is running."));
}

TEST_CASE("operations: a run that fails does not make a box", "[operations]") {
  ModelBox box;
  box.host.files.fail_on["write /etc/sites"] = 5;
  CHECK(box.run({"setup"}) == ExitCode::failed);
  CHECK_FALSE(is_set_up(box.box));
}

TEST_CASE("operations: only setup reads the variables of the process", "[operations]") {
  ModelBox box;
  box.set_up();
  box.console.variables = {{"PRIMARY_HOSTNAME", "other.example.net"}, {"PUBLIC_IP", "192.0.2.99"}};
  CHECK(box.run({"plan"}) == ExitCode::ok);
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::ok);
  CHECK_THAT(box.host.content(k_new_zone), Contains("192.0.2.10") && !Contains("192.0.2.99"));
}

TEST_CASE("operations: a given loopback address is the plan's, too", "[operations]") {
  ModelBox box;
  box.console.variables["PUBLIC_IP"] = "127.0.0.1";
  box.host.put("/proc/net/route", "Iface\tDestination\tGateway\n");
  box.set_up();
  CHECK_THAT(box.host.content("/etc/mailinabox.conf"), Contains("PUBLIC_IP=127.0.0.1\n"));
  CHECK(box.run({"plan"}) == ExitCode::ok);
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(),
             Contains("all 7 resources are up to date"));  // the given PRIVATE_IP is not the machine's
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("Nothing to "));
}

TEST_CASE("operations: a run asks about each secondary name server once", "[operations]") {
  ModelBox box;
  box.set_up();
  box.dns.put("192.0.2.53", "ns2.example.net", DnsType::a, {"192.0.2.7"});
  REQUIRE(box.run({"dns", "secondary", "ns2.example.net"}) == ExitCode::ok);
  box.host.put("/home/user-data/mail/dkim/second.txt", "second._domainkey IN TXT ( \"v=DKIM1; k=rsa; p=QUJD\" )");
  box.dns.asked.clear();
  CHECK(box.run({"setup"}) == ExitCode::ok);  // something changes, so that the models are gathered again
  CHECK(std::count(box.dns.asked.begin(), box.dns.asked.end(), "192.0.2.53 ns2.example.net") == 2);  // A and AAAA
}

#include <catch2/catch.hpp>

#include "cli/context.hpp"
#include "cli/resolver.hpp"
#include "cli/setup/decide.hpp"
#include "support/command_line.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using Catch::Matchers::Contains;

namespace {

const ValueMap k_facts = {
    {"private_ip", "198.51.100.11"}, {"private_ipv6", ""}, {"name_servers", ValueList{"192.0.2.53"}}};
const DecideOptions k_silent{.may_ask = false, .first_user = true};
const DecideOptions k_asking{.may_ask = true, .first_user = true};

}  // namespace

TEST_CASE("decide: without a terminal everything has a default", "[answers]") {
  TestCommandLine line;
  line.host.machine.name = "3f2a9c41d0b7";
  const Decision decision = decide(line.environment, Answers(), k_facts, k_silent);
  CHECK(decision.answers.render() ==
        "STORAGE_USER=user-data\nSTORAGE_ROOT=/home/user-data\nPRIMARY_HOSTNAME=box.local.test\n"
        "PUBLIC_IP=198.51.100.11\nPUBLIC_IPV6=\nPRIVATE_IP=198.51.100.11\nPRIVATE_IPV6=\nMTA_STS_MODE=enforce\n");
  REQUIRE(decision.first_user);
  CHECK(decision.first_user->email == "me@box.local.test");
  CHECK(decision.first_user->generated);
  CHECK(decision.first_user->password.reveal().size() == 16);
  CHECK(decision.time_zone == "Etc/UTC");
  CHECK_FALSE(decision.asked);
  CHECK(line.person.prompts.empty());

  const Decision offline = decide(line.environment, Answers(), {}, k_silent);
  CHECK(offline.answers.get("PUBLIC_IP") == "127.0.0.1");
}

TEST_CASE("decide: environment before file before default, and the file is kept", "[answers]") {
  TestCommandLine line;
  line.environment.variables = {{"PRIMARY_HOSTNAME", " Box.MÜLLER.example. "},
                                {"PUBLIC_IP", "auto"},
                                {"EMAIL_ADDR", "Me@Example.com"},
                                {"EMAIL_PW", "eight888"},
                                {"MTA_STS_MODE", "testing"},
                                {"DISABLE_FIREWALL", "1"},
                                {"TIME_ZONE", "Europe/Berlin"}};
  const Answers stored =
      Answers::parse("PRIMARY_HOSTNAME=old.example.com\nSTORAGE_ROOT=/srv/box\nMINE=1\nPUBLIC_IP=192.0.2.1\n");
  const Decision decision = decide(line.environment, stored, k_facts, k_silent);
  CHECK(decision.answers.get("PRIMARY_HOSTNAME") == "box.xn--mller-kva.example");
  CHECK(decision.answers.get("STORAGE_ROOT") == "/srv/box");
  CHECK(decision.answers.get("PUBLIC_IP") == "192.0.2.1");
  CHECK(decision.answers.get("MTA_STS_MODE") == "testing");
  CHECK(decision.answers.get("MINE") == "1");
  CHECK(decision.answers.get("DISABLE_FIREWALL") == "1");
  CHECK(decision.time_zone == "Europe/Berlin");
  CHECK(decision.first_user->email == "me@example.com");
  CHECK_FALSE(decision.first_user->generated);
}

TEST_CASE("decide: everything that is wrong is said at once", "[answers]") {
  TestCommandLine line;
  line.environment.variables = {
      {"PRIMARY_HOSTNAME", "a b"},       {"PUBLIC_IP", "1.2.3.400"}, {"PUBLIC_IPV6", "x"},
      {"EMAIL_ADDR", "nobody"},          {"EMAIL_PW", "short"},      {"TIME_ZONE", "/etc/passwd"},
      {"STORAGE_ROOT", "relative/path"}, {"MTA_STS_MODE", "maybe"},  {"DNS_FORWARDERS", "192.0.2.1,x"}};
  // Users cannot be looked for where the root is wrong; so the account's problems need a good one.
  std::string message;
  try {
    decide(line.environment, Answers(), k_facts, k_silent);
  } catch (const Error& error) {
    message = error.what();
    CHECK(error.code() == ExitCode::missing_answers);
  }
  for (const char* key : {"PRIMARY_HOSTNAME", "PUBLIC_IP", "PUBLIC_IPV6", "TIME_ZONE", "STORAGE_ROOT", "MTA_STS_MODE",
                          "DNS_FORWARDERS"}) {
    CHECK_THAT(message, Contains(key + std::string(": ")));
  }
  line.environment.variables.erase("STORAGE_ROOT");
  CHECK_THROWS_WITH(decide(line.environment, Answers(), k_facts, k_silent),
                    Contains("EMAIL_ADDR: ") && Contains("EMAIL_PW: ") && !Contains("short "));
}

TEST_CASE("decide: a person is asked, and asked again after a wrong answer", "[answers]") {
  TestCommandLine line;
  line.host.machine.name = "fresh";
  line.person.here = true;
  line.person.types = {
      "not an address", "you@example.net", "192.0.2.5",      "",          "1.2.3",        "", "short", "seven bicycles",
      "other",          "seven bicycles",  "seven bicycles", "../Vienna", "Europe/Vienna"};
  const Decision decision = decide(line.environment, Answers(), k_facts, k_asking);
  CHECK(decision.asked);
  CHECK(decision.answers.get("PRIMARY_HOSTNAME") == "box.example.net");
  CHECK(decision.answers.get("PUBLIC_IP") == "198.51.100.11");
  CHECK(decision.first_user->email == "you@example.net");
  CHECK(decision.first_user->password.reveal() == "seven bicycles");
  CHECK_FALSE(decision.first_user->generated);
  CHECK(decision.time_zone == "Europe/Vienna");
  CHECK(line.person.types.empty());
  CHECK_THAT(line.person.heard, Contains("[box.example.net]") && Contains("Welcome to Mail-in-a-Box"));
  CHECK_THAT(describe(decision), Contains("you@example.net") && !Contains("seven bicycles"));
}

TEST_CASE("decide: what is stored is not asked, and Ctrl-D cancels", "[answers]") {
  TestCommandLine line;
  line.person.here = true;
  const Answers stored = decide(line.environment, Answers(), k_facts, k_silent).answers;
  const Decision again = decide(line.environment, stored, k_facts, {.may_ask = true});
  CHECK(line.person.prompts.empty());
  CHECK_FALSE(again.asked);
  CHECK(again.answers.render() == stored.render());
  CHECK_THROWS_WITH(decide(line.environment, Answers(), k_facts, k_asking), Contains("cancelled"));
}

TEST_CASE("decide: the machine's own name", "[answers]") {
  TestCommandLine line;
  const View view = line.environment.view();
  line.host.machine.name = "Mail.Example.COM";
  CHECK(full_machine_name(view) == "mail.example.com");
  line.host.machine.name = "mail";
  CHECK(full_machine_name(view).empty());
  line.host.put("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1\tmail.example.org mail # ours\n::1 ip6-localhost\n");
  CHECK(full_machine_name(view) == "mail.example.org");
  line.host.machine.name = "localhost.localdomain";
  CHECK(full_machine_name(view).empty());
}

TEST_CASE("resolver: tried once, and again only while nothing answered", "[answers]") {
  TestCommandLine line;
  Answers answers;
  CHECK(settle_resolver(line.environment, answers, k_facts));
  CHECK(answers.get("DNS_FORWARDERS") == "unknown");
  CHECK_FALSE(make_context(answers, {}, "").find("dns_usable")->as_bool());
  line.findings = {.way = ResolverFindings::Way::forward, .forwarders = {"192.0.2.53", "192.0.2.54"}};
  CHECK(settle_resolver(line.environment, answers, k_facts));
  CHECK(answers.get("DNS_FORWARDERS") == "192.0.2.53,192.0.2.54");
  CHECK(answers.get("DNS_VALIDATION") == "no");
  const Value context = make_context(answers, {}, "");
  CHECK(context.find("dns_usable")->as_bool());
  CHECK(context.find("dns_forwarders")->as_list().size() == 2);
  CHECK_FALSE(context.find("dns_validation")->as_bool());
  CHECK_FALSE(settle_resolver(line.environment, answers, k_facts));
  CHECK(line.probes == 2);

  Answers direct;
  line.findings = {.way = ResolverFindings::Way::direct, .validation = true};
  CHECK(settle_resolver(line.environment, direct, k_facts));
  CHECK(direct.get("DNS_FORWARDERS").empty());
  CHECK_FALSE(settle_resolver(line.environment, direct, k_facts));  // an empty answer is one
  CHECK(make_context(direct, {}, "").find("dns_validation")->as_bool());
}

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/setup/questions.hpp"
#include "operations/answers/answer_sheet.hpp"
#include "operations/answers/resolver.hpp"
#include "operations/context.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const ValueMap k_facts = {
    {"private_ip", "198.51.100.11"}, {"private_ipv6", ""}, {"name_servers", ValueList{"192.0.2.53"}}};

CompleteAnswers decide(TestCommandLine& line, const std::string& stored, const GivenAnswers& given = {},
                       const ValueMap& facts = k_facts) {
  line.host.put("/etc/mailinabox.conf", stored);
  return AnswerSheet(line.box, facts, {.given = given, .first_user = true}).complete();
}

struct Asked {
  CompleteAnswers complete{};
  bool anything = false;
};

Asked ask(TestCommandLine& line, const std::string& stored) {
  line.host.put("/etc/mailinabox.conf", stored);
  AnswerSheet sheet(line.box, k_facts, {.first_user = true});
  Asked result;
  result.anything = ask_answers(line.person, sheet);
  result.complete = sheet.complete();
  return result;
}

}  // namespace

TEST_CASE("decide: without a terminal everything has a default", "[answers]") {
  TestCommandLine line;
  line.host.machine.name = "3f2a9c41d0b7";
  const CompleteAnswers decision = decide(line, "");
  CHECK(decision.answers.render() ==
        "STORAGE_USER=user-data\nSTORAGE_ROOT=/home/user-data\nPRIMARY_HOSTNAME=box.local.test\n"
        "PUBLIC_IP=198.51.100.11\nPUBLIC_IPV6=\nPRIVATE_IP=198.51.100.11\nPRIVATE_IPV6=\nMTA_STS_MODE=enforce\n");
  REQUIRE(decision.first_user);
  CHECK(decision.first_user->email == "me@box.local.test");
  CHECK(decision.first_user->generated);
  CHECK(decision.first_user->password.reveal().size() == 16);
  CHECK(decision.time_zone == "Etc/UTC");
  CHECK_FALSE(decision.address_assumed);

  const CompleteAnswers offline = decide(line, "", {}, {});
  CHECK(offline.answers.get("PUBLIC_IP") == "127.0.0.1");
  CHECK(offline.address_assumed);
}

TEST_CASE("decide: environment before file before default, and the file is kept", "[answers]") {
  TestCommandLine line;
  const GivenAnswers given = {{"PRIMARY_HOSTNAME", " Box.MÜLLER.example. "},
                              {"PUBLIC_IP", "auto"},
                              {"EMAIL_ADDR", "Me@Example.com"},
                              {"EMAIL_PW", "eight888"},
                              {"MTA_STS_MODE", "testing"},
                              {"DISABLE_FIREWALL", "1"},
                              {"TIME_ZONE", "Europe/Berlin"}};
  const CompleteAnswers decision =
      decide(line, "PRIMARY_HOSTNAME=old.example.com\nSTORAGE_ROOT=/srv/box\nMINE=1\nPUBLIC_IP=192.0.2.1\n", given);
  CHECK(decision.answers.get("PRIMARY_HOSTNAME") == "box.xn--mller-kva.example");
  CHECK(decision.answers.get("STORAGE_ROOT") == "/srv/box");
  CHECK(decision.answers.get("PUBLIC_IP") == "198.51.100.11");
  CHECK(decision.answers.get("MTA_STS_MODE") == "testing");
  CHECK(decision.answers.get("MINE") == "1");
  CHECK(decision.answers.get("DISABLE_FIREWALL") == "1");
  CHECK(decision.time_zone == "Europe/Berlin");
  CHECK(decision.first_user->email == "me@example.com");
  CHECK_FALSE(decision.first_user->generated);
}

TEST_CASE("decide: everything that is wrong is said at once", "[answers]") {
  TestCommandLine line;
  GivenAnswers given = {
      {"PRIMARY_HOSTNAME", "a b"},       {"PUBLIC_IP", "1.2.3.400"}, {"PUBLIC_IPV6", "x"},
      {"EMAIL_ADDR", "nobody"},          {"EMAIL_PW", "short"},      {"TIME_ZONE", "/etc/passwd"},
      {"STORAGE_ROOT", "relative/path"}, {"MTA_STS_MODE", "maybe"},  {"DNS_FORWARDERS", "192.0.2.1,x"}};
  // Users cannot be looked for where the root is wrong; so the account's problems need a good one.
  std::string message;
  try {
    decide(line, "", given);
  } catch (const Error& error) {
    message = error.what();
    CHECK(error.code() == ExitCode::missing_answers);
  }
  for (const char* key : {"PRIMARY_HOSTNAME", "PUBLIC_IP", "PUBLIC_IPV6", "TIME_ZONE", "STORAGE_ROOT", "MTA_STS_MODE",
                          "DNS_FORWARDERS"}) {
    CHECK_THAT(message, Contains(key + std::string(": ")));
  }
  given.erase("STORAGE_ROOT");
  CHECK_THROWS_WITH(decide(line, "", given), Contains("EMAIL_ADDR: ") && Contains("EMAIL_PW: ") && !Contains("short "));
}

TEST_CASE("decide: a person is asked, and asked again after a wrong answer", "[answers]") {
  TestCommandLine line;
  line.host.machine.name = "fresh";
  line.person.here = true;
  line.person.types = {
      "not an address", "you@example.net", "192.0.2.5",      "",          "1.2.3",        "", "short", "seven bicycles",
      "other",          "seven bicycles",  "seven bicycles", "../Vienna", "Europe/Vienna"};
  const auto [decision, anything] = ask(line, "");
  CHECK(anything);
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
  const std::string stored = decide(line, "").answers.render();
  CHECK_THROWS_WITH(ask(line, stored), Contains("cancelled"));  // there is no user yet
  CHECK(line.person.prompts.size() == 1);
  line.person.prompts.clear();
  AnswerSheet again(line.box, k_facts, {});
  CHECK_FALSE(ask_answers(line.person, again));
  CHECK(line.person.prompts.empty());
  CHECK(again.complete().answers.render() == stored);
  CHECK_THROWS_WITH(ask(line, ""), Contains("cancelled"));
}

TEST_CASE("decide: an address that was given is kept, loopback or not", "[answers]") {
  TestCommandLine line;
  const CompleteAnswers given = decide(line, "", {{"PUBLIC_IP", "127.0.0.1"}});
  CHECK(given.answers.get("PUBLIC_IP") == "127.0.0.1");
  CHECK_FALSE(given.address_assumed);
  CHECK(decide(line, given.answers.render()).answers.get("PUBLIC_IP") == "127.0.0.1");
  // One that was only assumed is not: the file says so by holding none.
  CHECK(decide(line, "PUBLIC_IP=\n").answers.get("PUBLIC_IP") == "198.51.100.11");
}

namespace {

// Facts of a machine that has these addresses, the first of each family towards the Internet.
ValueMap at(const ValueList& addresses) {
  ValueMap facts = {{"private_ip", ""}, {"private_ipv6", ""}, {"own_addresses", addresses}};
  for (auto address = addresses.rbegin(); address != addresses.rend(); ++address) {
    facts[address->text().find(':') == std::string::npos ? "private_ip" : "private_ipv6"] = *address;
  }
  return facts;
}

const std::string k_named = "PRIMARY_HOSTNAME=box.example.com\n";

}  // namespace

TEST_CASE("decide: a public address that was the machine's own moves with it", "[answers]") {
  TestCommandLine line;
  const std::string before = k_named +
                             "PUBLIC_IP=192.0.2.11\nPUBLIC_IPV6=2001:db8::11\nPRIVATE_IP=192.0.2.11\n"
                             "PRIVATE_IPV6=2001:db8::11\n";
  const CompleteAnswers moved = decide(line, before, {}, at({"192.0.2.21", "2001:db8::21"}));
  for (const char* key : {"PUBLIC_IP", "PRIVATE_IP"}) CHECK(moved.answers.get(key) == "192.0.2.21");
  for (const char* key : {"PUBLIC_IPV6", "PRIVATE_IPV6"}) CHECK(moved.answers.get(key) == "2001:db8::21");
  REQUIRE(moved.warnings.size() == 2);
  CHECK_THAT(moved.warnings[0], Contains("is now 192.0.2.21, before 192.0.2.11") && Contains("registrar"));
  CHECK_THAT(moved.warnings[1], Contains("IPv6 address is now 2001:db8::21, before 2001:db8::11"));
  CHECK(decide(line, moved.answers.render(), {}, at({"192.0.2.21", "2001:db8::21"})).warnings.empty());

  const auto public_ip = [&](const std::string& stored, const ValueList& addresses) {
    return decide(line, k_named + stored, {}, at(addresses)).answers.get("PUBLIC_IP");
  };
  const std::string own = "PUBLIC_IP=192.0.2.11\nPRIVATE_IP=192.0.2.11\n";
  CHECK(public_ip(own, {}) == "192.0.2.11");                            // no network
  CHECK(public_ip(own, {"192.0.2.21", "192.0.2.11"}) == "192.0.2.11");  // a second address
  CHECK(public_ip(own, {"10.8.0.2"}) == "192.0.2.11");                  // a tunnel, a router
  CHECK(public_ip("PUBLIC_IP=10.0.0.1\nPRIVATE_IP=10.0.0.1\n", {"10.0.0.2"}) == "10.0.0.2");
  CHECK(public_ip("PUBLIC_IP=192.0.2.11\nPRIVATE_IP=10.0.0.1\n", {"10.0.0.2"}) == "192.0.2.11");
  CHECK(public_ip("PUBLIC_IP=192.0.2.11\n", {"192.0.2.21"}) == "192.0.2.11");  // of an older version: not known
}

TEST_CASE("decide: a public address that is another than the machine's is compared", "[answers]") {
  TestCommandLine line;
  const auto warning = [&](const std::string& stored, const std::string& address, const GivenAnswers& given = {}) {
    const auto warnings = decide(line, k_named + stored, given, at({address})).warnings;
    return warnings.empty() ? std::string() : warnings.front();
  };
  const std::string behind_router = "PUBLIC_IP=192.0.2.11\nPRIVATE_IP=10.0.0.1\n";
  CHECK(warning(behind_router, "10.0.0.1").empty());
  CHECK_THAT(warning(behind_router, "10.0.0.2"),
             Contains("is now 10.0.0.2, before 10.0.0.1") && Contains("stays 192.0.2.11"));
  CHECK(warning(behind_router, "10.0.0.2", {{"PUBLIC_IP", "192.0.2.11"}}).empty());
  CHECK_THAT(warning("PUBLIC_IP=192.0.2.11\nPRIVATE_IP=192.0.2.21\n", "192.0.2.21"),
             Contains("has the public address 192.0.2.21") && Contains("PUBLIC_IP=auto"));
  CHECK(warning("", "192.0.2.21").empty());
}

TEST_CASE("decide: auto behind a router keeps the public address that is known", "[answers]") {
  TestCommandLine line;
  const std::string stored = k_named + "PUBLIC_IP=192.0.2.11\nPRIVATE_IP=10.0.0.1\n";
  const GivenAnswers given = {{"PUBLIC_IP", "auto"}};
  const CompleteAnswers behind_router = decide(line, stored, given, at({"10.0.0.1"}));
  CHECK(behind_router.answers.get("PUBLIC_IP") == "192.0.2.11");
  REQUIRE(behind_router.warnings.size() == 1);
  CHECK_THAT(behind_router.warnings[0], Contains("10.0.0.1 is not public") && Contains("keeps the public address"));
  CHECK(decide(line, stored, given, at({"2001:db8::11"})).answers.get("PUBLIC_IP") == "192.0.2.11");
  CHECK(decide(line, stored, given, at({"192.0.2.21"})).answers.get("PUBLIC_IP") == "192.0.2.21");
  CHECK(decide(line, k_named + "PUBLIC_IP=10.0.0.1\n", given, at({"10.0.0.2"})).answers.get("PUBLIC_IP") == "10.0.0.2");
}

TEST_CASE("decide: auto finds again, and an empty value unsets", "[answers]") {
  TestCommandLine line;
  const std::string stored = k_named +
                             "PUBLIC_IP=192.0.2.99\nPUBLIC_IPV6=2001:db8::99\nPRIVATE_IP=192.0.2.11\n"
                             "PRIVATE_IPV6=2001:db8::11\nMTA_STS_MODE=testing\nDISABLE_FIREWALL=1\n"
                             "DNS_FORWARDERS=192.0.2.53\nDNS_VALIDATION=yes\n";
  const ValueMap here = at({"192.0.2.11", "2001:db8::11"});
  const auto after = [&](const GivenAnswers& given, const ValueMap& facts) {
    return decide(line, stored, given, facts).answers;
  };
  GivenAnswers all_auto;
  GivenAnswers all_empty;
  for (const char* key :
       {"PUBLIC_IP", "PUBLIC_IPV6", "MTA_STS_MODE", "DISABLE_FIREWALL", "DNS_FORWARDERS", "DNS_VALIDATION"}) {
    all_auto[key] = "auto";
    all_empty[key] = "";
  }
  const Answers found = after(all_auto, here);
  CHECK(found.get("PUBLIC_IP") == "192.0.2.11");
  CHECK(found.get("PUBLIC_IPV6") == "2001:db8::11");
  CHECK(found.get("MTA_STS_MODE") == "enforce");
  for (const char* key : {"DISABLE_FIREWALL", "DNS_FORWARDERS", "DNS_VALIDATION"}) CHECK_FALSE(found.find(key));
  CHECK(after(all_auto, at({})).get("PUBLIC_IP") == "192.0.2.99");  // nothing can be found without a network
  CHECK(after(all_auto, at({"192.0.2.11"})).get("PUBLIC_IPV6").empty());

  const Answers emptied = after(all_empty, here);
  CHECK(emptied.get("PUBLIC_IP") == "192.0.2.99");  // a box must have these two
  CHECK(emptied.get("MTA_STS_MODE") == "testing");
  CHECK(emptied.get("PUBLIC_IPV6").empty());
  CHECK(emptied.find("DNS_FORWARDERS") == "");  // none: the root servers are asked
  for (const char* key : {"DISABLE_FIREWALL", "DNS_VALIDATION"}) CHECK_FALSE(emptied.find(key));
  // It stays so, though the machine has an address.
  CHECK(decide(line, emptied.render(), {}, here).answers.get("PUBLIC_IPV6").empty());
  CHECK(decide(line, emptied.render(), {{"PUBLIC_IPV6", "auto"}}, here).answers.get("PUBLIC_IPV6") == "2001:db8::11");
  // A machine that had none and gets one uses it.
  CHECK(decide(line, k_named + "PUBLIC_IPV6=\nPRIVATE_IPV6=\n", {}, here).answers.get("PUBLIC_IPV6") == "2001:db8::11");
}

namespace {

ValueMap with_ssh(const ValueList& keys, const ValueList& passwords) {
  ValueMap facts = k_facts;
  facts["ssh_passwords"] = true;
  facts["ssh_key_accounts"] = keys;
  facts["ssh_password_accounts"] = passwords;
  facts["ssh_drop_ins"] = Value(true);
  return facts;
}

}  // namespace

TEST_CASE("decide: SSH refuses passwords only if that is the answer and nobody is locked out", "[answers]") {
  TestCommandLine line;
  const auto decided = [&](const GivenAnswers& given, const ValueMap& facts, const std::string& stored = "") {
    CompleteAnswers complete = decide(line, stored, given, facts);
    const bool refuses = ssh_keys_only(complete.answers, facts);
    CHECK(make_context(complete.answers, facts, "Etc/UTC").find("ssh_keys_only")->truthy() == refuses);
    return std::pair(refuses, joined(complete.warnings, " "));
  };
  const ValueMap key = with_ssh({"root"}, {});
  CHECK_FALSE(decided({}, key).first);  // nobody has said so
  CHECK(decided({{"SSH_PASSWORDS", "No"}}, key) == std::pair(true, std::string()));
  CHECK(decided({}, key, "SSH_PASSWORDS=no\n").first);
  CHECK_FALSE(decided({{"SSH_PASSWORDS", "auto"}}, key, "SSH_PASSWORDS=no\n").first);
  CHECK_FALSE(decided({{"SSH_PASSWORDS", ""}}, key, "SSH_PASSWORDS=no\n").first);
  ValueMap no_drop_ins = key;
  no_drop_ins["ssh_drop_ins"] = Value(false);
  const auto [refused_there, no_file] = decided({{"SSH_PASSWORDS", "no"}}, no_drop_ins);
  CHECK_FALSE(refused_there);
  CHECK_THAT(no_file, Contains("sshd reads no file of the box's"));
  ValueMap insists = key;
  insists["ssh_passwords_insisted"] = Value(true);
  CHECK_THAT(decided({{"SSH_PASSWORDS", "no"}}, insists).second,
             Contains("a setting of its own for that which comes first"));
  const auto [without, no_key] = decided({{"SSH_PASSWORDS", "no"}}, with_ssh({}, {"anna"}));
  CHECK_FALSE(without);
  CHECK_THAT(no_key, Contains("no account has an authorized key"));
  const auto [with_others, others] =
      decided({{"SSH_PASSWORDS", "no"}}, with_ssh({"root"}, {"anna", "accounts of ldap"}));
  CHECK_FALSE(with_others);
  CHECK_THAT(others, Contains("no authorized key that is sure to be taken: anna. Give each a key"));
  CHECK_THAT(others, Contains("cannot see whether everyone there has a key: accounts of ldap. If they have, refuse"));
  const auto [with_source, source] = decided({{"SSH_PASSWORDS", "no"}}, with_ssh({"root"}, {"accounts of ldap"}));
  CHECK_FALSE(with_source);
  CHECK_THAT(source, Contains("SSH_PASSWORDS=no: passwords also come from elsewhere") && !Contains("Give each a key"));
  CHECK_THROWS_WITH(decided({{"SSH_PASSWORDS", "maybe"}}, key), Contains("SSH_PASSWORDS: \"maybe\""));
}

TEST_CASE("decide: about SSH is asked only whom keys would not lock out, and once", "[answers]") {
  TestCommandLine line;
  line.person.here = true;
  const auto asked = [&](const std::string& stored, const ValueMap& facts, const std::vector<std::string>& types) {
    line.host.put("/etc/mailinabox.conf", stored);
    line.person.types.assign(types.begin(), types.end());
    AnswerSheet sheet(line.box, facts, {});
    CHECK(ask_answers(line.person, sheet) == !types.empty());
    return sheet.complete().answers;
  };
  const std::string named = "PRIMARY_HOSTNAME=box.example.com\nPUBLIC_IP=198.51.100.11\n";
  for (const auto& [typed, answer] : {std::pair("", "yes"), std::pair("y", "no"), std::pair("n", "yes")}) {
    const Answers answers = asked(named, with_ssh({"root"}, {}), {typed});
    CHECK(answers.get("SSH_PASSWORDS") == answer);
    asked(answers.render(), with_ssh({"root"}, {}), {});
  }
  CHECK(asked(named, with_ssh({"root"}, {}), {"what?", "yes"}).get("SSH_PASSWORDS") == "no");
  line.host.put("/etc/mailinabox.conf", named);
  const ValueMap askable = with_ssh({"root"}, {});
  AnswerSheet unasked(line.box, askable, {});
  CHECK_FALSE(ask_answers(line.person, unasked, false));  // --yes
  for (const ValueMap& facts : {with_ssh({}, {}), with_ssh({"root"}, {"anna"}), k_facts}) {
    CHECK_FALSE(asked(named, facts, {}).find("SSH_PASSWORDS"));
  }
}

TEST_CASE("decide: the machine's own name", "[answers]") {
  TestCommandLine line;
  const View view = line.box.view();
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
  std::vector<std::string> warnings;
  CHECK(settle_resolver(line.box, answers, k_facts, warnings));
  CHECK(answers.get("DNS_FORWARDERS") == "unknown");
  CHECK_FALSE(make_context(answers, {}, "").find("dns_usable")->as_bool());
  line.findings = {.way = ResolverFindings::Way::forward, .forwarders = {"192.0.2.53", "192.0.2.54"}};
  CHECK(settle_resolver(line.box, answers, k_facts, warnings));
  CHECK(answers.get("DNS_FORWARDERS") == "192.0.2.53,192.0.2.54");
  CHECK(answers.get("DNS_VALIDATION") == "no");
  const Value context = make_context(answers, {}, "");
  CHECK(context.find("dns_usable")->as_bool());
  CHECK(context.find("dns_forwarders")->as_list().size() == 2);
  CHECK_FALSE(context.find("dns_validation")->as_bool());
  line.host.put("/etc/mailinabox.conf", answers.render());
  CHECK_FALSE(settle_resolver(line.box, answers, k_facts, warnings));
  CHECK(line.probes == 2);

  Answers direct;
  line.findings = {.way = ResolverFindings::Way::direct, .validation = true};
  CHECK(settle_resolver(line.box, direct, k_facts, warnings));
  CHECK(direct.get("DNS_FORWARDERS").empty());
  CHECK_FALSE(settle_resolver(line.box, direct, k_facts, warnings));  // an empty answer is one
  CHECK(make_context(direct, {}, "").find("dns_validation")->as_bool());
  CHECK(warnings.empty());
}

TEST_CASE("decide: whether signatures are validated is found out anew with other name servers", "[answers]") {
  TestCommandLine line;
  const std::string stored = k_named + "PUBLIC_IP=192.0.2.11\nDNS_FORWARDERS=\nDNS_VALIDATION=yes\n";
  CHECK_FALSE(decide(line, stored, {{"DNS_FORWARDERS", "192.0.2.53"}}).answers.find("DNS_VALIDATION"));
  CHECK(decide(line, stored, {{"DNS_FORWARDERS", ""}}).answers.get("DNS_VALIDATION") == "yes");
  CHECK(decide(line, stored, {{"DNS_FORWARDERS", "192.0.2.53"}, {"DNS_VALIDATION", "yes"}})
            .answers.get("DNS_VALIDATION") == "yes");
}

TEST_CASE("decide: where the data of a box is supposed to be is not judged again", "[answers]") {
  TestCommandLine line;
  const std::string stored = k_named + "PUBLIC_IP=192.0.2.11\nSTORAGE_ROOT=/srv\n";
  CHECK_THROWS_WITH(decide(line, stored), Contains("/srv is a folder that others use"));
  line.host.put("/etc/mailinabox.conf", stored);
  mark_set_up(line.box, "debian-12");
  CHECK(decide(line, stored).answers.get("STORAGE_ROOT") == "/srv");
}

TEST_CASE("resolver: name servers that a person names are tried themselves", "[answers]") {
  TestCommandLine line;
  std::vector<std::string> warnings;
  const auto settled = [&](const std::string& forwarders) {
    warnings.clear();
    line.probed.clear();
    Answers answers;
    answers.set("DNS_FORWARDERS", forwarders);
    CHECK(settle_resolver(line.box, answers, k_facts, warnings));
    return answers;
  };
  const Answers dead = settled("192.0.2.53");
  CHECK(line.probed == std::vector<std::string>{"192.0.2.53"});
  CHECK_FALSE(dead.find("DNS_VALIDATION"));
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Contains("No name server in DNS_FORWARDERS (192.0.2.53) answers") && Contains("auto"));
  line.findings = {.way = ResolverFindings::Way::forward, .forwarders = {"192.0.2.54"}, .validation = true};
  Answers half = settled("192.0.2.53,192.0.2.54");
  CHECK(half.get("DNS_VALIDATION") == "yes");
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Contains("do not answer: 192.0.2.53."));
  // What a person says of signatures counts, but is compared.
  line.findings.validation = false;
  Answers insisting;
  insisting.set("DNS_FORWARDERS", "192.0.2.54");
  insisting.set("DNS_VALIDATION", "yes");
  warnings.clear();
  CHECK(settle_resolver(line.box, insisting, k_facts, warnings));
  CHECK(insisting.get("DNS_VALIDATION") == "yes");
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Contains("pass on no signatures") && Contains("DNS_VALIDATION=auto"));
  // Once they are stored, nobody is asked again.
  line.host.put("/etc/mailinabox.conf", half.render());
  CHECK_FALSE(settle_resolver(line.box, half, k_facts, warnings));
}

namespace {

// What complete() says against one given answer; "" if it takes it.
std::string refusal(TestCommandLine& line, const std::string& key, const std::string& value,
                    const std::string& stored = "") {
  try {
    decide(line, stored, {{key, value}});
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::missing_answers);
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("decide: the services must get to STORAGE_ROOT", "[answers]") {
  TestCommandLine line;
  line.host.put_directory("/data", 0700);
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/data/mail"),
             Contains("STORAGE_ROOT: ") && Contains("/data, which has mode 0700") && Contains("chmod o+x /data"));
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/data/a/mail"), Contains("0700"));
  line.host.put_symlink("/disk", "data");
  line.host.put_symlink("/other", "/disk/x");
  for (const char* through_link : {"/disk/mail", "/other/mail"}) {
    CHECK_THAT(refusal(line, "STORAGE_ROOT", through_link), Contains("/data, which has mode 0700"));
  }
  line.host.put_symlink("/circle", "circle");
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/circle/mail"), Contains("/circle is a link that leads in a circle"));
  line.host.put("/file", "");
  for (const char* in_the_way : {"/file", "/file/mail"}) {
    CHECK_THAT(refusal(line, "STORAGE_ROOT", in_the_way), Contains("/file is in the way"));
  }
  line.host.put_directory("/data", 0711);
  CHECK(refusal(line, "STORAGE_ROOT", "/data/mail").empty());
  // Modes do not show everything (access control lists): a box that is there goes on.
  line.host.put("/data/mail/mailinabox.version", "15\n");
  line.host.put_directory("/data", 0750);
  const auto goes_on = decide(line, "STORAGE_ROOT=/data/mail\n", {{"MTA_STS_MODE", "none"}}).warnings;
  REQUIRE(goes_on.size() == 1);
  CHECK_THAT(goes_on[0], Contains("/data, which has mode 0750"));
}

TEST_CASE("decide: nobody else can move STORAGE_ROOT away", "[answers]") {
  TestCommandLine line;
  line.host.put_directory("/disk", 0755, 1001, 1001);
  line.host.put_directory("/open", 0777);
  line.host.put_directory("/shared", 0775, 0, 1001);
  line.host.put_directory("/own", 0775, 1000, 0);  // of user-data
  line.host.put_directory("/sticky", 01777);
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/disk/a/mail"),
             Contains("/disk can be changed by user number 1001") && Contains("chown root: /disk"));
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/open/mail"), Contains("/open can be changed by everybody"));
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/shared/mail"), Contains("/shared can be changed by the group 1001"));
  CHECK(refusal(line, "STORAGE_ROOT", "/own/mail").empty());
  CHECK(refusal(line, "STORAGE_ROOT", "/sticky/mail").empty());
  line.host.put("/disk/mail/mailinabox.version", "15\n");
  const auto goes_on = decide(line, "", {{"STORAGE_ROOT", "/disk/mail"}}).warnings;
  REQUIRE(goes_on.size() == 1);
  CHECK_THAT(goes_on[0], Contains("/disk can be changed by"));
}

TEST_CASE("decide: STORAGE_ROOT is a folder for the box alone", "[answers]") {
  TestCommandLine line;
  for (const char* others : {"/home", "/var", "/srv", "/opt", "/mnt", "/root/mail", "/var/lib", "/var/www/box"}) {
    INFO(others);
    CHECK_THAT(refusal(line, "STORAGE_ROOT", others), Contains("STORAGE_ROOT: "));
  }
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/root/mail"), !Contains("chmod"));
  line.host.put_directory("/home/anna", 0755, 1001, 1001);
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/home/anna"), Contains("belongs to user number 1001"));
  line.host.put_directory("/home/own", 0755, 1000, 1000);  // of user-data
  CHECK(refusal(line, "STORAGE_ROOT", "/home/own").empty());
  for (const char* box_is_there : {"/srv", "/home/anna"}) {
    line.host.put(std::string(box_is_there) + "/mailinabox.version", "15\n");
    CHECK(refusal(line, "STORAGE_ROOT", box_is_there).empty());
  }
  line.host.put("/proc/self/mountinfo",
                "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n23 22 8:2 / /usb rw - vfat /dev/sdb1 rw\n"
                "24 22 8:3 / /old ro,relatime - ext4 /dev/sdc1 ro\n25 22 0:9 / /old/ram rw - tmpfs tmpfs rw\n");
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/usb/mail"), Contains("type vfat"));
  CHECK_THAT(refusal(line, "STORAGE_ROOT", "/old"), Contains("read-only"));
  const auto on_tmpfs = decide(line, "", {{"STORAGE_ROOT", "/old/ram/mail"}}).warnings;
  REQUIRE(on_tmpfs.size() == 1);
  CHECK_THAT(on_tmpfs[0], Contains("lost when the machine is restarted"));
}

TEST_CASE("decide: answers whose effect would be another than was meant", "[answers]") {
  TestCommandLine line;
  for (const char* account : {"daemon", "www-data", "nobody"}) {
    CHECK_THAT(refusal(line, "STORAGE_USER", account), Contains("STORAGE_USER " + std::string(account)));
  }
  CHECK(refusal(line, "STORAGE_USER", "www-data", "STORAGE_USER=www-data\n").empty());  // as it has been
  line.host.put("/usr/share/zoneinfo/leapseconds", "# ATOMIC TIME\n");
  line.host.put("/usr/share/zoneinfo/Etc/UTC", "TZif2");
  CHECK_THAT(refusal(line, "TIME_ZONE", "leapseconds"), Contains("TIME_ZONE: "));
  CHECK_THAT(refusal(line, "TIME_ZONE", std::string(5000, 'x')), Contains("TIME_ZONE: "));
  CHECK_THAT(refusal(line, "DISABLE_FIREWALL", "off"), Contains("DISABLE_FIREWALL is off"));
  CHECK_THAT(refusal(line, "DNS_VALIDATION", "maybe"), Contains("DNS_VALIDATION is maybe"));
  CHECK(refusal(line, "DISABLE_FIREWALL", "no").empty());
  CHECK_THAT(refusal(line, "DNS_FORWARDERS", "127.0.0.1"), Contains("this machine"));
}

TEST_CASE("decide: on a terminal everything that is wrong is asked again", "[answers]") {
  TestCommandLine line;
  line.host.put_directory("/data", 0700);
  line.person.here = true;
  const std::string too_long = "box." + std::string(62, 'x') + ".net";
  line.person.types = {
      "/data/other", "/srv/mail", "you@" + too_long.substr(4), "", "box.example.net", "", "eight888", "eight888", "",
      "testing"};
  AnswerSheet sheet(line.box, k_facts,
                    {.given = {{"STORAGE_ROOT", "/data/mail"}, {"EMAIL_PW", "short"}, {"MTA_STS_MODE", "maybe"}},
                     .first_user = true});
  CHECK(ask_answers(line.person, sheet));
  const CompleteAnswers complete = sheet.complete();
  CHECK(complete.answers.get("STORAGE_ROOT") == "/srv/mail");
  CHECK(complete.answers.get("PRIMARY_HOSTNAME") == "box.example.net");
  CHECK(complete.answers.get("MTA_STS_MODE") == "testing");
  CHECK(complete.first_user->password.reveal() == "eight888");
  CHECK(line.person.types.empty());
  CHECK_THAT(line.person.heard, Contains("mode 0700") && Contains("has 70 characters") && !Contains("[" + too_long));
}

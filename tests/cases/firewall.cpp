#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_services =
    "ssh\t\t22/tcp\t\t\t\t# SSH Remote Login Protocol\nsmtp\t\t25/tcp\t\tmail\ndomain\t\t53/tcp\ndomain\t\t53/udp\n"
    "submissions\t465/tcp\t\tssmtp smtps urd # Submission over TLS\nimaps\t\t993/tcp\n";

std::string rules_text(const std::string& tuples) {
  return "*filter\n:ufw-user-input - [0:0]\n### RULES ###\n" + tuples + "\n### END RULES ###\nCOMMIT\n";
}

std::string tuple(const std::string& action, const std::string& port, const std::string& protocol, bool v6) {
  const std::string any = v6 ? "::/0" : "0.0.0.0/0";
  return "\n### tuple ### " + action + " " + protocol + " " + port + " " + any + " any " + any +
         " in\n-A ufw-user-input\n";
}

// ufw as its package leaves it, and the command's effect on its files.
void put_ufw(TestHost& host) {
  host.put("/etc/services", k_services);
  host.put("/etc/default/ufw", "# IPv6\nIPV6=yes\nDEFAULT_INPUT_POLICY=\"DROP\"\n");
  host.put("/etc/ufw/ufw.conf", "# comment\nENABLED=no\nLOGLEVEL=low\n");
  host.put("/etc/ufw/user.rules", rules_text(""), 0640);
  host.put("/etc/ufw/user6.rules", rules_text(""), 0640);
  host.commands.on({"ufw"}, [&host](const Command& command) {
    if (command.argv.at(1) == "--force") {
      host.put("/etc/ufw/ufw.conf", "ENABLED=yes\n");
      return CommandResult{};
    }
    const std::string& port = command.argv.at(2);
    const std::size_t slash = port.find('/');
    for (const bool v6 : {false, true}) {
      const std::string path = v6 ? "/etc/ufw/user6.rules" : "/etc/ufw/user.rules";
      const std::string added = tuple(command.argv.at(1), port.substr(0, slash), port.substr(slash + 1), v6);
      std::string text = host.content(path);
      text.insert(text.find("\n### END"), added);
      host.put(path, text, 0640);
    }
    return CommandResult{};
  });
}

std::vector<std::string> commands_run(const TestHost& host) {
  std::vector<std::string> lines;
  for (const Command& command : host.commands.calls) {
    lines.emplace_back();
    for (const std::string& word : command.argv) lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

void put_rules(TestHost& host, const std::string& tuples4, const std::string& tuples6) {
  host.put("/etc/ufw/user.rules", rules_text(tuples4), 0640);
  host.put("/etc/ufw/user6.rules", rules_text(tuples6), 0640);
}

}  // namespace

TEST_CASE("firewall: absent", "[cases]") {
  TestHost host;
  put_ufw(host);
  const auto firewall = make_resource(
      "firewall", "mail",
      {{"allow", ValueList{"smtp", "smtps", "domain", "8080/tcp"}}, {"limit", ValueList{"22/tcp"}}, {"enabled", true}});
  const Changes changes = converge(host, *firewall);
  CHECK(changes.size() == 7);
  CHECK(changes.front().after == "limit 22/tcp");
  // Every port first, SSH's among them, and only then the switch.
  CHECK(commands_run(host) == std::vector<std::string>{"ufw limit 22/tcp", "ufw allow 25/tcp", "ufw allow 465/tcp",
                                                       "ufw allow 53/tcp", "ufw allow 53/udp", "ufw allow 8080/tcp",
                                                       "ufw --force enable"});
}

TEST_CASE("firewall: ports of a list, by one protocol; what it cannot do keeps no service from starting", "[cases]") {
  TestHost host;
  put_ufw(host);
  const auto firewall =
      make_resource("firewall", "ssh", {{"limit", ValueList{"22", "2222"}}, {"protocol", "tcp"}, {"enabled", true}});
  CHECK(firewall->fails_alone());
  SECTION("works") {
    converge(host, *firewall);
    CHECK(commands_run(host) ==
          std::vector<std::string>{"ufw limit 22/tcp", "ufw limit 2222/tcp", "ufw --force enable"});
  }
  SECTION("a rule that cannot be added: it is not switched on, which could lock somebody out") {
    host.commands.on({"ufw", "limit"},
                     [](const Command&) { return CommandResult{.exit_code = 1, .err = "ufw: broken"}; });
    check_error(host, *firewall, "ufw: broken");
    CHECK(host.content("/etc/ufw/ufw.conf").find("ENABLED=no") != std::string::npos);
  }
}

TEST_CASE("firewall: drifted", "[cases]") {
  TestHost host;
  put_ufw(host);
  const auto firewall = make_resource("firewall", "mail", {{"allow", ValueList{"smtp", "imaps"}}});
  SECTION("one rule is missing") {
    put_rules(host, tuple("allow", "25", "tcp", false), tuple("allow", "25", "tcp", true));
    converge(host, *firewall);
    CHECK(commands_run(host) == std::vector<std::string>{"ufw allow 993/tcp"});
  }
  SECTION("it is there for IPv4 only") {
    put_rules(host, tuple("allow", "25,993", "tcp", false), tuple("allow", "25", "tcp", true));
    converge(host, *firewall);
    CHECK(commands_run(host) == std::vector<std::string>{"ufw allow 993/tcp"});
  }
  SECTION("a rule with another action, or for one sender only, does not count") {
    const std::string one = "\n### tuple ### allow tcp 993 0.0.0.0/0 any 192.0.2.0/24 in\n";
    put_rules(host, tuple("deny", "25", "tcp", false) + one, tuple("deny", "25", "tcp", true));
    const Changes changes = firewall->diff(host.view());
    REQUIRE(changes.size() == 2);
    CHECK(changes[0].before == "deny 25/tcp");
    CHECK(changes[1].before.empty());
  }
  SECTION("switched off") {
    const auto on = make_resource("firewall", "on", {{"enabled", true}});
    CHECK(attributes_of(converge(host, *on)) == "enabled");
  }
}

TEST_CASE("firewall: in sync", "[cases]") {
  TestHost host;
  put_ufw(host);
  const auto firewall = make_resource("firewall", "mail", {{"allow", ValueList{"smtp", "domain"}}});
  SECTION("as the original made them: any protocol, with comments and logging") {
    put_rules(host,
              tuple("allow", "53", "any", false) +
                  "\n### tuple ### allow_log tcp 25 0.0.0.0/0 any 0.0.0.0/0 in comment=6d61696c\n",
              tuple("allow", "53", "any", true) + tuple("allow", "25", "tcp", true));
  }
  SECTION("ranges, lists, application profiles, the old form without a direction") {
    put_rules(host,
              tuple("allow", "20:30", "tcp", false) + "\n### tuple ### allow any 53 0.0.0.0/0 any 0.0.0.0/0 DNS - in\n",
              "\n### tuple ### allow tcp 25,53 ::/0 any ::/0\n" + tuple("allow", "53", "udp", true));
  }
  SECTION("IPv6 is not filtered") {
    host.put("/etc/default/ufw", "IPV6=no\n");
    put_rules(host, tuple("allow", "53", "any", false) + tuple("allow", "25", "tcp", false), "");
  }
  check_in_sync(host, *firewall);
  CHECK(host.commands.calls.empty());
}

TEST_CASE("firewall: error", "[cases]") {
  TestHost host;
  put_ufw(host);
  check_error(host, *make_resource("firewall", "mail", {{"allow", ValueList{"imapz"}}}),
              "/etc/services has no service \"imapz\"; did you mean imaps?");
  check_error(host, *make_resource("firewall", "mail", {{"allow", ValueList{"smtp/udp"}}}), "PORT/tcp or PORT/udp");
  host.commands.on({"ufw"}, [](const Command&) {
    return CommandResult{.exit_code = 1, .err = "ERROR: problem running iptables: Permission denied"};
  });
  check_error(host, *make_resource("firewall", "mail", {{"allow", ValueList{"25/tcp"}}}), "problem running iptables");
  for (const char* port : {"", "/tcp", "0/tcp", "70000/tcp", "25/sctp", "-h", "30:20/tcp", "20:30"}) {
    check_refused("firewall", "x", {{"allow", ValueList{port}}}, "is not a port");
  }
  check_refused("firewall", "x", {{"enabled", false}}, "`ufw disable` does that");
}

TEST_CASE("firewall: before its packages are there a plan can still be made", "[cases]") {
  TestHost host;
  const auto firewall = make_resource("firewall", "mail", {{"allow", ValueList{"smtp", "25/tcp"}}, {"enabled", true}});
  const Changes changes = firewall->diff(host.view());
  CHECK(attributes_of(changes) == "rule rule enabled");
  CHECK(changes[0].after == "allow smtp");
}

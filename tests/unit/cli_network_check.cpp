#include "operations/answers/network_check.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_server = "192.0.2.53";

Answers public_box() {
  Answers answers;
  answers.set("PRIMARY_HOSTNAME", "box.example.com");
  answers.set("PUBLIC_IP", "8.9.10.11");
  return answers;
}

const ValueMap k_facts{{"name_servers", ValueList{k_server}}};

}  // namespace

TEST_CASE("network check: block lists and outgoing port 25", "[cli]") {
  TestCommandLine line;
  bool open = true;
  std::string reached;
  line.box.reaches = [&](const std::string& address, std::uint16_t port) {
    reached = address + ":" + std::to_string(port);
    return open;
  };
  line.dns.put(k_server, "aspmx.l.google.com", DnsType::a, {"192.0.2.25"});
  CHECK(network_warnings(line.box, public_box(), k_facts).empty());
  CHECK(reached == "192.0.2.25:25");

  SECTION("the name") {
    line.dns.put(k_server, "box.example.com.dbl.spamhaus.org", DnsType::a, {"127.0.1.2"});
    const auto warnings = network_warnings(line.box, public_box(), k_facts);
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings.front(), Contains("box.example.com is on the Spamhaus Domain Block List"));
  }
  SECTION("the address, asked for in reverse") {
    line.dns.put(k_server, "11.10.9.8.zen.spamhaus.org", DnsType::a, {"127.0.0.10"});
    const auto warnings = network_warnings(line.box, public_box(), k_facts);
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings.front(), Contains("8.9.10.11 is on a Spamhaus block list"));
  }
  SECTION("a list that does not answer this resolver says nothing about the box") {
    line.dns.put(k_server, "11.10.9.8.zen.spamhaus.org", DnsType::a, {"127.255.255.254"});
    CHECK(network_warnings(line.box, public_box(), k_facts).empty());
  }
  SECTION("port 25 is closed") {
    open = false;
    const auto warnings = network_warnings(line.box, public_box(), k_facts);
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings.front(), Contains("Ask it to open outgoing port 25"));
  }
}

TEST_CASE("network check: a machine without a public address asks nobody", "[cli]") {
  TestCommandLine line;
  Answers answers = public_box();
  answers.set("PUBLIC_IP", "10.0.0.5");
  line.dns.put(k_server, "5.0.0.10.zen.spamhaus.org", DnsType::a, {"127.0.0.10"});
  CHECK(network_warnings(line.box, answers, k_facts).empty());
  CHECK(line.dns.asked.empty());
  CHECK(network_warnings(line.box, public_box(), {}).empty());
}

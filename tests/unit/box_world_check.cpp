#include "base/error.hpp"
#include "box/dns/world_check.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using mailinabox::test::FakeDns;

namespace {

const std::string k_resolver = "127.0.0.1";
const std::string k_box = "192.0.2.10";
const std::string k_ds = "example.com. 3600 IN DS 12345 13 2 ABCDEF";

// A domain that the world knows just as the box has it.
struct World {
  World() {
    zone.name = "example.com";
    zone.records = {{"", "NS", "ns1.box.example.com.", ""},
                    {"", "NS", "ns2.box.example.com.", ""},
                    {"", "A", k_box, "Required. Web.", RecordCategory::required},
                    {"", "MX", "10 box.example.com.", "Required. Mail.", RecordCategory::required},
                    {"", "TXT", "v=spf1 mx -all", "Recommended. SPF.", RecordCategory::recommended},
                    {"_25._tcp.box", "TLSA", "3 1 1 ABCD", "Recommended. DANE.", RecordCategory::recommended},
                    {"www", "A", k_box, "Optional. Redirect.", RecordCategory::optional}};
    for (const std::string& server : {k_resolver, k_box}) {
      put(server, "example.com", DnsType::ns, {"ns1.box.example.com", "ns2.box.example.com"});
      put(server, "example.com", DnsType::a, {k_box});
      put(server, "example.com", DnsType::mx, {"10 box.example.com"});
      put(server, "example.com", DnsType::txt, {"v=spf1 mx -all"});
      put(server, "_25._tcp.box.example.com", DnsType::tlsa, {"3 1 1 abcd"});
      put(server, "www.example.com", DnsType::a, {k_box});
    }
    for (const char* host : {"ns1.box.example.com", "ns2.box.example.com"}) put(k_resolver, host, DnsType::a, {k_box});
    put(k_box, "example.com", DnsType::soa,
        {"ns1.box.example.com hostmaster.box.example.com 7 7200 3600 1209600 86400"});
    put(k_resolver, "example.com", DnsType::ds, {"12345 13 2 abcdef"});
  }

  void put(const std::string& server, const std::string& name, DnsType type, const std::vector<std::string>& data) {
    dns.put(server, name, type, data);
  }

  // The domain is at another provider, who has the same records.
  void serve_elsewhere() {
    put(k_resolver, "example.com", DnsType::ns, {"a.dns.example"});
    put(k_resolver, "a.dns.example", DnsType::a, {"198.51.100.1"});
    put("198.51.100.1", "example.com", DnsType::soa, {"a.dns.example h.dns.example 3 1 1 1 1"});
    put(k_resolver, "example.com", DnsType::ds, {});
  }

  DomainCheck check(const std::string& domain = "example.com") {
    ResolverClient resolver(dns, {k_resolver}, std::chrono::seconds(1));
    return check_domain({.zone = zone, .domain = domain, .ds_records = {k_ds}}, resolver, dns);
  }

  DnsZone zone{};
  FakeDns dns{};
};

const DnsDifference& only_difference(const DomainCheck& check) {
  REQUIRE(check.differences.size() == 1);
  return check.differences.front();
}

}  // namespace

TEST_CASE("world check: a domain that is as it should be", "[box][dns]") {
  World world;
  const DomainCheck check = world.check();
  CHECK(check.hosting == DomainCheck::Hosting::here);
  CHECK(check.differences.empty());
  CHECK(check.right == 7);  // six sets of records, and DS
  CHECK(check.good());
  CHECK(world.check("www.example.com").right == 1);
}

TEST_CASE("world check: a wrong record comes with the one to paste", "[box][dns]") {
  World world;
  for (const std::string& server : {k_resolver, k_box}) {
    world.put(server, "example.com", DnsType::mx, {"10 mail.other.example"});
  }
  const DomainCheck check = world.check();
  CHECK_FALSE(check.good());
  const DnsDifference& difference = only_difference(check);
  CHECK(difference.title == "MX example.com");
  CHECK(difference.found == std::vector<std::string>{"10 mail.other.example"});
  CHECK(difference.wanted == std::vector<std::string>{"example.com. IN MX 10 box.example.com."});
}

TEST_CASE("world check: where this box serves the domain, nothing more may stand there", "[box][dns]") {
  World world;
  for (const std::string& server : {k_resolver, k_box}) {
    world.put(server, "example.com", DnsType::txt, {"v=spf1 mx -all", "of somebody else"});
  }
  CHECK(only_difference(world.check()).found.size() == 2);
}

TEST_CASE("world check: an old answer that resolvers remember is not wrong", "[box][dns]") {
  World world;
  world.put(k_resolver, "example.com", DnsType::mx, {"10 mail.other.example"});
  const DomainCheck check = world.check();
  CHECK(check.good());
  CHECK_THAT(only_difference(check).text, Contains("for up to 300 s"));
}

TEST_CASE("world check: DS at the parent", "[box][dns]") {
  World world;
  world.put(k_resolver, "example.com", DnsType::ds, {});
  DomainCheck check = world.check();
  CHECK_FALSE(check.good());
  CHECK(only_difference(check).wanted == std::vector<std::string>{k_ds});
  world.put(k_resolver, "example.com", DnsType::ds, {"1 8 2 00ff"});
  check = world.check();
  CHECK_THAT(only_difference(check).text, Contains("not for this box"));
  world.put(k_resolver, "example.com", DnsType::ds, {"1 8 2 00ff", "12345 13 2 abcdef"});
  CHECK(world.check().good());
}

TEST_CASE("world check: a domain that others serve", "[box][dns]") {
  World world;
  world.serve_elsewhere();
  DomainCheck check = world.check();
  CHECK(check.hosting == DomainCheck::Hosting::elsewhere);
  CHECK(check.differences.empty());
  CHECK(check.right == 5);  // the NS records are theirs, and DS

  world.put(k_resolver, "example.com", DnsType::txt,
            {"v=spf1 mx -all", "site-verification=1"});      // others may stand there
  world.put(k_resolver, "www.example.com", DnsType::a, {});  // optional
  check = world.check();
  CHECK(check.good());
  CHECK(only_difference(check).title == "A www.example.com");

  world.put(k_resolver, "example.com", DnsType::txt, {"v=spf1 -all"});
  check = world.check();
  CHECK_FALSE(check.good());
  CHECK(check.differences.front().wanted == std::vector<std::string>{"example.com. IN TXT \"v=spf1 mx -all\""});

  // Within the parent's zone: no name servers of its own.
  world.put(k_resolver, "example.com", DnsType::ns, {});
  CHECK(world.check().hosting == DomainCheck::Hosting::elsewhere);
}

TEST_CASE("world check: name servers that fail", "[box][dns]") {
  World world;
  world.put(k_resolver, "ns2.box.example.com", DnsType::a, {"192.0.2.11"});  // silent
  DomainCheck check = world.check();
  CHECK_FALSE(check.good());
  CHECK(only_difference(check).title == "name server ns2.box.example.com (192.0.2.11)");

  world.put("192.0.2.11", "other.example", DnsType::a, {});  // answers, but has no such zone
  CHECK_THAT(only_difference(world.check()).text, Contains("does not serve this domain"));

  world.put("192.0.2.11", "example.com", DnsType::soa, {"a b 6 1 1 1 1"});
  check = world.check();
  CHECK(only_difference(check).found ==
        std::vector<std::string>{"serial 6 at ns2.box.example.com", "serial 7 at ns1.box.example.com"});

  world.put(k_resolver, "ns2.box.example.com", DnsType::a, {});
  CHECK_THAT(only_difference(world.check()).text, Contains("glue records"));
}

TEST_CASE("world check: nobody serves it, nobody can say, nobody answers", "[box][dns]") {
  World world;
  for (const DnsType type : {DnsType::ns, DnsType::a, DnsType::aaaa, DnsType::mx}) {
    world.dns.servers[k_resolver][{"example.com", type}] = DnsAnswer{.code = 3};
  }
  DomainCheck check = world.check();
  CHECK(check.hosting == DomainCheck::Hosting::nowhere);
  CHECK(only_difference(check).wanted.size() == 2);

  world.dns.servers[k_resolver][{"example.com", DnsType::ns}] = DnsAnswer{.code = 2};
  check = world.check();
  CHECK(check.hosting == DomainCheck::Hosting::unknown);
  CHECK(only_difference(check).wanted == std::vector<std::string>{k_ds});

  world.dns.servers.erase(k_resolver);
  CHECK_THROWS_WITH(world.check(), Contains("No resolver answers"));
}

TEST_CASE("world check: one spelling of each value", "[box][dns]") {
  CHECK(comparable_value("SSHFP", "4 2 ( AB CD )") == "4 2 abcd");
  CHECK(comparable_value("MX", "10 Mail", "example.com") == "10 mail.example.com");
  CHECK(comparable_value("MX", "0 .", "example.com") == "0 .");
  CHECK(comparable_value("SRV", "0 0 443 Box.example.com.", "x.test") == "0 0 443 box.example.com");
  CHECK(comparable_value("CAA", "0 issue ca.test") == comparable_value("CAA", "0 issue \"ca.test\""));
  CHECK(comparable_value("TXT", "Case Stays.") == "Case Stays.");
}

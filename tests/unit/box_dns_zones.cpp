#include "box/dns/zones.hpp"

#include <chrono>

#include "base/error.hpp"
#include "box/dns/record_rules.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

DnsInput small_box() {
  DnsInput input;
  input.primary_hostname = "box.example.com";
  input.public_ip = "203.0.113.5";
  input.mail_domains = {"example.com", "box.example.com"};
  input.user_domains = {"example.com"};
  return input;
}

std::vector<std::string> zone_names(const DnsInput& input) {
  std::vector<std::string> names;
  for (const DnsZone& zone : dns_zones(input)) names.push_back(zone.name);
  return names;
}

}  // namespace

TEST_CASE("domain order: the box's zone first, in it the box and what is below it") {
  CHECK(in_domain_order({"zeta.example", "www.example.com", "a.box.example.com", "alpha.example", "box.example.com",
                         "example.com", "b.alpha.example", "a.b.alpha.example", "mail.example.com"},
                        "box.example.com") ==
        std::vector<std::string>{"box.example.com", "a.box.example.com", "example.com", "mail.example.com",
                                 "www.example.com", "alpha.example", "b.alpha.example", "a.b.alpha.example",
                                 "zeta.example"});
  CHECK(in_domain_order({"b.example", "a.example"}, "box.example.com") ==
        std::vector<std::string>{"a.example", "b.example"});
  CHECK(in_domain_order({}, "box.example.com").empty());
}

TEST_CASE("zones are the names that stand below no other; the box's name is one until its domain has mail") {
  DnsInput input = small_box();
  input.mail_domains = {"alpha.example", "sub.alpha.example"};
  input.user_domains = {};
  CHECK(zone_names(input) == std::vector<std::string>{"box.example.com", "alpha.example"});
  input.mail_domains.push_back("example.com");
  CHECK(zone_names(input) == std::vector<std::string>{"example.com", "alpha.example"});
  // Automatic names alone make no zone of their own.
  input.mail_domains = {"mail.example.com"};
  CHECK(zone_names(input) == std::vector<std::string>{"box.example.com", "mail.example.com"});
}

TEST_CASE("web domains: mail domains and automatic names, without those that lead elsewhere") {
  DnsInput input = small_box();
  CHECK(web_domains(input) == std::vector<std::string>{"box.example.com", "mta-sts.box.example.com", "example.com",
                                                       "autoconfig.example.com", "autodiscover.example.com",
                                                       "mta-sts.example.com", "www.example.com"});
  input.custom = CustomRecords::parse(
      "www.example.com: {CNAME: elsewhere.example.net.}\n"
      "box.example.com: 192.0.2.1\n"
      "autoconfig.example.com: {AAAA: '2001:db8::9'}\n"
      "autodiscover.example.com: {A: [local, 192.0.2.1]}\n"
      "mta-sts.example.com: {A: local}\n"
      "example.com: 203.0.113.5\n",
      "custom.yaml");
  REQUIRE(input.custom.problems().empty());
  CHECK(web_domains(input) ==
        std::vector<std::string>{"box.example.com", "mta-sts.box.example.com", "example.com", "mta-sts.example.com"});
  input.public_ipv6 = "2001:DB8:0::9";  // the same address
  CHECK(web_domains(input) == std::vector<std::string>{"box.example.com", "mta-sts.box.example.com", "example.com",
                                                       "autoconfig.example.com", "mta-sts.example.com"});
}

TEST_CASE("no zones are made without the box's name or address") {
  DnsInput input = small_box();
  input.public_ip = "";
  CHECK_THROWS_WITH(dns_zones(input), Contains("set PUBLIC_IP in /etc/mailinabox.conf"));
  input.public_ip = "2001:db8::5";
  CHECK_THROWS_WITH(dns_zones(input), Contains("'2001:db8::5' is not an IPv4 address"));
  input = small_box();
  input.primary_hostname = "";
  CHECK_THROWS_WITH(dns_zones(input), Contains("set PRIMARY_HOSTNAME"));
}

TEST_CASE("a zone's master file lines: TXT in quotes, in strings of at most 255 bytes, escaped") {
  DnsZone zone{"example.com", {}, {}};
  zone.records.push_back({"", "MX", "10 box.example.com.", ""});
  zone.records.push_back({"a", "TXT", "say \"hi\" \\ \xC3\xBC\n", ""});
  zone.records.push_back({"b", "TXT", std::string(255, 'x'), ""});
  zone.records.push_back({"c", "TXT", std::string(254, 'x') + "\"yz", ""});
  zone.records.push_back({"d", "TXT", "", ""});
  CHECK(master_file_records(zone) ==
        "@\tIN\tMX\t10 box.example.com.\n"
        "a\tIN\tTXT\t\"say \\\"hi\\\" \\\\ \\195\\188\\010\"\n"
        "b\tIN\tTXT\t\"" +
            std::string(255, 'x') + "\"\nc\tIN\tTXT\t\"" + std::string(254, 'x') + "\\\"\" \"yz\"\nd\tIN\tTXT\t\"\"\n");
}

TEST_CASE("the MTA-STS policy and its identifier are those of the original") {
  const std::string policy = mta_sts_policy("enforce", "box.example.com");
  CHECK(policy == "version: STSv1\r\nmode: enforce\r\nmx: box.example.com\r\nmax_age: 604800\r\n");
  // printf … | openssl sha1 -binary | base64 | tr '+/' 'AA' | cut -c 1-20
  CHECK(mta_sts_policy_id(policy) == "9yOTD0SPauvZslAyA25I");
  CHECK(mta_sts_policy_id(policy) != mta_sts_policy_id(mta_sts_policy("testing", "box.example.com")));
}

TEST_CASE("1,000 domains of 10,000 users: cost is linear", "[.figure]") {
  DnsInput input = small_box();
  input.public_ipv6 = "2001:db8::5";
  input.dkim = {{"mail", "v=DKIM1; k=rsa; p=" + std::string(392, 'A')}, {"ed", "v=DKIM1; k=ed25519; p=AAAA"}};
  input.mta_sts_id = "id";
  for (int i = 0; i < 1000; ++i) {
    const std::string domain = "domain" + std::to_string(i) + ".example";
    input.mail_domains.push_back(domain);
    input.mta_sts_domains.insert(domain);
    for (int user = 0; user < 10; ++user) input.user_domains.push_back(domain);
  }
  const auto start = std::chrono::steady_clock::now();
  const std::vector<DnsZone> zones = dns_zones(input);
  std::size_t records = 0;
  std::size_t bytes = 0;
  const auto made = std::chrono::steady_clock::now();
  for (const DnsZone& zone : zones) {
    records += zone.records.size();
    bytes += master_file_records(zone).size();
  }
  const auto web = web_domains(input);
  const auto end = std::chrono::steady_clock::now();
  const auto milliseconds = [&](auto until) {
    return std::chrono::duration<double, std::milli>(until - start).count();
  };
  WARN(zones.size() << " zones, " << records << " records, " << bytes << " bytes, " << web.size() << " web names: "
                    << milliseconds(made) << " ms for the zones, " << milliseconds(end) << " ms in all");
}

#include <map>
#include <sstream>
#include <utility>

#include "base/netstring.hpp"
#include "box/mail/tls_policy.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

namespace {

// Answers what it was told; anything else does not exist, signed.
struct KnownDns final : DnsClient {
  std::optional<DnsAnswer> ask(const std::string& server, const DnsQuestion& question,
                               std::chrono::milliseconds /*timeout*/) override {
    CHECK(server == "127.0.0.1");
    CHECK(question.dnssec_ok);
    asked.push_back(question.name);
    const auto found = answers.find({question.name, question.type});
    return found == answers.end() ? DnsAnswer{.code = 3, .authenticated = true} : found->second;
  }
  void add(const std::string& name, DnsType type, const std::string& data, bool authenticated = true) {
    auto& answer = answers[{name, type}];
    if (!answer) answer = DnsAnswer{};
    answer->authenticated = authenticated;
    answer->answers.push_back({.name = name, .type = type, .data = data});
  }
  std::map<std::pair<std::string, DnsType>, std::optional<DnsAnswer>> answers{};
  std::vector<std::string> asked{};
};

const std::string k_policy = "OK secure match=mx.example.org servername=hostname";

struct Policies {
  KnownDns dns{};
  std::optional<std::string> mta_sts = k_policy;
  int asked = 0;
  std::string answer(const std::string& request) {
    return tls_policy(request, dns, "127.0.0.1", [&](const std::string& handed_on) {
      CHECK(handed_on == request);
      ++asked;
      return mta_sts;
    });
  }
};

}  // namespace

TEST_CASE("TLS policy: a domain with DANE is left to DANE", "[box]") {
  Policies policies;
  policies.dns.add("example.org", DnsType::mx, "10 other.example.net");
  policies.dns.add("example.org", DnsType::mx, "20 mx.example.org");
  policies.dns.add("other.example.net", DnsType::a, "192.0.2.2");
  policies.dns.add("mx.example.org", DnsType::a, "192.0.2.1");
  SECTION("one of its servers has TLSA records") {
    policies.dns.add("_25._tcp.mx.example.org", DnsType::tlsa, "\3\1\1x");
    CHECK(policies.answer("postfix example.org") == "NOTFOUND ");
    CHECK(policies.asked == 0);
  }
  SECTION("somebody keeps the records away") {
    policies.dns.answers[{"_25._tcp.mx.example.org", DnsType::tlsa}] = DnsAnswer{.code = 2};
    CHECK(policies.answer("postfix example.org") == "NOTFOUND ");
    policies.dns.answers[{"_25._tcp.mx.example.org", DnsType::tlsa}] = std::nullopt;
    CHECK(policies.answer("postfix example.org") == "NOTFOUND ");
    CHECK(policies.asked == 0);
  }
  SECTION("none has") { CHECK(policies.answer("postfix example.org") == k_policy); }
  SECTION("the records are not signed") {
    policies.dns.add("_25._tcp.mx.example.org", DnsType::tlsa, "\3\1\1x", false);
    CHECK(policies.answer("postfix example.org") == k_policy);
  }
}

TEST_CASE("TLS policy: a domain without MX records is its own server", "[box]") {
  Policies policies;
  policies.dns.answers[{"example.org", DnsType::mx}] = DnsAnswer{.authenticated = true};
  policies.dns.add("example.org", DnsType::a, "192.0.2.1");
  policies.dns.add("_25._tcp.example.org", DnsType::tlsa, "\3\1\1x");
  CHECK(policies.answer("postfix example.org") == "NOTFOUND ");
}

TEST_CASE("TLS policy: without DNSSEC the MTA-STS policy counts", "[box]") {
  Policies policies;
  policies.dns.add("example.org", DnsType::mx, "10 mx.example.org", false);
  policies.dns.add("mx.example.org", DnsType::a, "192.0.2.1");
  policies.dns.add("_25._tcp.mx.example.org", DnsType::tlsa, "\3\1\1x");
  CHECK(policies.answer("postfix example.org") == k_policy);
  SECTION("a server whose address is not signed is not asked for TLSA records") {
    policies.dns.answers.clear();
    policies.dns.add("example.org", DnsType::mx, "10 mx.example.org");
    policies.dns.add("mx.example.org", DnsType::a, "192.0.2.1", false);
    policies.dns.asked.clear();
    CHECK(policies.answer("postfix example.org") == k_policy);
    CHECK(policies.dns.asked == std::vector<std::string>{"example.org", "mx.example.org"});
  }
  SECTION("no resolver answers") {
    policies.dns.answers[{"example.org", DnsType::mx}] = std::nullopt;
    CHECK(policies.answer("postfix example.org") == k_policy);
  }
}

TEST_CASE("TLS policy: mail goes on where there is no policy to be had", "[box]") {
  Policies policies;
  policies.mta_sts = GENERATE(as<std::optional<std::string>>(), std::nullopt, "NOTFOUND ", "TEMP out of order", "");
  CHECK(policies.answer("postfix example.org") == "NOTFOUND ");
}

TEST_CASE("TLS policy: what is no domain has none", "[box]") {
  Policies policies;
  for (const char* name : {"[192.0.2.1]", "[mx.example.org]:25", ".example.org", "", "a..b", "x y"}) {
    CHECK(policies.answer(std::string("postfix ") + name) == "NOTFOUND ");
  }
  CHECK(policies.asked == 0);
  CHECK(policies.answer("nonsense") == "PERM expected a map's name and a domain");
}

TEST_CASE("netstrings", "[base]") {
  std::istringstream input("5:hello,0:,12:hello world!,");
  CHECK(read_netstring(input) == "hello");
  CHECK(read_netstring(input) == "");
  CHECK(read_netstring(input) == "hello world!");
  CHECK_FALSE(read_netstring(input));
  CHECK(netstring("hello") == "5:hello,");
  for (const char* broken :
       {"", "5", "5:hell", "5:hello", "5:hello;", ":x,", "x:x,", "99999999:x,", "-1:x,", "200000:x"}) {
    std::istringstream stream(broken);
    INFO(broken);
    CHECK_FALSE(read_netstring(stream));
  }
}

// What an authority said, out of what certbot prints and logs.
#include "box/tls/acme_problem.hpp"
#include "box/tls/eligibility.hpp"
#include "box/tls/tls_memory.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

using namespace mailinabox::test;

namespace {

std::string logged(const std::string& status, const std::string& headers, const std::string& body) {
  return "2026-11-29 21:10:31,886:DEBUG:acme.client:Sending POST request to https://acme.test/order:\n{\n  "
         "\"payload\": \"e30\"\n}\n"
         "2026-11-29 21:10:31,887:DEBUG:acme.client:Received response:\nHTTP " +
         status + "\nContent-Type: application/problem+json\n" + headers + "\n" + body +
         "\n2026-11-29 21:10:31,888:DEBUG:acme.client:Storing nonce: abc\n";
}

const std::string k_rejected =
    logged("400", "",
           "{\n   \"type\": \"urn:ietf:params:acme:error:rejectedIdentifier\",\n   \"detail\": \"forbidden by policy: "
           "\\\"x.blocked.test\\\"\",\n   \"status\": 400\n}");

const std::string k_invalid = logged(
    "200", "",
    "{\"status\": \"invalid\", \"identifier\": {\"type\": \"dns\", \"value\": \"a.test\"}, \"challenges\": [{\"type\": "
    "\"http-01\", \"status\": \"invalid\", \"error\": {\"type\": \"urn:ietf:params:acme:error:connection\", "
    "\"detail\": "
    "\"no route to host\", \"status\": 400}}, {\"type\": \"dns-01\", \"status\": \"pending\"}]}");

}  // namespace

TEST_CASE("authority: names that it refuses, with the reason for each", "[tls]") {
  const std::vector<std::string> names = {"a.test", "b.test"};
  const AcmeProblem problem = acme_problem(names, "Some challenges have failed.\n", k_invalid);
  CHECK(problem.type.empty());
  REQUIRE(problem.refused.size() == 1);
  CHECK(problem.refused.at("a.test").text() == "connection: no route to host");
  CHECK(problem.refused.at("a.test").of_validation());
  CHECK(problem.text() == "the authority refuses a.test: connection: no route to host");
  CHECK(acme_problem({"b.test"}, "", k_invalid).refused.empty());  // it was asked by another request
  CHECK(acme_problem({"*.a.test"}, "", k_invalid).refused.size() == 1);
}

TEST_CASE("authority: a name that only its sentence names", "[tls]") {
  // certbot of Debian 12 says of this: AttributeError: can't set attribute.
  const AcmeProblem problem = acme_problem(
      {"a.test", "x.blocked.test"}, "An unexpected error occurred:\nAttributeError: can't set attribute\n", k_rejected);
  CHECK(problem.type == "rejectedIdentifier");
  CHECK(problem.status == 400);
  CHECK(problem.detail == "forbidden by policy: \"x.blocked.test\"");
  REQUIRE(problem.refused.size() == 1);
  CHECK(problem.refused.contains("x.blocked.test"));
}

TEST_CASE("authority: subproblems name what is refused", "[tls]") {
  const std::string log = logged(
      "403", "",
      "{\"type\": \"urn:ietf:params:acme:error:malformed\", \"detail\": \"Some of them\", \"subproblems\": [{\"type\": "
      "\"urn:ietf:params:acme:error:caa\", \"detail\": \"CAA forbids it\", \"identifier\": {\"type\": \"dns\", "
      "\"value\": "
      "\"B.test\"}}]}");
  const AcmeProblem problem = acme_problem({"a.test", "b.test"}, "", log);
  REQUIRE(problem.refused.size() == 1);
  CHECK(problem.refused.at("b.test").text() == "caa: CAA forbids it");
  CHECK_FALSE(problem.refused.at("b.test").of_validation());
}

TEST_CASE("authority: how long it wants to be left alone", "[tls]") {
  const std::string body = "{\"type\": \"urn:ietf:params:acme:error:rateLimited\", \"detail\": \"too many\"}";
  AcmeProblem problem = acme_problem({"a.test"}, "", logged("429", "Retry-After: 7200\n", body));
  CHECK(problem.type == "rateLimited");
  CHECK(problem.status == 429);
  CHECK(problem.retry_after == std::chrono::seconds(7200));
  CHECK(problem.text() == "the authority says: rateLimited: too many");
  problem = acme_problem({"a.test"}, "", logged("429", "retry-after: 99999999999\n", body));
  CHECK(problem.retry_after == std::chrono::hours(7 * 24));
  CHECK_FALSE(
      acme_problem({"a.test"}, "", logged("429", "Retry-After: Mon, 30 Nov 2026 00:00:00 GMT\n", body)).retry_after);
  const std::string dates = "Date: Mon, 30 Nov 2026 00:00:00 GMT\nRetry-After: Mon, 30 Nov 2026 00:30:00 GMT\n";
  CHECK(acme_problem({"a.test"}, "", logged("429", dates, body)).retry_after == std::chrono::seconds(1800));
  CHECK_FALSE(acme_problem({"a.test"}, "", logged("429", "Retry-After: -5\n", body)).retry_after);
}

TEST_CASE("authority: the last problem counts, and a stale nonce is none", "[tls]") {
  const std::string nonce =
      logged("400", "", "{\"type\": \"urn:ietf:params:acme:error:badNonce\", \"detail\": \"stale\"}");
  CHECK(acme_problem({"x.blocked.test"}, "", k_rejected + nonce).type == "rejectedIdentifier");
  CHECK(acme_problem({"a.test"}, "It failed.\n", nonce).type.empty());
}

TEST_CASE("authority: one that says nothing is certbot's words", "[tls]") {
  const std::string output =
      "Saving debug log to /var/log/letsencrypt/letsencrypt.log\nAn unexpected error occurred:\nValueError: Requesting "
      "acme.test/dir: Connection refused\nAsk for help or search for solutions at https://community.example.\n";
  const AcmeProblem problem = acme_problem({"a.test"}, output, "");
  CHECK(problem.detail == "ValueError: Requesting acme.test/dir: Connection refused");
  CHECK(problem.text() == "certbot says: ValueError: Requesting acme.test/dir: Connection refused");
  CHECK(acme_problem({"a.test"}, "", "Received response:\nHTTP 200\n\n{\"a\":").text() ==
        "certbot failed without a reason");
}

TEST_CASE("authority: its words are one line that no terminal obeys", "[tls]") {
  CHECK(quoted_words_of_others("a\x1b[31mred\r\nline\t\x7f") == "a [31mred  line");
  CHECK(quoted_words_of_others("\xc2\x9b"
                               "31m") == "31m");
  CHECK(quoted_words_of_others("\xff"
                               "b") ==
        "\xef\xbf\xbd"
        "b");
  CHECK(quoted_words_of_others(std::string(10'000, 'x')).size() == 500);
  const std::string long_words = quoted_words_of_others(std::string(499, 'x') + "\xc3\xa4\xc3\xa4");
  CHECK(long_words == std::string(499, 'x'));
}

TEST_CASE("names: what must be in DNS for an authority", "[tls]") {
  const auto reason = [](const FoundAddresses& ipv4, const FoundAddresses& ipv6, const std::string& own_ipv6 = "") {
    return reason_against({ipv4, ipv6}, "192.0.2.10", own_ipv6);
  };
  using Addresses = std::vector<std::string>;
  const Addresses none;
  CHECK(reason(Addresses{"192.0.2.10"}, none).empty());
  CHECK(reason(Addresses{"192.0.2.10"}, none, "2001:db8::10").empty());
  CHECK(reason(Addresses{"192.0.2.10"}, Addresses{"2001:DB8:0::10"}, "2001:db8::10").empty());
  CHECK(reason(none, none) ==
        "The domain name does not resolve to this machine: [Not Set] (A). Its DNS needs an A record with 192.0.2.10.");
  CHECK_THAT(reason(Addresses{"192.0.2.10", "192.0.2.11"}, none),
             StartsWith("The domain name does not resolve to this machine: 192.0.2.10; 192.0.2.11 (A)."));
  CHECK_THAT(reason(Addresses{"192.0.2.10"}, Addresses{"2001:db8::1"}),
             StartsWith("The domain name does not resolve to this machine: 2001:db8::1 (AAAA).") &&
                 Contains("no AAAA record"));
  CHECK_THAT(reason(std::nullopt, std::nullopt),
             StartsWith("The domain name does not resolve to this machine: [timeout] (A), [timeout] (AAAA).") &&
                 Contains("No resolver answers"));
}

TEST_CASE("memory: written and read, it is the same; what cannot be read is left out", "[tls]") {
  const TimePoint noon{std::chrono::seconds(1'795'434'400)};
  TlsMemory memory{.roll = {.wanted = true, .next = "ab", .published = noon, .ttl = std::chrono::seconds(86'400)},
                   .silence_until = noon};
  memory.troubles["a.test"] = {.reason = "no \"A\" record", .failures = 2, .since = noon, .not_before = noon};
  memory.zones_here = {"example.com"};
  memory.by_dns["a.test"] = "connection: refused";
  memory.given_by["ab"] = "https://ca.example.net/dir";
  CHECK(parse_tls_memory(render(memory)) == memory);
  CHECK(parse_tls_memory(render(TlsMemory{})) == TlsMemory{});
  for (const char* text :
       {"", "x", "[]", "{\"roll\": 5, \"names\": [1], \"zones_here\": {\"a\": 1}}", "{\"names\": {\"a\": 1}}"}) {
    CAPTURE(text);
    CHECK(parse_tls_memory(text) == TlsMemory{});
  }
  const std::vector<DnsChallenge> challenges = {{.name = "_acme-challenge.a.test", .value = "x", .since = noon}};
  CHECK(parse_challenges(render(challenges), noon) == challenges);
  CHECK(parse_challenges(render(challenges), noon + std::chrono::hours(25)).empty());
  CHECK(parse_challenges("{\"a\": 1}", noon).empty());
}

TEST_CASE("memory: each failure waits longer, a day at most", "[tls]") {
  CHECK(back_off(1, 0) == std::chrono::hours(1));
  CHECK(back_off(2, 0) == std::chrono::hours(2));
  CHECK(back_off(5, 0) == std::chrono::hours(16));
  CHECK(back_off(6, 0) == std::chrono::hours(24));
  CHECK(back_off(1000, 0) == std::chrono::hours(24));
  CHECK(back_off(1, 1) == std::chrono::minutes(66));
}

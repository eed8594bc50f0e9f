#include <nlohmann/json.hpp>
#include <set>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "box/mail/tls_report.hpp"
#include "box/mail/tls_report_store.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr std::int64_t k_day = 20'785;  // 2026-11-28
const TlsReporter k_reporter{.host = "box.example.com", .contact = "administrator@box.example.com"};

// As libtlsrpt 0.5.0 writes it, blanks included.
const std::string k_failure =
    R"({"dpv": "1","d": "example.org","pr": "v=TLSRPTv1; rua=mailto:tls@example.org","policies":[{"policy-type":2,)"
    R"("policy-domain": "example.org","policy-string":["version: STSv1","mode: enforce","mx: *.example.org"],)"
    R"("mx-host":["*.example.org"],"failure-details":[{"c":204,"s": "192.0.2.1","n": "mx.example.org",)"
    R"("h": "250-mx.example.org\r\n250-STARTTLS\r\n250 8BITMIME","r": "198.51.100.7","f": "X509_V_ERR"}],"t":1,"f":1}]})";
const std::string k_success =
    R"({"dpv": "1","d": "example.org","pr": "v=TLSRPTv1; rua=mailto:tls@example.org","policies":[{"policy-type":9,)"
    R"("policy-domain": "example.org","t":0,"f":0}]})";

// Like a failure of that text, of the server with this name.
std::string failure_at(const std::string& server) { return replaced(k_failure, "mx.example.org\",", server + "\","); }

struct ReportStore {
  test::TestHost host{};
  TlsReportLimits limits{};
  std::string path = host.real("/var/reports.sqlite");

  TlsReport report(const std::vector<std::string>& datagrams, std::int64_t* left_out = nullptr) {
    TlsReportStore store(path, limits);
    std::vector<TlsObservation> observations;
    for (const std::string& datagram : datagrams) observations.push_back(read_tls_observation(datagram));
    const std::int64_t missing = store.add(observations, k_day);
    if (left_out != nullptr) *left_out = missing;
    const auto stored = store.before(k_day + 1);
    REQUIRE_FALSE(stored.empty());
    return store.load(stored.front());
  }
};

}  // namespace

TEST_CASE("TLS reports: what Postfix tells is read", "[box]") {
  const TlsObservation observed = read_tls_observation(k_failure);
  CHECK(observed.domain == "example.org");
  CHECK(observed.record == "v=TLSRPTv1; rua=mailto:tls@example.org");
  REQUIRE(observed.policies.size() == 1);
  CHECK(observed.policies[0].policy ==
        R"({"policy-type":"sts","policy-string":["version: STSv1","mode: enforce","mx: *.example.org"],)"
        R"("policy-domain":"example.org","mx-host":["*.example.org"]})");
  CHECK_FALSE(observed.policies[0].succeeded);
  REQUIRE(observed.policies[0].failures.size() == 1);
  CHECK(observed.policies[0].failures[0] ==
        R"({"result-type":"certificate-expired","sending-mta-ip":"192.0.2.1","receiving-mx-hostname":"mx.example.org",)"
        R"("receiving-mx-helo":"mx.example.org","receiving-ip":"198.51.100.7","failure-reason-code":"X509_V_ERR"})");
  CHECK(read_tls_observation(replaced(k_failure, R"("dpv": "1",)", "")).record == observed.record);  // 0.5.0rc1
  const TlsObservation good = read_tls_observation(k_success);
  CHECK(good.policies[0].succeeded);
  CHECK(good.policies[0].policy == R"({"policy-type":"no-policy-found","policy-domain":"example.org"})");
}

TEST_CASE("TLS reports: every result and policy of libtlsrpt has its name", "[box]") {
  const std::vector<std::pair<std::string, std::string>> results = {
      {"201", "starttls-not-supported"},
      {"202", "certificate-host-mismatch"},
      {"203", "certificate-not-trusted"},
      {"204", "certificate-expired"},
      {"205", "validation-failure"},
      {"301", "sts-policy-fetch-error"},
      {"302", "sts-policy-invalid"},
      {"303", "sts-webpki-invalid"},
      {"304", "tlsa-invalid"},
      {"305", "dnssec-invalid"},
      {"306", "dane-required"},
  };
  for (const auto& [number, name] : results) {
    const auto observed = read_tls_observation(replaced(k_failure, "\"c\":204", "\"c\":" + number));
    CHECK_THAT(observed.policies[0].failures[0], Contains("\"" + name + "\""));
  }
  const auto tlsa = read_tls_observation(replaced(k_failure, "\"policy-type\":2", "\"policy-type\":1"));
  CHECK_THAT(tlsa.policies[0].policy, Contains("\"tlsa\""));
}

TEST_CASE("TLS reports: what is no such datagram is refused", "[box]") {
  const auto refused = [](const std::string& from, const std::string& to) {
    const std::string datagram = replaced(k_failure, from, to);
    INFO(datagram);
    REQUIRE(datagram != k_failure);
    CHECK_THROWS_AS(read_tls_observation(datagram), Error);
  };
  refused(R"("dpv": "1")", R"("dpv": "2")");
  refused(R"("dpv": "1")", R"("dpv": 1)");
  refused(R"("d": "example.org")", R"("d": "")");
  refused(R"("d": "example.org")", R"("d": "example.org\nBcc: you")");
  refused(R"("d": "example.org")", R"("d": "localhost")");
  refused(R"("d": "example.org")", R"("d": ["example.org"])");
  refused(R"("policy-domain": "example.org")", R"("policy-domain": "../etc")");
  refused(R"("policy-type":2)", R"("policy-type":3)");
  refused(R"("policy-type":2)", R"("policy-type":"2")");
  refused(R"("policy-type":2)", R"("policy-type":1e400)");
  refused(R"("c":204)", R"("c":901)");
  refused(R"("f":1})", R"("f":2})");
  refused(R"("mx-host":["*.example.org"])", R"("mx-host":[{}])");
  refused(R"("mx-host":["*.example.org"])", R"("mx-host":"*.example.org")");
  refused(R"(,"t":1,"f":1}]})", "");
  for (const std::string& datagram : {std::string(), std::string("[]"), std::string("null"), std::string("\0", 1),
                                      std::string(60'000, '['), std::string(R"({"dpv":"1","d":"a.example"})")}) {
    CHECK_THROWS_AS(read_tls_observation(datagram), Error);
  }
}

TEST_CASE("TLS reports: whatever a stranger's server says stays a short line of ASCII", "[box]") {
  std::string datagram =
      replaced(k_failure, "250-mx.example.org\\r\\n", "\xff\xfe\\u001b[2J \\\"h\\u0000\\u00e9\\r\\n");
  datagram = replaced(datagram, "X509_V_ERR", std::string(10'000, 'x'));
  datagram = replaced(datagram, "192.0.2.1", "; rm -rf /");
  const auto observed = read_tls_observation(datagram);
  const Json failure = parse_json(observed.policies[0].failures[0], "");
  CHECK(failure.at("receiving-mx-helo").get<std::string>() == "???[2J \"h???");
  CHECK(failure.at("failure-reason-code").get<std::string>().size() == 255);
  CHECK_FALSE(failure.contains("sending-mta-ip"));
}

TEST_CASE("TLS reports: of lists only so many items are kept", "[box]") {
  std::string items;
  std::string failures;
  for (int i = 0; i < 500; ++i) {
    items += "\"mx: " + std::to_string(i) + "\",";
    failures += R"({"c":201},)";
  }
  std::string datagram = replaced(k_failure, "\"version: STSv1\",", items);
  datagram = replaced(datagram, "\"failure-details\":[", "\"failure-details\":[" + failures);
  const auto observed = read_tls_observation(datagram);
  CHECK(parse_json(observed.policies[0].policy, "").at("policy-string").size() == 40);
  CHECK(observed.policies[0].failures.size() == 8);
}

TEST_CASE("TLS reports: where a domain wants them", "[box]") {
  using Places = std::vector<std::string>;
  const auto places = [](const std::string& rua) {
    return tls_report_destinations("v=TLSRPTv1; " + rua, "box.example.com");
  };
  CHECK(places("rua=mailto:tls@example.org") == Places{"mailto:tls@example.org"});
  CHECK(places(" rua = HTTPS://tls.example.org:8443/r?a=b , mailto:tls%2Bx@EXAMPLE.org?subject=x ;") ==
        Places{"https://tls.example.org:8443/r?a=b", "mailto:tls+x@example.org"});
  for (const char* rua : {"",
                          "rua=",
                          "rua=mailto",
                          "rua=https",
                          "rua=mailto:",
                          "rua=mailto:-bs@example.org",
                          "rua=mailto:a@b@c.example",
                          "rua=mailto:a%0ab@example.org",
                          "rua=mailto:a%2",
                          "rua=mailto:%",
                          "rua=mailto:\"a b\"@example.org",
                          "rua=mailto:root@localhost",
                          "rua=mailto:a@[192.0.2.1]",
                          "rua=http://example.org/",
                          "rua=https://",
                          "rua=https:///x",
                          "rua=https://a@example.org/",
                          "rua=https://example.org/ x",
                          "rua=https://example.org/\"",
                          "rua=file:///etc/passwd",
                          "rua",
                          "sp=mailto:a@example.org"}) {
    INFO(rua);
    CHECK(places(rua).empty());
  }
  CHECK(tls_report_destinations("v=DMARC1; rua=mailto:a@example.org", "").empty());
  CHECK(tls_report_destinations("", "").empty());
  std::string many = "rua=";
  for (int i = 0; i < 100; ++i) many += "mailto:a" + std::to_string(i) + "@example.org,";
  CHECK(places(many).size() == 5);
}

TEST_CASE("TLS reports: a day's connections are added up, by policy and failure", "[box]") {
  ReportStore store;
  TlsReport report = store.report({k_failure, k_success, k_failure, failure_at("mx2.example.org"), k_success});
  CHECK(report.domain == "example.org");
  CHECK(report.record == "v=TLSRPTv1; rua=mailto:tls@example.org");
  REQUIRE(report.policies.size() == 2);
  CHECK(report.policies[0].successes == 0);
  CHECK(report.policies[0].failures == 3);
  REQUIRE(report.policies[0].details.size() == 2);
  CHECK(report.policies[0].details[0].sessions + report.policies[0].details[1].sessions == 3);
  CHECK(report.policies[1].successes == 2);
  CHECK(report.policies[1].failures == 0);
  SECTION("also after a restart, and with the newest record") {
    report = store.report({replaced(k_failure, "tls@example.org", "new@example.org")});
    CHECK(report.record == "v=TLSRPTv1; rua=mailto:new@example.org");
    CHECK(report.policies[0].failures == 4);
  }
}

// The keys and their forms by hand, from the schema in RFC 8460 section 4.4.
TEST_CASE("TLS reports: the report has the form of RFC 8460", "[box]") {
  ReportStore store;
  const TlsReport report = store.report({k_failure, k_failure, k_success});
  const Json json = parse_json(tls_report_json(report, k_reporter), "the report");
  CHECK(json.at("organization-name") == "box.example.com");
  CHECK(json.at("date-range").at("start-datetime") == "2026-11-28T00:00:00Z");
  CHECK(json.at("date-range").at("end-datetime") == "2026-11-28T23:59:59Z");
  CHECK(json.at("contact-info") == "administrator@box.example.com");
  CHECK(json.at("report-id") == tls_report_id(report, k_reporter));
  REQUIRE(json.at("policies").size() == 2);
  const Json& failed = json.at("policies")[0];
  CHECK(failed.at("policy").at("policy-type") == "sts");
  CHECK(failed.at("policy").at("policy-string").is_array());
  CHECK(failed.at("policy").at("policy-domain") == "example.org");
  CHECK(failed.at("policy").at("mx-host").is_array());
  CHECK(failed.at("summary") == Json{{"total-successful-session-count", 0}, {"total-failure-session-count", 2}});
  REQUIRE(failed.at("failure-details").size() == 1);
  CHECK(failed.at("failure-details")[0] == Json{{"result-type", "certificate-expired"},
                                                {"sending-mta-ip", "192.0.2.1"},
                                                {"receiving-mx-hostname", "mx.example.org"},
                                                {"receiving-mx-helo", "mx.example.org"},
                                                {"receiving-ip", "198.51.100.7"},
                                                {"failure-reason-code", "X509_V_ERR"},
                                                {"failed-session-count", 2}});
  CHECK(json.at("policies")[1].at("summary").at("total-successful-session-count") == 1);
  CHECK_FALSE(json.at("policies")[1].contains("failure-details"));
}

TEST_CASE("TLS reports: the message has the headers of RFC 8460 and the report as it is", "[box]") {
  ReportStore store;
  const TlsReport report = store.report({k_failure});
  const auto now = std::chrono::system_clock::time_point(std::chrono::hours(24 * (k_day + 1) + 2));
  const std::string text = tls_report_message(report, k_reporter, "tls@example.org", now);
  const std::string id = tls_report_id(report, k_reporter);
  const std::string headers = text.substr(0, text.find("\n\n"));
  for (const std::string& header :
       {std::string("From: administrator@box.example.com\n"), std::string("To: tls@example.org\n"),
        std::string("Date: Sun, 29 Nov 2026 02:00:00 +0000\n"), "Message-ID: <" + id + ">\n",
        "Subject: Report Domain: example.org\n\tSubmitter: box.example.com\n\tReport-ID: <" + id + ">\n",
        std::string("TLS-Report-Domain: example.org\n"), std::string("TLS-Report-Submitter: box.example.com\n"),
        std::string("TLS-Required: No\n"), std::string("Content-Type: multipart/report; report-type=\"tlsrpt\";\n")}) {
    CHECK_THAT(headers, Contains(header));
  }
  CHECK_THAT(text, Contains("Content-Type: application/tlsrpt+json\n"));
  CHECK_THAT(text, Contains("filename=\"box.example.com!example.org!1795824000!1795910399.json\"\n"));
  const std::size_t begin = text.find("json\"\n\n") + 7;
  const std::string encoded = text.substr(begin, text.find("\n\n--", begin) - begin);
  CHECK(from_base64(replaced(encoded, "\n", "")) == tls_report_json(report, k_reporter));
  for (const auto line : lines_of(text)) CHECK(line.size() <= 100);
}

TEST_CASE("TLS reports: each is due in the first hours of the next day, at its own time", "[box]") {
  const auto midnight = std::chrono::system_clock::time_point(std::chrono::hours(24 * (k_day + 1)));
  std::set<std::chrono::system_clock::time_point> times;
  for (int i = 0; i < 50; ++i) {
    const auto due = tls_report_due(k_day, "a" + std::to_string(i) + ".example", "box.example.com");
    CHECK(due >= midnight + std::chrono::minutes(10));
    CHECK(due < midnight + std::chrono::minutes(4 * 60 + 10));
    times.insert(due);
  }
  CHECK(times.size() > 40);
  CHECK(tls_report_due(k_day, "a.example", "b") == tls_report_due(k_day, "a.example", "b"));
}

TEST_CASE("TLS reports: nobody fills the disk", "[box]") {
  ReportStore store;
  std::int64_t left_out = 0;
  SECTION("with domains") {
    store.limits.domains = 3;
    std::vector<std::string> datagrams;
    for (int i = 0; i < 10; ++i) {
      datagrams.push_back(replaced(k_success, "example.org", "a" + std::to_string(i) + ".example.org"));
    }
    store.report(datagrams, &left_out);
    CHECK(left_out == 7);
    CHECK(TlsReportStore(store.path).before(k_day + 1).size() == 3);
  }
  SECTION("with policies") {
    store.limits.policies = 3;
    std::vector<std::string> datagrams;
    for (int i = 0; i < 10; ++i) datagrams.push_back(replaced(k_failure, "STSv1", "STSv" + std::to_string(i)));
    const TlsReport report = store.report(datagrams, &left_out);
    CHECK(left_out == 7);
    CHECK(report.policies.size() == 3);
  }
  SECTION("with failures: the rest is counted by what failed") {
    store.limits.failures = 3;
    std::vector<std::string> datagrams;
    for (int i = 0; i < 10; ++i) datagrams.push_back(failure_at("mx" + std::to_string(i) + ".example.org"));
    const TlsReport report = store.report(datagrams, &left_out);
    CHECK(left_out == 0);
    CHECK(report.policies[0].failures == 10);
    REQUIRE(report.policies[0].details.size() == 4);
    std::int64_t sessions = 0;
    for (const auto& detail : report.policies[0].details) {
      sessions += detail.sessions;
      if (detail.failure == R"({"result-type":"certificate-expired"})") CHECK(detail.sessions == 7);
    }
    CHECK(sessions == 10);
  }
  SECTION("with bytes: what fits stays as it is") {
    store.limits.pages = 20;
    std::vector<std::string> datagrams;
    for (int i = 0; i < 200; ++i) {
      datagrams.push_back(replaced(replaced(k_failure, "STSv1", "STSv" + std::to_string(i) + std::string(500, 'x')),
                                   "example.org", "a" + std::to_string(i) + ".example.org"));
    }
    CHECK_THROWS_WITH(store.report(datagrams), Contains("full"));
    CHECK(store.report({k_success}).policies[0].successes == 1);
  }
  SECTION("with days") {
    TlsReportStore days(store.path);
    for (int i = 0; i < 30; ++i) days.add({read_tls_observation(k_success)}, k_day + i);
    CHECK(days.before(k_day + 30).size() == 4);
  }
}

TEST_CASE("TLS reports: a database that is damaged, or of another version, is made again", "[box]") {
  ReportStore store;
  SECTION("no database") { store.host.put("/var/reports.sqlite", std::string(5000, 'x')); }
  SECTION("another version") {
    Database database(store.path, Database::Access::create);
    database.execute("CREATE TABLE reports (id); PRAGMA user_version = 9");
  }
  CHECK(store.report({k_success}).policies[0].successes == 1);
}

TEST_CASE("TLS reports: only one of two senders gets a report", "[box]") {
  ReportStore store;
  store.report({k_success});
  TlsReportStore one(store.path);
  TlsReportStore other(store.path);
  const auto seen = one.before(k_day + 1);
  CHECK(other.before(k_day + 1).size() == 1);
  const auto later = std::chrono::system_clock::time_point(std::chrono::hours(500'000));
  CHECK(one.claim(seen[0], later));
  CHECK_FALSE(other.claim(seen[0], later));
  CHECK(one.before(k_day).empty());
  CHECK(other.before(k_day + 1)[0].attempts == 1);
  CHECK(other.before(k_day + 1)[0].next_attempt == later);
  one.forget(seen[0]);
  CHECK(other.before(k_day + 1).empty());
}

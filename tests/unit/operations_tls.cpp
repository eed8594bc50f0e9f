// Certificates from an authority, from elsewhere, and the roll of the key, through the command line.
#include "base/error.hpp"
#include "operations/tls/memory.hpp"
#include "os/lock.hpp"
#include "support/catch.hpp"
#include "support/tls_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using Hours = std::chrono::hours;
using Words = std::vector<std::string>;

std::string result_of(const TlsBox& box, const nlohmann::json& object, const std::string& name) {
  const nlohmann::json* request = box.request_for(object, name);
  return request == nullptr ? "" : (*request)["result"].get<std::string>();
}

nlohmann::json status_of(TlsBox& box, const std::string& name) {
  const nlohmann::json object = box.run_json({"tls", "status"});
  for (const nlohmann::json& one : object["names"]) {
    if (one["name"] == name) return one;
  }
  return nlohmann::json::object();
}

std::string current_digest(TlsBox& box) {
  return public_key_digest(key_from_pem(box.host.content(k_ssl + std::string("ssl_private_key.pem"))));
}
std::string next_digest(TlsBox& box) {
  return public_key_digest(key_from_pem(box.host.content(k_ssl + std::string("next_private_key.pem"))));
}

// The files of the store with their contents.
std::map<std::string, std::string> store_of(TlsBox& box) {
  std::map<std::string, std::string> files;
  for (const auto& [path, what] : box.host.snapshot()) {
    if (path.starts_with(k_ssl)) files[path] = what;
  }
  return files;
}

}  // namespace

TEST_CASE("provision: names that lead here get one certificate a zone, and services read it", "[tls]") {
  TlsBox box;
  box.set_up_here();
  const auto object = box.run_json({"tls", "provision"});
  CHECK(result_of(box, object, "www.example.com") == "installed");
  REQUIRE(box.orders() == 1);
  CHECK_THAT(box.asked_names.front(), StartsWith("DNS:box.example.com,DNS:example.com,"));
  CHECK(box.host.link_target(k_ssl + std::string("ssl_certificate.pem")).starts_with("box.example.com-20270221-"));
  const auto served = certificate_from_pem(box.served("box.example.com"));
  CHECK(served->signed_by() == "Test Trust (T1)");
  CHECK(key_from_pem(box.served("box.example.com")));
  CHECK_FALSE(box.host.exists("/var/lib/mailinabox/tls-order"));  // nothing of the order is left
  const auto status = status_of(box, "www.example.com");
  CHECK(status["status"] == "success");
  CHECK_THAT(status["text"].get<std::string>(),
             StartsWith("Signed & valid. The certificate expires in 90 days on 2027-02-21."));
  CHECK(status["signed_by"] == "Test Trust (T1)");
  CHECK_FALSE(status.contains("problem"));
  // Nobody is asked again.
  CHECK(box.run({"tls", "provision"}) == ExitCode::ok);
  CHECK(box.orders() == 1);
  CHECK_THAT(box.output.str(), Contains("Every name has a certificate"));
}

TEST_CASE("provision: at the end of a first setup whose name leads here", "[tls]") {
  TlsBox box;
  box.lead_here(TlsBox::names_of_box());
  REQUIRE(box.run({"setup"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(),
             Contains("Its certificate is signed by Test Trust (T1).") && Contains("Installed: box.example.com"));
  CHECK_THAT(box.errors.str(), Contains("terms of service"));
  box.dns.asked.clear();
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("Nothing to do"));
  CHECK(box.orders() == 1);
  CHECK(box.dns.asked.empty());
}

TEST_CASE("provision: nobody is asked with ACME_DIRECTORY=none, or from a private address", "[tls]") {
  TlsBox box;
  box.console.variables["ACME_DIRECTORY"] = "none";
  box.lead_here(TlsBox::names_of_box());
  box.set_up();
  box.dns.asked.clear();
  CHECK(box.run({"tls", "provision"}) == ExitCode::ok);
  CHECK(box.orders() == 0);
  CHECK_FALSE(mailinabox::contains(box.dns.asked, std::string("192.0.2.53 www.example.com")));
  CHECK_THAT(box.output.str(), Contains("ACME_DIRECTORY is none"));
  CHECK_THAT(status_of(box, "example.com")["problem"].get<std::string>(), Contains("ACME_DIRECTORY is none"));
  CHECK_FALSE(box.run_json({"tls", "status"})["can_provision"].contains("example.com"));
}

TEST_CASE("provision: a name that does not lead here is left out, with the reason and the remedy", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.dns.put("192.0.2.53", "www.example.com", DnsType::a, {"203.0.113.9"});
  const auto object = box.run_json({"tls", "provision"});
  CHECK(result_of(box, object, "www.example.com") == "skipped");
  CHECK(result_of(box, object, "example.com") == "installed");
  CHECK_THAT((*box.request_for(object, "www.example.com"))["log"][0].get<std::string>(),
             StartsWith("The domain name does not resolve to this machine: 203.0.113.9 (A)."));
  CHECK_THAT(status_of(box, "www.example.com")["problem"].get<std::string>(), Contains("203.0.113.9 (A)"));
  CHECK(status_of(box, "www.example.com")["text"] == "No certificate installed.");
}

TEST_CASE("provision: a name that custom records lead elsewhere", "[tls]") {
  TlsBox box;
  box.set_up_here();
  REQUIRE(box.run({"dns", "set", "www.example.com", "A", "203.0.113.9"}) == ExitCode::ok);
  const auto object = box.run_json({"tls", "provision"});
  CHECK_THAT((*box.request_for(object, "www.example.com"))["log"][0].get<std::string>(),
             StartsWith("The domain has a custom DNS A/AAAA record that points the domain elsewhere"));
  CHECK(status_of(box, "www.example.com")["status"] == "not-applicable");
}

TEST_CASE("provision: a name that the authority refuses is taken out, the rest asked for again", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.refusal = [](const std::string& names) {
    return names.find("DNS:www.example.com") == std::string::npos ? "" : refused_name("www.example.com");
  };
  const auto object = box.run_json({"tls", "provision"});
  CHECK(box.orders() == 2);
  CHECK(result_of(box, object, "www.example.com") == "error");
  CHECK(result_of(box, object, "example.com") == "installed");
  CHECK_THAT(status_of(box, "www.example.com")["problem"].get<std::string>(), Contains("connection: no route"));
  CHECK_THAT((*box.request_for(object, "www.example.com"))["log"][1].get<std::string>(),
             Contains("/var/log/mailinabox/letsencrypt.log"));
  CHECK(object["alarms"].empty());  // the first failure is nobody's business yet
}

TEST_CASE("provision: what the authority does not find over HTTP is validated by DNS if the zone is here", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.serve_the_zone();
  const auto over_http = [&](const std::string& names) {
    const bool asked = names.find("DNS:www.example.com") != std::string::npos && !box.by_dns();
    return asked ? refused_name("www.example.com") : "";
  };
  box.refusal = over_http;
  const auto object = box.run_json({"tls", "provision"});
  CHECK(box.orders() == 3);
  CHECK(box.asked_names.back() == "DNS:www.example.com");
  CHECK(box.by_dns());
  const nlohmann::json& request = *box.request_for(object, "www.example.com");
  CHECK(request["result"] == "installed");
  CHECK(request["log"][1] ==
        "Validated by DNS, as the authority does not find www.example.com over HTTP (port 80): connection: no route.");
  CHECK(result_of(box, object, "example.com") == "installed");
  CHECK(status_of(box, "www.example.com")["status"] == "success");

  // It is remembered: nothing fails at the next renewal.
  const auto renew = [&] {
    box.host.clock.advance(Hours(24 * 70));
    const std::size_t before = box.orders();
    static_cast<void>(box.run({"tls", "provision", "--due", "--quiet"}));
    return box.orders() - before;
  };
  CHECK(renew() == 2);
  CHECK(box.by_dns());
  CHECK(box.output.str().empty());

  // What is refused by DNS as well is asked for over HTTP the next time.
  box.refusal = [&](const std::string& names) {
    return names == "DNS:www.example.com" ? refused_name("www.example.com") : "";
  };
  CHECK(renew() == 2);
  CHECK(box.by_dns());
  box.refusal = over_http;
  box.host.clock.advance(Hours(2));
  const auto again = box.run_json({"tls", "provision", "www.example.com"});
  CHECK(result_of(box, again, "www.example.com") == "installed");
  CHECK(box.orders_made[box.orders_made.size() - 2].argv != box.orders_made.back().argv);
  CHECK_THAT(status_of(box, "www.example.com")["note"].get<std::string>(),
             StartsWith("Validated by DNS, as the authority does not find www.example.com over HTTP (port 80)"));

  // Who asks for it by name has perhaps opened port 80.
  box.refusal = nullptr;
  box.host.clock.advance(Hours(24 * 70));
  CHECK(box.run({"tls", "provision", "www.example.com"}) == ExitCode::ok);
  CHECK_FALSE(box.by_dns());
  CHECK_FALSE(status_of(box, "www.example.com").contains("note"));

  // A name that the authority gives no certificate for is not looked for elsewhere.
  box.refusal = [](const std::string&) {
    return logged_answer(403, "", R"({"type": "urn:ietf:params:acme:error:caa", "detail": "no", "subproblems": [
      {"type": "urn:ietf:params:acme:error:caa", "detail": "no", "identifier": {"value": "example.com"}}]})");
  };
  box.host.clock.advance(Hours(24 * 70));
  const std::size_t before = box.orders();
  static_cast<void>(box.run({"tls", "provision", "example.com"}));
  CHECK(box.orders() == before + 1);
}

TEST_CASE("provision: both ways refused, both reasons said", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.serve_the_zone();
  box.on_order = [&] {
    if (box.orders() == 2) box.host.put("/var/lib/mailinabox/tls-order/no-record", "192.0.2.7 has no record.");
  };
  box.refusal = [&](const std::string&) {
    return box.orders() == 1 ? refused_name("www.example.com")
                             : replaced(refused_name("www.example.com"), "connection", "unauthorized");
  };
  const auto object = box.run_json({"tls", "provision", "www.example.com"});
  CHECK(box.orders() == 2);
  CHECK((*box.request_for(object, "www.example.com"))["log"][0] ==
        "The authority refuses it, over HTTP (connection: no route) and by DNS: unauthorized: no route. 192.0.2.7 has "
        "no record.");
  // Each order's log is there.
  const std::string log = box.host.content("/var/log/mailinabox/letsencrypt.log");
  CHECK(log.find("error:connection") < log.find("error:unauthorized"));
  CHECK(log.find("error:unauthorized") != std::string::npos);
}

TEST_CASE("provision: a name that was to be asked for by DNS when the authority had enough", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.serve_the_zone();
  box.refusal = [&](const std::string&) {
    return box.orders() == 1
               ? refused_name("www.example.com")
               : logged_answer(429, "Retry-After: 7200\n",
                               R"({"type": "urn:ietf:params:acme:error:rateLimited", "detail": "enough"})");
  };
  const auto object = box.run_json({"tls", "provision"});
  CHECK(box.orders() == 2);
  CHECK((*box.request_for(object, "www.example.com"))["log"][0] ==
        "The authority refuses it over HTTP: connection: no route.");
  box.refusal = nullptr;
  box.host.clock.advance(Hours(1) + std::chrono::minutes(30));  // longer than a first failure would wait
  static_cast<void>(box.run({"tls", "provision", "--due"}));
  CHECK(box.orders() == 2);
  box.host.clock.advance(Hours(1));
  static_cast<void>(box.run({"tls", "provision", "--due"}));
  CHECK(box.asked_names.back() == "DNS:www.example.com");
  CHECK(box.by_dns());
}

TEST_CASE("provision: names that custom records hand to others' name servers are not tried by DNS", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.serve_the_zone();
  REQUIRE(box.run({"dns", "set", "_acme-challenge.www.example.com", "CNAME", "x.example.net"}) == ExitCode::ok);
  box.refusal = [&](const std::string&) { return refused_name("www.example.com"); };
  static_cast<void>(box.run({"tls", "provision", "www.example.com"}));
  CHECK(box.orders() == 1);
  box.console.variables = {{"CERTBOT_DOMAIN", "www.example.com"}, {"CERTBOT_VALIDATION", "the-value"}};
  CHECK_THROWS_WITH(box.run({"tls", "challenge"}), Contains("a custom CNAME record stands there"));
  CHECK_THAT(box.host.content("/var/lib/mailinabox/tls-order/no-record"), Contains("a custom CNAME record"));
}

TEST_CASE("provision: too many requests of this box concern every name", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.add_domain();
  box.refusal = [](const std::string&) {
    return logged_answer(429, "", R"({"type": "urn:ietf:params:acme:error:rateLimited",
                                      "detail": "too many new orders (300) from this account in the last 3h0m0s"})");
  };
  static_cast<void>(box.run({"tls", "provision"}));
  CHECK(box.orders() == 1);
}

TEST_CASE("provision: an authority that is down costs nothing, and is asked less and less often", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.lifetime = Hours(6 * 24);
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  const auto good = store_of(box);
  box.refusal = [](const std::string&) { return "2026-11-29 21:10:31,887:DEBUG:urllib3:nothing\n"; };
  box.host.clock.advance(Hours(4 * 24 + 12));  // due, and not urgent
  CHECK(box.run({"tls", "provision", "--due", "--quiet"}) == ExitCode::ok);
  CHECK(box.output.str().empty());
  CHECK(box.orders() == 2);
  CHECK(box.run({"tls", "provision", "--due", "--quiet"}) == ExitCode::ok);
  CHECK(box.orders() == 2);  // not before an hour has passed
  box.host.clock.advance(std::chrono::minutes(70));
  CHECK(box.run({"tls", "provision", "--due", "--quiet"}) == ExitCode::ok);
  CHECK(box.orders() == 3);
  CHECK_THAT(box.output.str(),
             Contains("could not get certificates") && Contains("Some challenges have failed"));  // the second
  CHECK(store_of(box) == good);
  CHECK(box.run({"tls", "provision"}) == ExitCode::failed);  // a person is not kept waiting
  box.refusal = nullptr;
  box.host.clock.advance(Hours(5));
  CHECK(box.run({"tls", "provision", "--due", "--quiet"}) == ExitCode::ok);
  CHECK(box.output.str().empty());
  CHECK(certificate_from_pem(box.served("box.example.com"))->until > box.host.clock.now() + Hours(5 * 24));
}

TEST_CASE("provision: less than a sixth of the lifetime left is said at the first failure", "[tls]") {
  TlsBox box;
  box.set_up_here();
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  box.host.clock.advance(Hours(24 * 80));
  box.refusal = [](const std::string&) {
    return logged_answer(503, "", R"({"type": "urn:ietf:params:acme:error:serverInternal", "detail": "maintenance"})");
  };
  CHECK(box.run({"tls", "provision", "--due", "--quiet"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("serverInternal: maintenance"));
}

// The authority wants to be left alone for 20,000 seconds, longer than a first failure would wait. Then `renewed` more
// orders are made.
void check_waiting(TlsBox& box, int status, const std::string& problem, std::size_t renewed) {
  box.refusal = [&](const std::string&) { return logged_answer(status, "Retry-After: 20000\n", problem); };
  CHECK(box.run({"tls", "provision"}) == ExitCode::failed);
  CHECK(box.orders() == 1);
  box.refusal = nullptr;
  box.host.clock.advance(std::chrono::seconds(19'000));
  static_cast<void>(box.run({"tls", "provision", "--due"}));
  CHECK(box.orders() == 1);
  box.host.clock.advance(std::chrono::seconds(2'000));
  static_cast<void>(box.run({"tls", "provision", "--due"}));
  CHECK(box.orders() == 1 + renewed);
}

TEST_CASE("provision: the authority's Retry-After is kept", "[tls]") {
  TlsBox box;
  box.set_up_here();
  check_waiting(box, 429, R"({"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many"})", 1);
}

TEST_CASE("provision: an authority that wants to be left alone is not asked for any name", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.add_domain();
  check_waiting(box, 503, R"({"type": "urn:ietf:params:acme:error:serverInternal", "detail": "maintenance"})", 2);
}

TEST_CASE("setup with nothing to do reads each certificate of the store once", "[tls]") {
  TlsBox box;
  box.set_up_here();
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  const Key key = key_from_pem(box.host.content(k_ssl + std::string("ssl_private_key.pem")));
  const auto now = box.host.clock.now();
  for (const std::string name : {"old.example.com", "older.example.com"})
    box.host.put(k_ssl + name + ".pem", box.authority.issue("DNS:" + name, key, now - Hours(2000), now));
  REQUIRE(box.run({"setup"}) == ExitCode::ok);
  box.host.clear_log();
  REQUIRE(box.run({"setup"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("Nothing to do"));
  std::map<std::string, int> reads;
  for (const std::string& line : box.host.accesses()) {
    if (line.starts_with("read ")) ++reads[line.substr(5)];
  }
  int certificates = 0;
  for (const auto& [path, times] : reads) {
    if (!path.starts_with(k_ssl) || path.find("private_key") != std::string::npos) continue;
    if (path.find("/served/") != std::string::npos) continue;
    CHECK(std::pair(path, times) == std::pair(path, 1));
    ++certificates;
  }
  CHECK(certificates == 4);  // the authority's, the self-signed one, and the two; none through the link
}

TEST_CASE("provision: renewed with a third of the lifetime left, and the old file goes later", "[tls]") {
  TlsBox box;
  box.set_up_here();
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  const std::string first = box.host.link_target(k_ssl + std::string("ssl_certificate.pem"));
  box.host.clock.advance(Hours(24 * 50));
  static_cast<void>(box.run({"tls", "provision", "--due"}));
  CHECK(box.orders() == 1);
  box.host.clock.advance(Hours(24 * 11));
  static_cast<void>(box.run({"tls", "provision", "--due"}));
  CHECK(box.orders() == 2);
  CHECK(box.host.link_target(k_ssl + std::string("ssl_certificate.pem")) != first);
  CHECK(box.host.exists(k_ssl + first));
  box.host.clock.advance(Hours(24 * 37));
  static_cast<void>(box.run({"tls", "provision", "--due"}));
  CHECK_FALSE(box.host.exists(k_ssl + first));
  CHECK(box.host.exists("/home/user-data/ssl.expired/" + first));
}

TEST_CASE("provision: what a run that was cut off had been given is installed by the next", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.on_order = [&] { throw std::runtime_error("killed"); };
  CHECK_THROWS(box.run({"tls", "provision"}));
  box.on_order = nullptr;
  const Key key = key_from_pem(box.host.content(k_ssl + std::string("ssl_private_key.pem")));
  const auto now = box.host.clock.now();
  box.host.put("/var/lib/mailinabox/tls-order/whole.pem",
               box.authority.issue("DNS:box.example.com,DNS:example.com", key, now, now + Hours(2000)) +
                   box.authority.intermediate());
  const auto object = box.run_json({"tls", "provision", "box.example.com"});
  CHECK(box.orders() == 1);  // the one that was cut off
  CHECK(result_of(box, object, "box.example.com") == "skipped");
  CHECK_THAT(box.host.content("/var/lib/mailinabox/tls.json"), Contains("https://acme-v02.api.letsencrypt.org"));
  CHECK(certificate_from_pem(box.served("box.example.com"))->signed_by() == "Test Trust (T1)");
  CHECK_FALSE(box.host.exists("/var/lib/mailinabox/tls-order"));
}

TEST_CASE("provision: a bought certificate that is due is not asked for again and again", "[tls]") {
  TlsBox box;
  box.set_up_here();
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  const Key key = key_from_pem(box.host.content(k_ssl + std::string("ssl_private_key.pem")));
  const auto now = box.host.clock.now();
  box.host.put("/root/pem",
               box.authority.issue("DNS:example.com", key, now, now + Hours(24 * 365)) + box.authority.intermediate());
  REQUIRE(box.run({"tls", "import", "example.com", "/root/pem"}) == ExitCode::ok);
  box.host.clock.advance(Hours(24 * 260));
  REQUIRE(box.run({"tls", "provision", "--due"}) == ExitCode::ok);
  const std::size_t before = box.orders();
  for (int hour = 0; hour < 5; ++hour) {
    box.host.clock.advance(Hours(1));
    REQUIRE(box.run({"tls", "provision", "--due"}) == ExitCode::ok);
  }
  CHECK(box.orders() == before);
}

TEST_CASE("provision: what an authority says of one zone keeps no other from its certificate", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.add_domain();
  box.refusal = [](const std::string& names) {
    if (names.find("DNS:box.example.com") == std::string::npos) return std::string();
    return logged_answer(429, "Retry-After: 7200\n",
                         R"({"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many for this set"})");
  };
  const auto object = box.run_json({"tls", "provision"});
  CHECK(result_of(box, object, "box.example.com") == "error");
  CHECK(result_of(box, object, "example.org") == "installed");
  const std::size_t before = box.orders();
  static_cast<void>(box.run({"tls", "provision", "--due"}));
  CHECK(box.orders() == before);
  // One that is down is not asked for the other zones.
  box.refusal = [](const std::string&) {
    return logged_answer(503, "", R"({"type": "urn:ietf:params:acme:error:serverInternal", "detail": "maintenance"})");
  };
  box.host.clock.advance(Hours(24 * 70));
  const auto down = box.run_json({"tls", "provision"});
  CHECK(box.orders() == before + 1);
  CHECK(result_of(box, down, "box.example.com") == "error");
  CHECK(result_of(box, down, "example.org") == "skipped");
}

TEST_CASE("provision: a certificate whose chain nobody trusts does not count, and ends with its authority", "[tls]") {
  TlsBox box;
  box.console.variables["ACME_DIRECTORY"] = "staging";
  box.set_up();
  box.host.put("/etc/ssl/certs/ca-certificates.crt", TestAuthority(box.host.clock.now(), "Another").root());
  box.lead_here(TlsBox::names_of_box());
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  CHECK(box.models().input.mta_sts_id.empty());  // nobody who keeps to a policy would deliver
  CHECK(box.models().input.mta_sts_domains.empty());
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  CHECK(box.orders() == 1);  // it is what this authority gives
  box.host.put("/etc/ssl/certs/ca-certificates.crt", box.authority.root());
  box.console.variables = {{"NONINTERACTIVE", "1"}, {"ACME_DIRECTORY", ""}};
  REQUIRE(box.run({"setup"}) == ExitCode::ok);
  box.host.put("/etc/ssl/certs/ca-certificates.crt", TestAuthority(box.host.clock.now(), "Another").root());
  box.host.clock.advance(Hours(1));
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);  // now it is known to be distrusted
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  CHECK(box.orders() >= 2);
}

TEST_CASE("provision: a mistake in the answers is said once a day", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.host.put("/etc/mailinabox.conf", box.host.content("/etc/mailinabox.conf") + "ACME_CA_FILE=/etc/nothing.pem\n");
  const Words due = {"tls", "provision", "--due", "--quiet"};
  CHECK_THROWS_WITH(box.run(due), Contains("/etc/nothing.pem"));
  box.host.clock.advance(Hours(1));
  CHECK(box.run(due) == ExitCode::ok);
  box.host.clock.advance(Hours(23));
  CHECK_THROWS_WITH(box.run(due), Contains("/etc/nothing.pem"));
  CHECK_THROWS_WITH(box.run({"tls", "provision"}), Contains("/etc/nothing.pem"));
}

TEST_CASE("provision: a run that was cut off after the store is brought to its end", "[tls]") {
  TlsBox box;
  box.set_up_here();
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  const std::string good = box.served("example.com");
  box.host.put("/home/user-data/ssl/served/example.com.pem", "what was there before", 0600);
  REQUIRE(box.run({"tls", "provision", "--due", "--quiet"}) == ExitCode::ok);
  CHECK(box.served("example.com") == good);
  // What no name needs goes.
  box.host.put("/home/user-data/ssl/served/gone.example.net.pem", "old", 0600);
  REQUIRE(box.run({"tls", "provision", "--due", "--quiet"}) == ExitCode::ok);
  CHECK_FALSE(box.host.exists("/home/user-data/ssl/served/gone.example.net.pem"));
}

TEST_CASE("provision: the names that can be given", "[tls]") {
  TlsBox box;
  box.set_up_here();
  const auto object = box.run_json({"tls", "provision", "WWW.example.com."});
  CHECK(box.asked_names == std::vector<std::string>{"DNS:www.example.com"});
  CHECK(object["requests"].size() == 1);
  CHECK_THROWS_WITH(box.run({"tls", "provision", "www.example.net"}),
                    StartsWith("www.example.net is not a name of this box"));
  const auto wildcard = box.run_json({"tls", "provision", "*.example.com"});
  CHECK_THAT((*box.request_for(wildcard, "*.example.com"))["log"][0].get<std::string>(),
             Contains("does not ask this box for example.com"));
  box.serve_the_zone();
  CHECK(box.run({"tls", "provision", "*.example.com"}) == ExitCode::ok);
  CHECK(box.by_dns());
  CHECK(mailinabox::contains(status_of(box, "www.example.com").dump(), 'w'));
  CHECK(status_of(box, "autoconfig.example.com")["status"] == "success");
}

TEST_CASE("provision: what the authority is told of the account", "[tls]") {
  TlsBox box;
  box.console.variables["ACME_DIRECTORY"] = "https://ca.example.net/dir";
  box.console.variables["ACME_EMAIL"] = "me@example.com";
  box.console.variables["ACME_CA_FILE"] = "/etc/ca.pem";
  box.console.variables["ACME_EAB_KID"] = "kid-7";
  box.host.put("/etc/ca.pem", box.authority.root());
  box.set_up_here();
  CHECK_THROWS_WITH(box.run({"tls", "provision"}), Contains("/etc/mailinabox/acme-eab.key, is missing"));
  box.host.put("/etc/mailinabox/acme-eab.key", "c2VjcmV0\n", 0644);
  CHECK_THROWS_WITH(box.run({"tls", "provision"}), Contains("can be read by others"));
  box.host.put("/etc/mailinabox/acme-eab.key", "c2VjcmV0\n", 0600);
  std::string settings;
  box.on_order = [&] { settings = box.host.content("/var/lib/mailinabox/tls-order/certbot.ini"); };
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  CHECK_THAT(settings, Contains("eab-kid = kid-7\neab-hmac-key = c2VjcmV0\n"));
  const Command& order = box.orders_made.front();
  for (const std::string& word : order.argv) CHECK_THAT(word, !Contains("c2VjcmV0"));
  CHECK(mailinabox::contains(order.argv, std::string("https://ca.example.net/dir")));
  CHECK(mailinabox::contains(order.argv, std::string("me@example.com")));
  CHECK(order.environment.at("REQUESTS_CA_BUNDLE") == "/etc/ca.pem");
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"ACME_DIRECTORY", "http://ca"}, {"ACME_EMAIL", "me"}, {"ACME_CA_FILE", "ca.pem"}}) {
    box.console.variables = {{"NONINTERACTIVE", "1"}, {key, value}};
    CHECK_THROWS_WITH(box.run({"setup"}), Contains(key + ": \"" + value + "\""));
  }
}

TEST_CASE("provision: only one at a time", "[tls]") {
  TlsBox box;
  box.set_up();
  MachineLock other(box.box.lock_file + "-certificates");
  REQUIRE(other.try_acquire("mailinabox tls provision", box.host.clock));
  CHECK_THROWS_WITH(box.run({"tls", "provision"}), StartsWith("Certificates are being requested already"));
  CHECK(box.run({"tls", "provision", "--due", "--quiet"}) == ExitCode::ok);
}

TEST_CASE("challenge: the record is in its zone, and goes with the next provisioning", "[tls]") {
  TlsBox box;
  box.set_up();
  box.serve_the_zone();
  box.dns.put("192.0.2.53", "ns1.box.example.com", DnsType::a, {"192.0.2.10"});
  box.dns.put("192.0.2.10", "_acme-challenge.example.com", DnsType::txt, {"the-value"});
  box.console.variables = {
      {"CERTBOT_DOMAIN", "example.com"}, {"CERTBOT_VALIDATION", "the-value"}, {"CERTBOT_REMAINING_CHALLENGES", "0"}};
  CHECK(box.run({"tls", "challenge"}) == ExitCode::ok);
  CHECK_THAT(box.host.content(k_zone), Contains("_acme-challenge\t60\tIN\tTXT\t\"the-value\""));
  box.console.variables["CERTBOT_VALIDATION"] = "another";
  CHECK_THROWS_WITH(box.run({"tls", "challenge"}),
                    Contains("192.0.2.10 of example.com has no record _acme-challenge.example.com TXT"));
  box.console.variables["CERTBOT_DOMAIN"] = "example.net";
  CHECK_THROWS_WITH(box.run({"tls", "challenge"}), Contains("in no zone"));
  box.console.variables.clear();
  CHECK_THROWS_WITH(box.run({"tls", "challenge"}), Contains("CERTBOT_DOMAIN"));
  static_cast<void>(box.run({"tls", "provision"}));
  CHECK_THAT(box.host.content(k_zone), !Contains("_acme-challenge"));
}

TEST_CASE("import: certificate, chain in any order, and a key from elsewhere", "[tls]") {
  TlsBox box;
  box.set_up();
  const Key key = generate_key("rsa-2048");
  const auto now = box.host.clock.now();
  box.host.put("/root/key", key_to_pem(key).reveal());
  box.host.put("/root/chain", box.authority.root() + box.authority.intermediate());
  box.host.put("/root/certificate", box.authority.issue("DNS:www.example.com", key, now, now + Hours(3000)));
  CHECK(box.run({"tls", "import", "www.example.com", "/root/chain", "/root/key", "/root/certificate"}) == ExitCode::ok);
  CHECK(status_of(box, "www.example.com")["status"] == "success");
  CHECK(public_key_digest(key_from_pem(box.served("www.example.com"))) == public_key_digest(key));
  CHECK_THAT(box.served("www.example.com"), Contains(box.authority.intermediate()) && !Contains(box.authority.root()));
  CHECK(box.run({"tls", "show", "www.example.com"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("Signed by:    Test Trust (T1), which is signed by Test Trust (Root)"));
  CHECK(box.run({"tls", "remove", "www.example.com"}) == ExitCode::ok);
  CHECK(status_of(box, "www.example.com")["status"] == "danger");
}

TEST_CASE("import: whatever does not fit is refused, and nothing is replaced", "[tls]") {
  TlsBox box;
  box.set_up();
  const auto now = box.host.clock.now();
  const Key own = key_from_pem(box.host.content(k_ssl + std::string("ssl_private_key.pem")));
  const Key other = generate_key("ecdsa-p256");
  const TestAuthority stranger(now, "Stranger");
  const std::string names = "DNS:example.com";
  const std::string chain = box.authority.intermediate();
  box.host.put("/root/other-key", key_to_pem(other).reveal());
  box.host.put("/root/names", box.authority.issue("DNS:example.net", own, now, now + Hours(99)) + chain);
  box.host.put("/root/key", box.authority.issue(names, other, now, now + Hours(99)) + chain);
  box.host.put("/root/expired", box.authority.issue(names, own, now - Hours(9), now - Hours(1)) + chain);
  box.host.put("/root/no-chain", box.authority.issue(names, own, now, now + Hours(99)));
  box.host.put("/root/stranger",
               stranger.issue(names, own, now, now + Hours(99)) + stranger.intermediate() + stranger.root());
  box.host.put("/root/self", self_signed_pem({"example.com", {names}, now, now + Hours(99)}, own));
  box.host.put("/root/good", box.authority.issue(names, own, now, now + Hours(99)) + chain);
  box.host.put("/root/large", std::string(64 << 20, 'x'));
  const auto before = store_of(box);
  const auto refused = [&](const std::vector<std::string>& files, const std::string& words) {
    std::vector<std::string> command = {"tls", "import", "example.com"};
    command.insert(command.end(), files.begin(), files.end());
    CAPTURE(files);
    CHECK_THROWS_WITH(box.run(command), Contains(words));
    CHECK(store_of(box) == before);
  };
  refused({"/root/names"}, "It is for example.net, not for example.com");
  refused({"/root/key"}, "does not correspond to the private key at");
  refused({"/root/good", "/root/other-key"}, "does not correspond to the private key that came with it");
  refused({"/root/expired"}, "has expired or is not yet valid");
  refused({"/root/no-chain"}, "missing an intermediate chain");
  refused({"/root/stranger"}, "an authority that this machine does not trust");
  refused({"/root/self"}, "This is a self-signed certificate. I can't install that.");
  refused({"/root/large"}, "more than 1 MB");
  refused({"/root/nothing"}, "does not exist");
  refused({"/root"}, "is not a file");
  CHECK_THROWS_WITH(box.run({"tls", "import", "example.net", "/root/names"}), Contains("not a name of this box"));
  CHECK(box.run({"tls", "import", "example.com", "/root/good"}) == ExitCode::ok);
}

TEST_CASE("csr: for a form, with a country or not", "[tls]") {
  TlsBox box;
  box.set_up();
  CHECK(box.run({"tls", "csr", "www.example.com", "--country", "de"}) == ExitCode::ok);
  CHECK(names_in_request(box.output.str()) == "DNS:www.example.com");
  for (const char* country : {"DEU", "D/", "1!"})
    CHECK_THROWS_WITH(box.run({"tls", "csr", "www.example.com", "--country", country}), Contains("is not a country"));
  CHECK_THROWS_WITH(box.run({"tls", "csr", "www.example.net/CN=x"}), Contains("not a name of this box"));
}

TEST_CASE(
    "roll: keys turn when everybody knows the next, services first, and the old one stays for others' certificates",
    "[tls]") {
  TlsBox box;
  box.set_up_here();
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  const std::string first = current_digest(box);
  const std::string next = next_digest(box);
  CHECK(first != next);
  CHECK_THAT(box.host.content(k_zone), Contains("3 1 1 " + first) && Contains("3 1 1 " + next));
  box.serve_the_zone();
  box.dns.put("192.0.2.53", "ns1.box.example.com", DnsType::a, {"192.0.2.10"});
  const auto publish_keys = [&](const std::vector<std::string>& digests) {
    std::vector<std::string> records;
    for (const std::string& digest : digests) records.push_back("3 1 1 " + digest);
    box.dns.put("192.0.2.10", "_25._tcp.box.example.com", DnsType::tlsa, records);
  };
  publish_keys({first});
  CHECK(box.run({"tls", "roll"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("not every name server"));
  publish_keys({next, first});
  CHECK(box.run({"tls", "roll"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("other servers may remember"));
  CHECK(current_digest(box) == first);
  box.host.clock.advance(Hours(2));
  CHECK(box.run({"tls", "csr", "box.example.com"}) == ExitCode::ok);  // for the next key now
  CHECK(box.orders() == 1);
  static_cast<void>(box.run({"tls", "provision", "--due"}));
  CHECK(box.orders() == 2);
  CHECK(box.asked_names.back() == "DNS:box.example.com");
  CHECK(current_digest(box) == next);
  CHECK(certificate_from_pem(box.served("box.example.com"))->key_digest == next);
  CHECK(certificate_from_pem(box.served("example.com"))->key_digest == first);  // until it is renewed
  CHECK(next_digest(box) != next);
  CHECK_THAT(box.host.content(k_zone),
             Contains("3 1 1 " + next) && Contains("3 1 1 " + next_digest(box)) && !Contains(first));
  CHECK_FALSE(box.run_json({"tls", "status"})["roll"]["asked_for"].get<bool>());
}

TEST_CASE("roll: cut off between the key and the rest, the next run ends it", "[tls]") {
  TlsBox box;
  box.set_up();
  const std::string first = current_digest(box);
  const std::string next = next_digest(box);
  box.host.put(k_ssl + std::string("ssl_private_key.pem"),
               box.host.content(k_ssl + std::string("next_private_key.pem")), 0600);
  CHECK(box.models().input.tls_key_digests == std::vector<std::string>{first, next});  // services present the first
  REQUIRE(box.run({"setup"}) == ExitCode::ok);
  CHECK(certificate_from_pem(box.served("box.example.com"))->key_digest == next);
  CHECK(next_digest(box) != next);
  CHECK(box.models().input.tls_key_digests == std::vector<std::string>{next, next_digest(box)});
}

TEST_CASE("roll: a certificate of the box's own name with a key from elsewhere waits until DNS has had it", "[tls]") {
  TlsBox box;
  box.set_up();
  const Key key = generate_key("ecdsa-p256");
  const std::string before = next_digest(box);
  const auto now = box.host.clock.now();
  box.host.put("/root/pem", box.authority.issue("DNS:box.example.com", key, now, now + Hours(3000)) +
                                box.authority.intermediate() + key_to_pem(key).reveal());
  CHECK(box.run({"tls", "import", "box.example.com", "/root/pem"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("DNS has to publish it first"));
  CHECK(next_digest(box) == public_key_digest(key));
  CHECK(public_key_digest(key_from_pem(box.host.content(
            k_ssl + ("next_private_key-replaced-2026-11-23-" + before.substr(0, 8) + ".pem")))) == before);
  CHECK(certificate_from_pem(box.served("box.example.com"))->self_signed);
  CHECK_THAT(box.host.content(k_zone), Contains("3 1 1 " + public_key_digest(key)));
  CHECK(box.run_json({"tls", "status"})["roll"]["asked_for"].get<bool>());
}

TEST_CASE("served: mail programs that come under mail.DOMAIN get its certificate", "[tls]") {
  TlsBox box;
  box.set_up_here();
  box.lead_here({"mail.example.com"});
  REQUIRE(box.run({"tls", "provision"}) == ExitCode::ok);
  CHECK_THAT(box.asked_names.front(), Contains("DNS:mail.example.com"));
  CHECK(certificate_from_pem(box.served("mail.example.com"))->is_for("mail.example.com"));
  CHECK(box.models().values.at("mail_certificates").as_list().size() == 1);
  CHECK(status_of(box, "mail.example.com")["status"] == "success");
}

TEST_CASE("status: a box that an earlier version set up goes on with its single key", "[tls]") {
  TlsBox box;
  box.set_up();
  box.host.erase(k_ssl + std::string("next_private_key.pem"));
  box.host.erase("/home/user-data/ssl/served");
  CHECK(box.models().input.tls_key_digests == std::vector<std::string>{current_digest(box)});
}

// The box's models from its files, setup's second pass, what follows from users and aliases, and the dns commands: the
// whole command line on a machine in a temporary directory, with recipes that write what the models say to files.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "box/directory/directory.hpp"
#include "operations/context.hpp"
#include "operations/dns/zones.hpp"
#include "operations/load_box.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/model_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using Json = nlohmann::json;

TEST_CASE("models: setup goes on with what follows from the first user, and the next run finds nothing to do",
          "[cli]") {
  ModelBox box;
  const Json first = box.run_json({"setup"});
  INFO(first.dump(1));
  CHECK(first["result"] == "ok");
  CHECK(first["changed"] == 7);  // each once, though two passes were made
  CHECK(first["failed"] == 0);
  CHECK(first["warnings"] == Json::array());
  CHECK_THAT(box.host.content(k_zone),
             Contains("\tIN\tMX\t10 box.example.com.\n") && Contains("v=DKIM1; k=rsa; p=QUJD"));
  CHECK_THAT(box.host.content("/etc/sites"), Contains("autoconfig.example.com\n"));
  CHECK(box.run({"plan"}) == ExitCode::ok);
  box.console.variables = {{"PRIVATE_IP", "192.0.2.10"}};  // no routing table says it again
  const Json again = box.run_json({"setup"});
  CHECK(again["changed"] == 0);
  CHECK(again["generation"].is_null());
}

TEST_CASE("models: nothing before the first user", "[cli]") {
  ModelBox box;
  const BoxModels before = box.models();
  CHECK(before.zones.empty());
  const Value context = make_context(read_answers(box.box), {}, "", before.values);
  for (const char* name : {"mail_domains", "user_domains", "web_domains", "zones", "transfer_peers"}) {
    CHECK(context.find(name)->as_list().empty());
  }
  CHECK_THAT(context.find("mta_sts_policy")->text(), Contains("mode: enforce\r\n"));
}

TEST_CASE("models: a user's domain is published and withdrawn with the user", "[cli]") {
  ModelBox box;
  box.set_up();
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::ok);
  CHECK(box.output.str() == "mail user added\nupdated DNS: DNS configuration\nweb updated\n");
  CHECK(box.host.exists("/etc/zones/example.org.txt"));
  CHECK(box.run({"user", "add", "bob@example.org"}, "correct horse\n") == ExitCode::ok);
  CHECK(box.output.str() == "mail user added\n");  // no new domain: nothing to publish
  CHECK(box.run({"alias", "add", "x@example.net", "anna@example.org"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("alias added\n") && Contains("updated DNS"));
  CHECK(box.run({"alias", "remove", "x@example.net"}) == ExitCode::ok);
  CHECK_THAT(box.host.content("/etc/sites"), !Contains("example.net") && Contains("example.org"));
  CHECK(box.run({"plan"}) == ExitCode::ok);
}

TEST_CASE("models: only the recipes that use them are converged", "[cli]") {
  ModelBox box;
  box.set_up();
  box.host.put("/home/user-data/mail/dkim/mail.txt", "somebody was here");
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::ok);
  CHECK(box.host.content("/home/user-data/mail/dkim/mail.txt") == "somebody was here");
  CHECK_THAT(box.errors.str(), Contains("Warning: ") && Contains("mail/dkim/mail.txt is not a DKIM record"));
}

TEST_CASE("models: a failed converge is told, and the user stays", "[cli]") {
  ModelBox box;
  box.set_up();
  box.host.files.fail_on["write /etc/zones/example.org.txt"] = 28;
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::no_space);
  CHECK_THAT(box.output.str(), Contains("mail user added\n"));
  CHECK_THAT(box.errors.str(), Contains("FAILED file:/etc/zones/example.org.txt"));
  box.host.files.fail_on.clear();
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("updated DNS"));
}

TEST_CASE("models: which recipes converge when the models change follows from what they use", "[cli]") {
  ModelBox box;
  box.host.put("/share/recipes/late.yaml",
               "recipe: late\nsummary: uses another recipe's variable\nrequires: [web]\nresources:\n"
               "  - file: /etc/late\n    content: \"{{web.sites}}\\n\"\n");
  box.host.put("/share/recipes/web.yaml",
               "recipe: web\nsummary: sites\nvariables: {sites: \"{{mta_sts_policy}}\"}\nresources:\n"
               "  - file: /etc/sites\n    content: \"{{#web_domains}}{{.}}\\n{{/web_domains}}\"\n");
  box.host.put("/local/mine.yaml",
               "recipe: mine\nsummary: an administrator's\nresources:\n"
               "  - file: /etc/mine\n    when: mail_domains\n    content: x\n");
  box.set_up();
  std::set<std::string> recipes;
  for (const CatalogEntry& entry : load_box(box.box, Scope::models()).catalog.entries) recipes.insert(entry.recipe);
  CHECK(recipes == std::set<std::string>{"dns", "late", "mine", "web"});
}

TEST_CASE("models: keys, records and certificates come from their files", "[cli]") {
  ModelBox box;
  box.set_up();
  box.host.put("/usr/sbin/sshd", "");
  box.host.put("/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 QUJD root@box\n");
  box.host.put("/etc/ssh/other.pub", "ssh-rsa QUJD root@box\n");
  CHECK(box.models().input.ssh_fingerprints.size() == 1);
  CHECK(box.models().input.ssh_fingerprints[0].rfind("4 2 ( ", 0) == 0);
  box.host.put("/etc/ssh/sshd_config.d/own.conf", "HostKey=/etc/ssh/other\n");
  CHECK(box.models().input.ssh_fingerprints[0].rfind("1 2 ( ", 0) == 0);
  box.host.put(k_custom, "www.example.com: 192.0.2.1\nbad..name: 192.0.2.1\n");
  const BoxModels models = box.models();
  CHECK(models.input.custom.all().size() == 1);
  REQUIRE(models.warnings.size() == 1);
  CHECK_THAT(models.warnings[0], Contains("custom.yaml:2"));
  CHECK(box.run({"plan"}) == ExitCode::changes);
  CHECK_THAT(box.errors.str(), Contains("Warning: ") && Contains("custom.yaml:2"));
  CHECK(box.run_json({"plan"})["warnings"].size() == 1);
}

TEST_CASE("models: records that no zone of the box takes are warned of", "[cli]") {
  ModelBox box;
  box.host.put(k_custom, "www.example.com: 192.0.2.1\nwww.elsewhere.net: 192.0.2.1\nelsewhere.net: 192.0.2.2\n");
  box.set_up();
  const std::vector<std::string> warnings = box.models().warnings;
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Contains("no domain that this box hosts") && Contains("www.elsewhere.net, elsewhere.net.") &&
                              !Contains("example.com"));
  CHECK(box.run({"plan"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("Warning: " + warnings[0]));
}

TEST_CASE("models: an MTA-STS policy is announced only with certificates that the world accepts", "[cli]") {
  ModelBox box;
  box.set_up();
  const auto now = box.host.clock.now();
  const Key key = generate_key("ecdsa-p256");
  const auto put = [&](const std::string& file, const std::string& names, std::chrono::hours left,
                       const std::string& issuer = "Let's Encrypt") {
    box.host.put(
        "/home/user-data/ssl/" + file,
        issued_pem({.issuer = issuer, .names = names, .from = now - std::chrono::hours(1), .until = now + left}, key));
  };
  box.host.put("/home/user-data/ssl/ssl_private_key.pem", key_to_pem(key).reveal());
  CHECK(box.models().input.tls_key_digests.size() == 1);  // known before a certificate uses it
  put("ssl_certificate.pem", "DNS:box.example.com", std::chrono::hours(9));
  CHECK(box.models().input.mta_sts_domains.empty());
  put("other.pem", "DNS:mta-sts.example.com", std::chrono::hours(9));
  BoxModels models = box.models();
  CHECK(models.input.mta_sts_domains == std::set<std::string, std::less<>>{"example.com"});
  CHECK(models.input.mta_sts_id.size() > 1);
  CHECK(models.input.tls_key_digests.size() == 1);
  CHECK(models.input.certificate_authority == "letsencrypt.org");
  CHECK(models.warnings.empty());

  box.host.put("/home/user-data/ssl/ssl_private_key.pem", key_to_pem(generate_key("ecdsa-p256")).reveal());
  CHECK(box.models().input.tls_key_digests.size() == 2);  // the one in use, and the next
  CHECK(box.models().input.mta_sts_domains.empty());      // nothing has the other certificate's key any more
  box.host.put("/home/user-data/ssl/ssl_private_key.pem", key_to_pem(key).reveal());
  put("other.pem", "DNS:mta-sts.example.com", std::chrono::hours(0));
  CHECK(box.models().input.mta_sts_domains.empty());
  put("other.pem", "DNS:*.example.com", std::chrono::hours(9));
  CHECK(box.models().input.mta_sts_domains.size() == 1);

  put("ssl_certificate.pem", "DNS:box.example.com", std::chrono::hours(9), "Another CA");
  CHECK(box.models().input.certificate_authority.empty());
  put("ssl_certificate.pem", "DNS:box.example.com", std::chrono::hours(0));
  CHECK_FALSE(box.models().input.mta_sts_id.empty());  // the wildcard serves the box's name meanwhile
  box.host.erase("/home/user-data/ssl/other.pem");
  models = box.models();
  CHECK(models.input.mta_sts_id.empty());
  REQUIRE(models.warnings.size() == 1);
  CHECK_THAT(models.warnings[0], Contains("ssl_certificate.pem has expired on 2026-11-23."));
}

TEST_CASE("models: secondary name servers stay at their last known addresses", "[cli]") {
  ModelBox box;
  box.set_up();
  box.dns.put("192.0.2.53", "ns2.example.net", DnsType::a, {"198.51.100.2"});
  box.dns.put("192.0.2.53", "ns2.example.net", DnsType::aaaa, {"2001:db8::2"});
  CHECK_THROWS_WITH(box.run({"dns", "secondary", "ns9.example.net"}),
                    "Could not resolve the IP address of ns9.example.net.");
  CHECK_THROWS_WITH(box.run({"dns", "secondary", "xfr:nowhere"}),
                    "'nowhere' is not an IPv4 or IPv6 address or subnet.");
  CHECK(box.run({"dns", "secondary", "ns2.example.net", "xfr:192.0.2.64/26"}) == ExitCode::ok);
  const std::string peers = "198.51.100.2 true;2001:db8::2 true;192.0.2.64/26 false;";
  CHECK(box.host.content("/etc/zones/peers") == peers);
  CHECK_THAT(box.host.content(k_zone), Contains("\tIN\tNS\tns2.example.net.\n"));

  box.dns.servers.clear();
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  CHECK(box.output.str() == "nothing to do\n");
  CHECK_THAT(box.errors.str(), Contains("stays at its last known address 198.51.100.2, 2001:db8::2"));
  CHECK(box.host.content("/etc/zones/peers") == peers);

  box.dns.put("192.0.2.53", "ns2.example.net", DnsType::a, {"198.51.100.3"});
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  CHECK_THAT(box.host.content("/etc/zones/peers"), Contains("198.51.100.3 true;") && !Contains("198.51.100.2"));
  CHECK(box.run({"dns", "secondary"}) == ExitCode::ok);
  CHECK(box.output.str() == "ns2.example.net 198.51.100.3\nxfr:192.0.2.64/26\n");
  CHECK(box.run({"dns", "secondary", "none"}) == ExitCode::ok);
  CHECK(box.host.content("/etc/zones/peers").empty());
}

TEST_CASE("dns: records are set, added, removed and published at once", "[cli]") {
  ModelBox box;
  box.set_up();
  CHECK(box.run({"dns", "set", "www.Example.com.", "a", "192.0.2.80"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("updated DNS: "));
  CHECK_THAT(box.host.content(k_zone), Contains("www\tIN\tA\t192.0.2.80\n"));
  CHECK(box.host.content(k_custom) == "www.example.com: 192.0.2.80\n");
  CHECK(box.run({"dns", "set", "www.example.com", "A", "192.0.2.80"}) == ExitCode::ok);
  CHECK(box.output.str() == "nothing to do\n");
  CHECK(box.run({"dns", "add", "example.com", "MX", "20", "mx2.example.net."}) == ExitCode::ok);
  CHECK_THAT(box.host.content(k_zone),
             Contains("@\tIN\tMX\t10 box.example.com.\n") && Contains("@\tIN\tMX\t20 mx2.example.net.\n"));
  CHECK_THROWS_WITH(box.run({"dns", "set", "www.example.net", "A", "192.0.2.80"}), Contains("managed by this box"));
  CHECK_THROWS_WITH(box.run({"dns", "set", "www.example.com", "A", "192.0.2.256"}), Contains("192.0.2.256"));
  CHECK(box.run({"dns", "remove", "example.com", "MX"}) == ExitCode::ok);
  CHECK(box.run({"dns", "remove", "www.example.com", "A", "192.0.2.81"}) == ExitCode::ok);
  CHECK(box.output.str() == "nothing to do\n");
  CHECK(box.run({"dns", "remove", "www.example.com", "A"}) == ExitCode::ok);
  CHECK_THAT(box.host.content(k_zone), Contains("www\tIN\tA\t192.0.2.10\n") && !Contains("mx2"));
  CHECK(box.run({"plan"}) == ExitCode::ok);
}

TEST_CASE("dns: a record that cannot be published is taken back", "[cli]") {
  ModelBox box;
  box.set_up();
  CHECK(box.run({"dns", "set", "a.example.com", "A", "192.0.2.80"}) == ExitCode::ok);
  const std::string zone = box.host.content(k_zone);
  box.host.files.fail_on[std::string("write ") + k_zone] = 5;
  CHECK(box.run({"dns", "set", "b.example.com", "A", "192.0.2.80"}) == ExitCode::failed);
  CHECK_THAT(box.errors.str(), Contains("FAILED file:") && Contains("The change has been taken back."));
  CHECK(box.host.content(k_custom) == "a.example.com: 192.0.2.80\n");
  CHECK(box.run({"dns", "remove", "a.example.com", "A"}) == ExitCode::failed);
  CHECK_THAT(box.host.content(k_custom), !Contains("a.example.com"));  // what goes may be what was wrong
  box.host.files.fail_on.clear();
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  CHECK_THAT(box.host.content(k_zone), !Contains("b\tIN") && !Contains("a\tIN\tA\t192.0.2.80"));
}

TEST_CASE("dns: a record that would stay out of its zone is refused", "[cli]") {
  ModelBox box;
  box.set_up();
  CHECK_THROWS_WITH(box.run({"dns", "set", "box.example.com", "A", "192.0.2.5"}),
                    Contains("custom record box.example.com A 192.0.2.5") && Contains("Nothing has been changed."));
  CHECK_FALSE(box.host.exists(k_custom));
  CHECK(box.run({"plan"}) == ExitCode::ok);
  // One that a file already had does not stand in the way of another.
  box.host.put("/home/user-data/dns/.keep", "");
  box.host.put(k_custom, "box.example.com: 192.0.2.5\n");
  CHECK(box.run({"dns", "set", "www.example.com", "A", "192.0.2.80"}) == ExitCode::ok);
}

TEST_CASE("dns: quotes around a text are the zone file's", "[cli]") {
  ModelBox box;
  box.set_up();
  CHECK(box.run({"dns", "set", "example.com", "TXT", "\"v=spf1 mx ip4:192.0.2.9 -all\""}) == ExitCode::ok);
  CHECK_THAT(box.host.content(k_zone), Contains("TXT\t\"v=spf1 mx ip4:192.0.2.9 -all\"") && !Contains("\\\""));
  CHECK(box.run({"dns", "remove", "example.com", "TXT", "\"v=spf1 mx ip4:192.0.2.9 -all\""}) == ExitCode::ok);
  CHECK_THAT(box.host.content(k_zone), Contains("v=spf1 mx -all"));
}

TEST_CASE("dns: what a record brings about is said when it is set, and where it is shown", "[cli]") {
  ModelBox box;
  box.set_up();
  const auto second = Contains("Mail for example.com goes to other hosts, too (MX 20 mx.example.net)");
  CHECK(box.run({"dns", "set", "example.com", "MX", "20", "mx.example.net"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("Warning: ") && second);
  CHECK(box.run({"dns", "add", "example.com", "TXT", "x"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), !second);  // once
  CHECK(box.run({"dns", "show", "example.com"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("Note: ") && second);
  CHECK_THAT(box.run_json({"dns", "show"})["zones"][0]["notes"][0].get<std::string>(), second);
  CHECK(box.run({"dns", "set", "example.com", "MX", "10", "mx.example.net"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("not to this box"));
  CHECK_THAT(box.host.content(k_zone), Contains("\"v=spf1 mx a:box.example.com -all\""));
}

TEST_CASE("dns: that a mail domain is given to other name servers is said, whichever came first", "[cli]") {
  ModelBox box;
  box.set_up();
  const auto said =
      Contains("sub.example.com has mail here, and custom NS records of sub.example.com give it to other");
  CHECK(box.run({"user", "add", "me@sub.example.com"}, "correct horse\n") == ExitCode::ok);
  CHECK(box.run({"dns", "set", "sub.example.com", "NS", "ns1.example.net"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), said);
  CHECK(box.run({"dns", "set", "www.example.com", "A", "192.0.2.80"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), !said);
  CHECK(box.run({"dns", "show", "example.com"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), said);
  CHECK(box.run({"user", "add", "me@deep.sub.example.com"}, "correct horse\n") == ExitCode::ok);
  CHECK_THAT(box.errors.str(),
             Contains("deep.sub.example.com has mail here, and custom NS records of sub.example.com"));
}

TEST_CASE("users: a custom record that could not stay beside mail is named before the user is added", "[cli]") {
  ModelBox box;
  box.set_up();
  CHECK(box.run({"dns", "set", "shop.example.com", "CNAME", "shops.example.net"}) == ExitCode::ok);
  const auto refused = Contains("shop.example.com would become a mail domain");
  CHECK_THROWS_WITH(box.run({"user", "add", "me@Shop.example.com"}, "correct horse\n"),
                    refused && Contains("custom record shop.example.com CNAME shops.example.net.") &&
                        Contains("Nothing has been changed."));
  CHECK_THROWS_WITH(box.run({"alias", "add", "info@shop.example.com", "me@example.com"}), refused);
  CHECK_THROWS_WITH(box.run({"alias", "add", "@shop.example.com", "@example.com"}), refused);
  CHECK(box.run({"user", "list"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), !Contains("shop"));
  CHECK_THAT(box.host.content(k_zone), Contains("shop\tIN\tCNAME\tshops.example.net."));
  CHECK(box.run({"user", "add", "other@example.com"}, "correct horse\n") == ExitCode::ok);
  CHECK(box.run({"dns", "remove", "shop.example.com", "CNAME"}) == ExitCode::ok);
  CHECK(box.run({"user", "add", "me@shop.example.com"}, "correct horse\n") == ExitCode::ok);
}

TEST_CASE("dns: show, export", "[cli]") {
  ModelBox box;
  CHECK_THROWS_WITH(box.run({"dns", "show"}), Contains("Run `sudo mailinabox setup` first"));
  box.set_up();
  CHECK(box.run({"user", "add", "m@xn--mller-kva.example"}, "correct horse\n") == ExitCode::ok);
  static_cast<void>(box.run({"dns", "set", "www.example.com", "A", "192.0.2.80"}));
  const Json all = box.run_json({"dns", "show"});
  REQUIRE(all["zones"].size() == 2);
  const Json one = box.run_json({"dns", "show", "www.example.com"});
  CHECK(one["zones"][0]["zone"] == "example.com");
  bool custom = false;
  for (const Json& record : one["zones"][0]["records"]) {
    CHECK_THAT(record["qname"].get<std::string>(), Contains("www.example.com"));
    custom = custom || (record["custom"] == true && record["value"] == "192.0.2.80" && record["rtype"] == "A" &&
                        record["explanation"] == "(Set by user.)");
  }
  CHECK(custom);
  CHECK(box.run({"dns", "show", "müller.example"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("müller.example (xn--mller-kva.example)\n") && Contains("Required. "));
  CHECK_THROWS_WITH(box.run({"dns", "show", "example.net"}), Contains("Its domains: "));

  CHECK(box.run({"dns", "export", "example.com"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("$ORIGIN example.com.\n") && Contains("\tIN\tMX\t10 box.example.com.\n"));
  box.host.put("/etc/nsd/zones/example.com.txt", "as it is served\n");
  CHECK(box.run({"dns", "export", "example.com"}) == ExitCode::ok);
  CHECK(box.output.str() == "as it is served\n");
  CHECK(box.run({"dns", "export", "xn--mller-kva.example", "--list"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("Name:  müller.example (xn--mller-kva.example)\n  Type:  MX\n  Value: 10 box"));
  CHECK_THAT(box.output.str(), !Contains("Type:  NS"));
}

TEST_CASE("dns: check says what to correct", "[cli]") {
  ModelBox box;
  box.set_up();
  CHECK_THROWS_WITH(box.run({"dns", "check", "example.com"}), Contains("No resolver answers"));
  box.dns.put("192.0.2.53", "example.com", DnsType::ns, {"ns1.box.example.com"});
  box.dns.put("192.0.2.53", "ns1.box.example.com", DnsType::a, {"192.0.2.10"});
  box.dns.put("192.0.2.10", "example.com", DnsType::soa, {"ns1.box.example.com h. 1 2 3 4 5"});
  box.host.put("/etc/nsd/zones/example.com.txt.ds",
               "example.com.\t3600\tIN\tDS\t12345 13 1 00\nexample.com.\t3600\tIN\tDS\t12345 13 2 ABCD\n");
  CHECK(box.run({"dns", "check", "example.com"}) == ExitCode::changes);
  CHECK_THAT(box.output.str(), Contains("wanted: example.com. IN MX 10 box.example.com.\n") &&
                                   Contains("wanted: example.com. 3600 IN DS 12345 13 2 ABCD\n") &&
                                   !Contains("13 1 00"));
  // The world learns everything.
  for (const DnsZone& zone : box.models().zones) {
    for (const auto& record : zone.records) {
      const std::string name = record.name.empty() ? zone.name : record.name + "." + zone.name;
      std::vector<std::string> values;
      for (const auto& other : zone.records) {
        if (other.name == record.name && other.type == record.type) {
          values.push_back(other.value.ends_with('.') && other.value.size() > 3
                               ? other.value.substr(0, other.value.size() - 1)
                               : other.value);
        }
      }
      box.dns.put("192.0.2.53", name, dns_type(record.type).value(), values);
    }
  }
  box.dns.put("192.0.2.10", "example.com", DnsType::soa, {"ns1.box.example.com h. 1 2 3 4 5"});
  box.dns.put("192.0.2.53", "example.com", DnsType::ds, {"12345 13 2 abcd"});
  const Json json = box.run_json({"dns", "check", "example.com"});
  INFO(json.dump(1));
  CHECK(json["differences"].empty());
  CHECK(json["hosting"] == "here");
  CHECK(box.run({"dns", "check", "example.com"}) == ExitCode::ok);
}

TEST_CASE("dns: reload waits until the name server has the zones, and the resolver forgets only then", "[cli]") {
  ModelBox box;
  box.set_up();
  box.host.put("/etc/nsd/zones/example.com.txt.signed",
               "example.com.\t86400\tIN\tSOA\tns1.box.example.com. hostmaster.box.example.com. 2026112302 7200 3600 "
               "1209600 86400\nexample.com.\t86400\tIN\tRRSIG\tSOA 13 2 86400 x\n");
  std::vector<std::string> order;
  const auto serve = [&](const std::string& serial) {
    box.dns.put("192.0.2.10", "example.com", DnsType::soa, {"ns1.box.example.com h. " + serial + " 2 3 4 5"});
  };
  serve("2026112301");
  box.host.commands.on({"nsd-control"}, [&](const Command& command) {
    order.push_back("nsd-control " + command.argv.at(1));
    if (command.argv.at(1) == "reload" && order.size() == 2) serve("2026112302");
    return CommandResult{};
  });
  box.host.commands.on({"unbound-control"}, [&](const Command& command) {
    order.push_back("unbound-control " + command.argv.at(1) + " " + command.argv.at(2));
    CommandResult away;
    away.exit_code = 1;
    return away;
  });
  CHECK(box.run({"dns", "reload"}) == ExitCode::ok);
  CHECK(order ==
        std::vector<std::string>{"nsd-control reconfig", "nsd-control reload", "unbound-control flush_zone ."});
  serve("2026112301");
  CHECK_THROWS_WITH(
      box.run({"dns", "reload"}),
      Contains("192.0.2.10 still answers with serial number 2026112301 for zone example.com, 25 s after"));
  CHECK(order.back() == "nsd-control reload");
}

TEST_CASE("dns: reload waits for the end of the name server's processes with zones from before", "[cli]") {
  ModelBox box;
  box.set_up();
  const auto put = [&](const std::string& id, const std::string& parent) {
    box.host.put("/proc/" + id + "/cmdline", "/usr/sbin/nsd -d");
    box.host.put("/proc/" + id + "/stat", id + " (nsd: server 1) S " + parent + " 50 50 0 -1");
  };
  std::vector<std::string> ends, begins;  // what a reload does
  box.host.commands.on({"unbound-control"}, [](const Command&) { return CommandResult{}; });
  box.host.commands.on({"nsd-control", "reconfig"}, [](const Command&) { return CommandResult{}; });
  box.host.commands.on({"nsd-control", "reload"}, [&](const Command&) {
    for (const std::string& id : ends) box.host.erase("/proc/" + id);
    for (const std::string& id : begins) put(id, "51");
    return CommandResult{};
  });
  put("50", "1");
  put("51", "50");
  put("52", "51");
  ends = {"52"};
  begins = {"53"};
  CHECK(box.run({"dns", "reload"}) == ExitCode::ok);

  ends = {};
  begins = {"54"};
  CHECK_THROWS_WITH(box.run({"dns", "reload"}), Contains("process 53 did not end within 25 s"));

  box.host.erase("/proc/54");
  ends = {"53"};
  begins = {"55", "56"};  // of the first and of the second reload
  CHECK_THROWS_WITH(box.run({"dns", "reload"}), Contains("process 55 did not end within 25 s"));

  box.host.erase("/proc/55");
  put("70", "1");  // in a container
  box.host.put_symlink("/proc/self/ns/pid", "pid:[1]");
  box.host.put_symlink("/proc/70/ns/pid", "pid:[2]");
  ends = {"56"};
  begins = {"57"};
  CHECK(box.run({"dns", "reload"}) == ExitCode::ok);
}

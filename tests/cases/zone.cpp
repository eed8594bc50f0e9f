#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "base/yaml_tree.hpp"
#include "resources/dns/signed_zone.hpp"
#include "resources/dns/zone_file.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_keys = "/home/keys";
constexpr const char* k_zone_file = "/etc/zones/example.com.txt";
constexpr const char* k_records =
    "\tIN\tNS\tns1.box.example.com.\n"
    "\tIN\tMX\t10 box.example.com.\n"
    "\tIN\tTXT\t\"v=spf1 mx -all\" \n"
    "box\tIN\tA\t192.0.2.1\n"
    "_25._tcp.box\tIN\tTLSA\t3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
    "box\tIN\tSSHFP\t4 2 ( E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855 )\n"
    "*.wild\tIN\tA\t192.0.2.2\n";

std::shared_ptr<const Resource> zone(const std::string& records = k_records) {
  return make_resource("zone", "example.com",
                       {{"directory", "/etc/zones"},
                        {"records", records},
                        {"name_server", "ns1.box.example.com"},
                        {"hostmaster", "hostmaster.box.example.com"},
                        {"keys", k_keys}});
}

void make_keys(TestHost& host) {
  host.put_directory("/etc/zones");
  host.put_directory(k_keys);
  const auto keys = make_resource("dnssec_key", k_keys);
  System system = host.system();
  keys->apply(system, keys->diff(host.view()));
}

std::uint32_t serial_of(const TestHost& host) { return serial_in(host.content(k_zone_file)).value(); }

// What ldns's own tool says of the signed zone; "" where every signature and the NSEC3 chain are right.
std::string verified(const TestHost& host, const std::string& time = "20261123090000") {
  const std::string command = "ldns-verify-zone -t " + time + " " + host.real(k_zone_file) + ".signed > " +
                              host.real("/tmp/verified") + " 2>&1";
  return std::system(command.c_str()) == 0 ? "" : host.content("/tmp/verified");
}

// Keys as boxes of the original have them, made by the tool that it uses.
void make_old_keys(TestHost& host, const std::string& algorithm) {
  host.put_directory("/etc/zones");
  host.put_directory(k_keys);
  const std::string make = "cd " + host.real(k_keys) + " && { echo KSK=$(ldns-keygen -r /dev/urandom -a " + algorithm +
                           " -b 2048 -k _domain_); echo ZSK=$(ldns-keygen -r /dev/urandom -a " + algorithm +
                           " -b 2048 _domain_); } > " + algorithm + ".conf";
  REQUIRE(std::system(make.c_str()) == 0);
}

std::string read_text(const std::string& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("zone: absent", "[cases]") {
  TestHost host;
  make_keys(host);
  const auto resource = zone();
  const Changes changes = converge(host, *resource);
  CHECK(attributes_of(changes) == "records");
  CHECK(resource->action(changes) == Action::create);
  CHECK(serial_of(host) == 2026112300);
  CHECK(verified(host).empty());
  const auto state = signed_zone_state(host.content(std::string(k_zone_file) + ".signed"));
  REQUIRE(state);
  CHECK(state->serial == 2026112300);
  CHECK(state->valid_until - host.clock.now() == std::chrono::hours(30 * 24));
  // One line a digest: SHA-256 (2) and SHA-384 (4).
  const std::string ds = host.content(std::string(k_zone_file) + ".ds");
  CHECK(ds.find(" 13 2 ") != std::string::npos);
  CHECK(ds.find(" 13 4 ") != std::string::npos);
  CHECK(ds.find(" 13 1 ") == std::string::npos);
  CHECK(host.content(std::string(k_zone_file) + ".signed").find("NSEC3PARAM\t1 0 0 -") != std::string::npos);
}

TEST_CASE("zone: drifted", "[cases]") {
  TestHost host;
  make_keys(host);
  converge(host, *zone());
  const std::string before = host.content(k_zone_file);
  SECTION("another record: a higher serial number, and the difference can be read") {
    const Changes changes = converge(host, *zone(std::string(k_records) + "www\tIN\tA\t192.0.2.3\n"));
    CHECK(attributes_of(changes) == "records");
    CHECK(change_of(changes, "records").before == before);
    CHECK(change_of(changes, "records").after.find("www\tIN\tA\t192.0.2.3\n") != std::string::npos);
    CHECK(serial_of(host) == 2026112301);
    CHECK(verified(host).empty());
  }
  SECTION("signatures that end soon are renewed, those that hold are left") {
    host.clock.advance(std::chrono::hours(19 * 24));
    check_in_sync(host, *zone());
    host.clock.advance(std::chrono::hours(2 * 24));
    CHECK(attributes_of(converge(host, *zone())) == "signatures");
    CHECK(serial_of(host) == 2026121400);
  }
  SECTION("made while the clock was ahead") {
    host.clock.advance(std::chrono::hours(-48));
    CHECK(attributes_of(converge(host, *zone())) == "signatures");
    CHECK(serial_of(host) == 2026112301);  // never back
  }
  SECTION("the signed file or the DS records are gone") {
    const std::string gone = GENERATE(".signed", ".ds");
    host.erase(k_zone_file + gone);
    converge(host, *zone());
    CHECK(host.exists(k_zone_file + gone));
  }
  SECTION("cut off after the signed file") {
    const std::string signed_before = host.content(std::string(k_zone_file) + ".signed");
    converge(host, *zone(std::string(k_records) + "www\tIN\tA\t192.0.2.3\n"));
    host.put(k_zone_file, before);
    converge(host, *zone(std::string(k_records) + "www\tIN\tA\t192.0.2.3\n"));
    CHECK(serial_of(host) == 2026112302);
    host.put(std::string(k_zone_file) + ".signed", signed_before);
    CHECK(attributes_of(converge(host, *zone(std::string(k_records) + "www\tIN\tA\t192.0.2.3\n"))) == "signatures");
  }
  SECTION("files that the name server cannot read") {
    host.put(std::string(k_zone_file) + ".signed", host.content(std::string(k_zone_file) + ".signed"), 0600, 8);
    CHECK(attributes_of(converge(host, *zone())) == "mode");
    CHECK(host.content(k_zone_file) == before);
  }
  SECTION("other keys") {
    for (const std::string& name : host.files.list(k_keys)) host.erase(std::string(k_keys) + "/" + name);
    make_keys(host);
    CHECK(attributes_of(converge(host, *zone())) == "records");
    CHECK(verified(host).empty());
  }
}

TEST_CASE("zone: what was signed ahead is used where it is still right", "[cases]") {
  TestHost host;
  make_keys(host);
  const auto resource = zone();
  resource->preparation(host.view())();
  host.clock.advance(std::chrono::hours(1));
  std::chrono::hours age{1};
  SECTION("nothing has changed") {}
  SECTION("other keys") {
    host.files.remove(k_keys, true);
    make_keys(host);
    age = std::chrono::hours(0);
  }
  SECTION("another day, another serial number") {
    host.clock.advance(std::chrono::hours(24));
    age = std::chrono::hours(0);
  }
  converge(host, *resource);
  const auto state = signed_zone_state(host.content(std::string(k_zone_file) + ".signed"));
  REQUIRE(state);
  CHECK(state->serial == serial_of(host));
  CHECK(state->valid_until - host.clock.now() == std::chrono::hours(30 * 24) - age);
  CHECK(verified(host, "20261124120000").empty());
}

TEST_CASE("zone: in sync keeps its bytes", "[cases]") {
  TestHost host;
  make_keys(host);
  converge(host, *zone());
  host.clock.advance(std::chrono::hours(24));
  check_in_sync(host, *zone());
}

TEST_CASE("zone: error", "[cases]") {
  TestHost host;
  SECTION("records that no name server takes: the last good files stay") {
    make_keys(host);
    converge(host, *zone());
    const auto [record, why] = GENERATE(table<std::string, std::string>(
        {{"www\tIN\tA\t192.0.2.300\n", "cannot be read"},
         {"www\tIN\tNONSENSE\tx\n", "www IN NONSENSE x"},
         {"box\tIN\tCNAME\twww.example.net.\n", "a name with a CNAME can have no other records"},
         {"@\tIN\tCNAME\twww.example.net.\n", "own name cannot be a CNAME"},
         {"www.example.net.\tIN\tA\t192.0.2.1\n", "not in this zone"}}));
    INFO(record);
    check_error(host, *zone(k_records + record), why);
    CHECK(verified(host).empty());
  }
  SECTION("the last good records are signed anew in time all the same") {
    make_keys(host);
    converge(host, *zone());
    const std::string good = host.content(k_zone_file);
    const auto broken = zone(std::string(k_records) + "www\tIN\tA\t192.0.2.300\n");
    host.clock.advance(std::chrono::hours(21 * 24));
    const Changes changes = broken->diff(host.view());
    CHECK(attributes_of(changes) == "signatures");
    System system = host.system();
    broken->apply(system, changes);
    CHECK(host.content(k_zone_file) == with_serial(good, 2026121400));
    CHECK(verified(host, "20261215000000").empty());
    check_error(host, *broken, "cannot be read");
  }
  SECTION("no name server") {
    make_keys(host);
    check_error(host, *zone("box\tIN\tA\t192.0.2.1\n"), "it has no NS record at its apex");
  }
  SECTION("no keys: not served unsigned") {
    host.put_directory("/etc/zones");
    check_error(host, *zone(), "there are no DNSSEC keys in /home/keys");
  }
  SECTION("keys that are no keys") {
    make_keys(host);
    for (const std::string& name : host.files.list(k_keys)) {
      if (name.ends_with(".private")) host.put(std::string(k_keys) + "/" + name, "nothing\n", 0600);
    }
    check_error(host, *zone(), "the DNSSEC key K_domain_.+013+");
  }
  SECTION("a zone's failure is its own") { CHECK(zone()->fails_alone()); }
}

TEST_CASE("zone: keys of older boxes go on being used", "[cases]") {
  TestHost host;
  SECTION("RSASHA256") {
    make_old_keys(host, "RSASHA256");
    converge(host, *zone());
    CHECK(verified(host).empty());
    CHECK(host.content(std::string(k_zone_file) + ".ds").find(" 8 2 ") != std::string::npos);
  }
  SECTION("two algorithms: signed with both") {
    make_old_keys(host, "RSASHA256");
    make_old_keys(host, "ECDSAP256SHA256");
    converge(host, *zone());
    CHECK(verified(host).empty());
    const std::string ds = host.content(std::string(k_zone_file) + ".ds");
    CHECK(ds.find(" 8 2 ") != std::string::npos);
    CHECK(ds.find(" 13 2 ") != std::string::npos);
  }
  SECTION("RSASHA1-NSEC3-SHA1: signed with where OpenSSL still does that, else with the other, and it is said") {
    make_old_keys(host, "RSASHA1-NSEC3-SHA1");
    make_old_keys(host, "ECDSAP256SHA256");
    converge(host, *zone());
    const std::string ds = host.content(std::string(k_zone_file) + ".ds");
    CHECK((ds.find(" 7 2 ") != std::string::npos || ds.find("K_domain_.+007+") != std::string::npos));
    CHECK(ds.find(" 13 2 ") != std::string::npos);
  }
  SECTION("only for some zones, or switched off") {
    make_old_keys(host, "RSASHA256");
    make_old_keys(host, "ECDSAP256SHA256");
    host.put(std::string(k_keys) + "/RSASHA256.conf", host.content(std::string(k_keys) + "/RSASHA256.conf") +
                                                          GENERATE("DOMAINS=example.net\n", "DOMAINS=none\n"));
    converge(host, *zone());
    const std::string ds = host.content(std::string(k_zone_file) + ".ds");
    CHECK(ds.find(" 8 2 ") == std::string::npos);
    CHECK(ds.find(" 13 2 ") != std::string::npos);
  }
  SECTION("all switched off: served unsigned") {
    make_old_keys(host, "ECDSAP256SHA256");
    host.put(std::string(k_keys) + "/ECDSAP256SHA256.conf",
             host.content(std::string(k_keys) + "/ECDSAP256SHA256.conf") + "DOMAINS=\n");
    converge(host, *zone());
    CHECK(host.content(std::string(k_zone_file) + ".signed") == host.content(k_zone_file));
    CHECK(host.content(std::string(k_zone_file) + ".ds").empty());
    const auto with_https = zone(std::string(k_records) + "www\tIN\tHTTPS\t1 . alpn=\"h2,h3\"\n");
    converge(host, *with_https);
    CHECK(host.content(k_zone_file).find("www\tIN\tHTTPS\t1 . alpn=\"h2,h3\"\n") != std::string::npos);
    CHECK(host.content(std::string(k_zone_file) + ".signed").find("www\tIN\tTYPE65\t\\# 13 0001") != std::string::npos);
    check_in_sync(host, *with_https);
  }
}

TEST_CASE("zone: whatever becomes of the domain, a published serial number is higher than all before", "[cases]") {
  // What the recipe keeps of a domain that has gone, and of one that is served.
  const auto recipe = parse_yaml(read_text(std::string(SOURCE_ROOT) + "/recipes/dns.yaml"), "dns.yaml");
  const YamlNode* suffixes = nullptr;
  for (const YamlNode& item : recipe->root.find("resources")->children) {
    if (item.find("suffixes") != nullptr) suffixes = item.find("suffixes");
  }
  REQUIRE(suffixes != nullptr);
  std::mt19937 chance(3);
  TestHost host;
  make_keys(host);
  std::uint32_t last = 0;
  for (int step = 0; step < 120; ++step) {
    const auto kind = chance() % 8;
    INFO(step << " " << kind);
    if (kind == 0) {  // the domain goes, for some time or none
      for (const YamlNode& suffix : suffixes->children) host.erase("/etc/zones/example.com" + suffix.text);
    } else if (kind == 1) {  // what a run that was cut off left
      host.erase(std::string(k_zone_file) + ".signed");
    } else if (kind == 2) {
      host.clock.advance(std::chrono::hours(static_cast<int>(chance() % 60) - 20));
    }
    // The same records as before, or others: an administrator may put back old ones.
    const auto resource = zone(std::string(k_records) + "www\tIN\tA\t192.0.2." + std::to_string(chance() % 3) + "\n");
    if (!resource->diff(host.view()).empty()) converge(host, *resource);
    const auto state = signed_zone_state(host.content(std::string(k_zone_file) + ".signed"));
    REQUIRE(state);
    CHECK(state->serial == serial_of(host));
    CHECK((last == 0 || state->serial == last || serial_before(last, state->serial)));
    if (kind < 2) CHECK((last == 0 || serial_before(last, state->serial)));
    last = state->serial;
  }
}

TEST_CASE("zone: types that an older name server does not know have numbers", "[cases]") {
  TestHost host;
  make_keys(host);
  const auto resource =
      zone(std::string(k_records) +
           "www\tIN\tHTTPS\t1 . alpn=h2\n"
           "uri\tIN\tURI\t10 1 \"https://example.com/\"\n"
           "sub\tIN\tNS\tns.example.net.\n"
           "sub\tIN\tDS\t12345 13 2 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
  converge(host, *resource);
  const std::string served = host.content(std::string(k_zone_file) + ".signed");
  for (const char* word : {"HTTPS", "URI"}) CHECK(served.find(word) == std::string::npos);
  for (const char* text : {"TYPE65\t\\# ", "RRSIG\tTYPE65 ", "TYPE256\t\\# ", "RRSIG\tDS "}) {
    INFO(text);
    CHECK(served.find(text) != std::string::npos);
  }
  CHECK(verified(host).empty());
}

TEST_CASE("zone: serial numbers go up, whatever the clock", "[cases]") {
  using std::chrono::seconds;
  const std::chrono::system_clock::time_point now{seconds(1'795'420'800)};  // 2026-11-23
  CHECK(next_serial(std::nullopt, now) == 2026112300);
  CHECK(next_serial(2026112299, now) == 2026112300);
  CHECK(next_serial(2026112300, now) == 2026112301);
  CHECK(next_serial(2026112399, now) == 2026112400);
  CHECK(next_serial(2030010100, now) == 2030010101);
  CHECK(next_serial(4294967295U, now) == 2026112300);  // RFC 1982: the circle's end is before it
  CHECK(serial_before(4294967295U, 0));
  CHECK(!serial_before(1, 1));
}

#include "resources/dns/signing_keys.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_directory = "/home/keys";

std::shared_ptr<const Resource> signing_keys() { return make_resource("dnssec_key", k_directory); }

}  // namespace

TEST_CASE("dnssec_key: absent", "[cases]") {
  TestHost host;
  host.put_directory(k_directory);
  const Changes changes = converge(host, *signing_keys());
  CHECK(attributes_of(changes) == "keys");
  const SigningKeys keys = read_signing_keys(host.files, k_directory);
  CHECK(keys.problems.empty());
  REQUIRE(keys.pairs.size() == 1);
  const SigningPair& pair = keys.pairs.front();
  CHECK(pair.name == "ECDSAP256SHA256");
  CHECK(signing_refusal(pair).empty());
  CHECK(pair.key_signing_key != pair.zone_signing_key);
  const std::string base = std::string(k_directory) + "/" + pair.key_signing_key;
  CHECK(host.info(base + ".private").mode == 0600);
  CHECK(host.content(base + ".key").rfind("_domain_.\tIN\tDNSKEY\t257 3 13 ", 0) == 0);
  for (const Change& change : changes) CHECK(change.after.find("PrivateKey") == std::string::npos);
}

TEST_CASE("dnssec_key: drifted", "[cases]") {
  TestHost host;
  host.put_directory(k_directory);
  // A run that was cut off before the .conf was in place leaves keys that nobody uses.
  host.put("/home/keys/K_domain_.+013+00001.private", "half a key", 0600);
  host.put("/home/keys/ECDSAP256SHA256.conf.new", "KSK=K_domain_.+013+00001\nZSK=K_domain_.+013+00002\n");
  CHECK(attributes_of(converge(host, *signing_keys())) == "keys");
  host.put("/home/keys/K_domain_.+013+00001.private", "an old key", 0644, 8);
  CHECK(attributes_of(converge(host, *signing_keys())) == "mode");
  CHECK(host.info("/home/keys/K_domain_.+013+00001.private").mode == 0600);
  CHECK(host.info("/home/keys/K_domain_.+013+00001.private").uid == 0);
}

TEST_CASE("dnssec_key: in sync, whatever the algorithm", "[cases]") {
  TestHost host;
  host.put("/home/keys/RSASHA256.conf", "KSK=K_domain_.+008+00001\nZSK=K_domain_.+008+00002\n");
  host.put("/home/keys/K_domain_.+008+00001.private", "Private-key-format: v1.2\n", 0600);
  host.put("/home/keys/K_domain_.+008+00002.private", "Private-key-format: v1.2\n", 0600);
  check_in_sync(host, *signing_keys());
  host.put("/home/keys/RSASHA256.conf", "KSK=K_domain_.+008+00001\nZSK=K_domain_.+008+00002\nDOMAINS=none\n");
  check_in_sync(host, *signing_keys());  // the administrator wants no signatures
}

TEST_CASE("dnssec_key: error", "[cases]") {
  TestHost host;
  host.put("/home/keys/ECDSAP256SHA256.conf", "KSK=K_domain_.+013+00001\nZSK=K_domain_.+013+00002\n");
  check_error(host, *signing_keys(),
              "K_domain_.+013+00001.private, the KSK that ECDSAP256SHA256.conf names, is missing");
  host.erase("/home/keys/ECDSAP256SHA256.conf");
  host.put("/home/keys/K_domain_.+008+00001.private", "a restored key", 0600);
  check_error(host, *signing_keys(), "there is K_domain_.+008+00001.private, but no ALGORITHM.conf");
}

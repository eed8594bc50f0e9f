#include <openssl/evp.h>

#include "crypto/key.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("private_key: absent", "[cases]") {
  TestHost host;
  const auto [algorithm, type] = GENERATE(table<const char*, int>(
      {{"ecdsa-p256", EVP_PKEY_EC}, {"rsa-2048", EVP_PKEY_RSA}, {"ed25519", EVP_PKEY_ED25519}}));
  const auto resource =
      make_resource("private_key", "/etc/key.pem", {{"algorithm", algorithm}, {"group", "mail"}, {"mode", 0640}});
  const Changes changes = converge(host, *resource);
  CHECK(attributes_of(changes) == "key mode owner group");
  CHECK(resource->action(changes) == Action::create);
  const std::string pem = host.content("/etc/key.pem");
  CHECK(pem.rfind("-----BEGIN PRIVATE KEY-----\n", 0) == 0);
  CHECK(host.info("/etc/key.pem").mode == 0640);
  const Key key = key_from_pem(pem);
  REQUIRE(key);
  CHECK(EVP_PKEY_base_id(key.get()) == type);
  for (const Change& change : changes) CHECK(change.after.find("BEGIN") == std::string::npos);
}

TEST_CASE("private_key: drifted", "[cases]") {
  TestHost host;
  const auto resource = make_resource("private_key", "/etc/key.pem");
  SECTION("open to everybody: the key stays") {
    const std::string pem = key_to_pem(generate_key("ecdsa-p256")).reveal();
    host.put("/etc/key.pem", pem, 0644, 33, 33);
    CHECK(attributes_of(converge(host, *resource)) == "mode owner group");
    CHECK(host.content("/etc/key.pem") == pem);
  }
  SECTION("an empty file is a lost key") {
    host.put("/etc/key.pem", "\n", 0600);
    CHECK(resource->action(converge(host, *resource)) == Action::create);
  }
}

TEST_CASE("private_key: in sync", "[cases]") {
  TestHost host;
  // Whatever the algorithm: its public half is in the DNS.
  host.put("/etc/key.pem", key_to_pem(generate_key(GENERATE("rsa-2048", "ed25519", "ecdsa-p256"))).reveal(), 0600);
  check_in_sync(host, *make_resource("private_key", "/etc/key.pem"));
}

TEST_CASE("private_key: error", "[cases]") {
  TestHost host;
  const auto resource = make_resource("private_key", "/etc/key.pem");
  SECTION("encrypted") {
    host.put("/etc/key.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
             0600);
    check_error(host, *resource, "the key is encrypted");
  }
  SECTION("a key in DER form") {
    const Key key = generate_key("ecdsa-p256");
    unsigned char* bytes = nullptr;
    const int size = i2d_PrivateKey(key.get(), &bytes);
    host.put("/etc/key.pem", std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)), 0600);
    OPENSSL_free(bytes);
    check_error(host, *resource, "in DER form, which services do not read; convert it");
  }
  SECTION("a part of a key, and what is no key at all") {
    host.put("/etc/key.pem", GENERATE("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "x"), 0600);
    check_error(host, *resource, "the file is not a key that can be read");
  }
  SECTION("a directory") {
    host.put_directory("/etc/key.pem");
    check_error(host, *resource, "expected a file, found a");
  }
  check_refused("private_key", "/etc/key.pem", {{"mode", 0644}}, "open to every user");
}

TEST_CASE("private_key: one that is to take another's place", "[cases]") {
  TestHost host;
  const auto next = make_resource("private_key", "/home/next.pem", {{"other_than", "/home/key.pem"}});
  host.put("/home/key.pem", key_to_pem(generate_key("ecdsa-p256")).reveal(), 0600);
  static_cast<void>(converge(host, *next));
  check_in_sync(host, *next);
  CHECK_FALSE(next->irreplaceable());
  // It has taken its place: there is another next one.
  host.put("/home/key.pem", host.content("/home/next.pem"), 0600);
  CHECK(attributes_of(converge(host, *next)) == "key");
  CHECK(host.content("/home/key.pem") != host.content("/home/next.pem"));
  host.erase("/home/key.pem");
  check_in_sync(host, *next);
}

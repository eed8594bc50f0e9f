#include <openssl/evp.h>

#include "crypto/key.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_key = "/etc/dkim/mail.private";
constexpr const char* k_record = "/etc/dkim/mail.txt";

std::shared_ptr<const Resource> signing_key(const std::string& algorithm = "rsa-2048") {
  return make_resource("dkim_key", k_key, {{"selector", "mail"}, {"algorithm", algorithm}, {"owner", "mail"}});
}

// What the record publishes: all quoted strings put together.
std::string published(const std::string& text) {
  std::string value;
  bool quoted = false;
  for (const char letter : text) {
    if (letter == '"') quoted = !quoted;
    if (letter != '"' && quoted) value += letter;
  }
  return value;
}

// A key and its record as the tools make them: `openssl genpkey -algorithm ed25519`, and the public half of it from
// `openssl pkey -pubout -outform DER | tail -c 32 | base64`.
constexpr const char* k_known_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* k_known_public_half = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";  // RFC 8463, appendix A

}  // namespace

TEST_CASE("dkim_key: absent", "[cases]") {
  TestHost host;
  host.put_directory("/etc/dkim");
  SECTION("RSA") {
    const auto resource = signing_key();
    const Changes changes = converge(host, *resource);
    CHECK(attributes_of(changes) == "key mode owner group record");
    CHECK(resource->action(changes) == Action::create);
    const Key key = key_from_pem(host.content(k_key));
    REQUIRE(key);
    CHECK(EVP_PKEY_bits(key.get()) == 2048);
    CHECK(host.info(k_key).mode == 0600);
    CHECK(host.info(k_key).uid == 8);
    const std::string record = host.content(k_record);
    CHECK(record.rfind("mail._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=rsa; s=email; \"\n", 0) == 0);
    // 294 bytes of SubjectPublicKeyInfo, of which the beginning is the same for every such key.
    CHECK(published(record).rfind("v=DKIM1; h=sha256; k=rsa; s=email; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA",
                                  0) == 0);
    CHECK(published(record).size() == std::string("v=DKIM1; h=sha256; k=rsa; s=email; p=").size() + 392);
    for (const Change& change : changes) CHECK(change.after.find("BEGIN") == std::string::npos);
  }
  SECTION("Ed25519") {
    converge(host, *signing_key("ed25519"));
    const std::string record = published(host.content(k_record));
    CHECK(record.rfind("v=DKIM1; h=sha256; k=ed25519; s=email; p=", 0) == 0);
    CHECK(record.size() == std::string("v=DKIM1; h=sha256; k=ed25519; s=email; p=").size() + 44);
  }
}

TEST_CASE("dkim_key: drifted", "[cases]") {
  TestHost host;
  host.put(k_key, k_known_key, 0600, 8);
  SECTION("no record: made from the key, which stays") {
    CHECK(attributes_of(converge(host, *signing_key())) == "record");
    CHECK(host.content(k_key) == k_known_key);
    CHECK(published(host.content(k_record)) ==
          std::string("v=DKIM1; h=sha256; k=ed25519; s=email; p=") + k_known_public_half);
  }
  SECTION("the record of another key, of another name, or none") {
    const std::string wrong = GENERATE(
        "mail._domainkey\tIN\tTXT\t( \"v=DKIM1; k=ed25519; p=AAqYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\" )\n",
        "other._domainkey\tIN\tTXT\t( \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\" )\n",
        "mail._domainkey\tIN\tTXT\t( \"v=DKIM1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\" )\n", "",
        "mail._domainkey\tIN\tTXT\t; ( \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\" )\n");
    host.put(k_record, wrong, 0644, 8);
    CHECK(attributes_of(converge(host, *signing_key())) == "record");
    CHECK(published(host.content(k_record)).find(k_known_public_half) != std::string::npos);
    CHECK(host.content(k_key) == k_known_key);
  }
  SECTION("an empty file: a new key, and its record") {
    host.put(k_key, "", 0600, 8);
    host.put(k_record, "mail._domainkey IN TXT ( \"v=DKIM1; k=rsa; p=AAAA\" )\n", 0644, 8);
    const Changes changes = converge(host, *signing_key());
    CHECK(attributes_of(changes) == "key mode owner group record");
    CHECK(signing_key()->action(changes) == Action::create);
  }
  SECTION("readable for all") {
    host.put(k_key, k_known_key, 0644, 0);
    host.put(k_record,
             "mail._domainkey IN TXT ( \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\" )", 0600,
             0);
    CHECK(attributes_of(converge(host, *signing_key())) == "mode owner record mode record owner");
    CHECK(host.content(k_key) == k_known_key);
  }
}

TEST_CASE("dkim_key: in sync", "[cases]") {
  TestHost host;
  // An older tool's record, in other strings, with tags of the administrator's own and a comment with quotes.
  host.put(k_key, k_known_key, 0600, 8);
  host.put(k_record,
           "mail._domainkey IN TXT (\"v=DKIM1; t=y; k=ed25519;\"\n \" p=11qYAYKxCrfVS/7TyW\" "
           "\"QHOg7hcvPapiMlrwIaaPcHURo=\") ; \"----- DKIM key mail\n",
           0644, 8);
  check_in_sync(host, *signing_key());
  CHECK(signing_key()->paths() == std::vector<std::string>{k_key, k_record});
}

TEST_CASE("dkim_key: error", "[cases]") {
  TestHost host;
  const auto resource = signing_key();
  SECTION("encrypted") {
    host.put(k_key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", 0600);
    check_error(host, *resource, "the key is encrypted");
  }
  SECTION("not a key") {
    host.put(k_key, "no key\n", 0600, 8);
    check_error(host, *resource, "the file is not a key that can be read");
  }
  SECTION("a key that DKIM does not know") {
    host.put(k_key, key_to_pem(generate_key("ecdsa-p256")).reveal(), 0600);
    check_error(host, *resource, "expected an RSA or Ed25519 key");
  }
  SECTION("a directory") {
    host.put_directory(k_record);
    check_error(host, *resource, "/etc/dkim/mail.txt: expected a file, found a directory");
  }
  check_refused("dkim_key", "/etc/dkim/mail.private", {{"selector", "two words"}}, "is not a selector");
  check_refused("dkim_key", "/etc/dkim/mail.pem", {{"selector", "mail"}}, "belongs in /etc/dkim/mail.private");
}

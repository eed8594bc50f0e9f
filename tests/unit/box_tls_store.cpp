// Which certificate serves a name.
#include "base/clock.hpp"
#include "box/tls/certificate_store.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using Hours = std::chrono::hours;

struct StoreFixture {
  TimePoint now{std::chrono::seconds(1'795'420'800)};
  Key key = generate_key("ecdsa-p256");
  CertificateStore store{};

  StoreFixture() { store.add("/ssl/key.pem", key_to_pem(key).reveal()); }
  void add(const std::string& path, const std::string& names, int hours_left, const std::string& issuer = "A") {
    store.add(
        path,
        issued_pem({.issuer = issuer, .names = names, .from = now - Hours(48), .until = now + Hours(hours_left)}, key));
  }
  std::string best(const std::string& name) const {
    const StoredCertificate* found = store.best_for(name, now);
    return found == nullptr ? "" : found->path;
  }
};

}  // namespace

TEST_CASE("store: valid now, then not self-signed, then the last end, then the last file name", "[tls]") {
  StoreFixture tls;
  tls.add("/ssl/expired.pem", "DNS:a.example", -1);
  CHECK(tls.best("a.example") == "/ssl/expired.pem");  // better than none: it serves on
  const std::string own =
      self_signed_pem({"a.example", {"DNS:a.example"}, tls.now - Hours(1), tls.now + Hours(900)}, tls.key);
  tls.store.add("/ssl/own.pem", own);
  CHECK(tls.best("a.example") == "/ssl/own.pem");
  tls.add("/ssl/short.pem", "DNS:a.example", 5);
  CHECK(tls.best("a.example") == "/ssl/short.pem");
  tls.add("/ssl/long.pem", "DNS:a.example", 50);
  CHECK(tls.best("a.example") == "/ssl/long.pem");
  tls.add("/ssl/z.pem", "DNS:a.example", 50);
  CHECK(tls.best("a.example") == "/ssl/z.pem");
  tls.add("/ssl/b.pem", "DNS:a.example", 50);
  CHECK(tls.best("a.example") == "/ssl/z.pem");
}

TEST_CASE("store: the exact name before the wildcard of its first label", "[tls]") {
  StoreFixture tls;
  tls.add("/ssl/wild.pem", "DNS:*.example.com", 500);
  CHECK(tls.best("a.example.com") == "/ssl/wild.pem");
  CHECK(tls.best("a.b.example.com").empty());
  CHECK(tls.best("example.com").empty());
  CHECK(tls.best("*.example.com") == "/ssl/wild.pem");
  tls.add("/ssl/exact.pem", "DNS:a.example.com", 5);
  CHECK(tls.best("a.example.com") == "/ssl/exact.pem");
}

TEST_CASE("store: a certificate without its key is none, and only the first block of a file counts", "[tls]") {
  StoreFixture tls;
  const Key other = generate_key("rsa-2048");
  const Issued wanted{.issuer = "A", .names = "DNS:a.example", .from = tls.now, .until = tls.now + Hours(9)};
  tls.store.add("/ssl/other.pem", issued_pem(wanted, other));
  CHECK(tls.best("a.example").empty());
  tls.store.add("/ssl/both.pem", issued_pem(wanted, tls.key) + key_to_pem(other).reveal());
  CHECK(tls.best("a.example") == "/ssl/both.pem");
  tls.store.add("/ssl/other-key.pem", key_to_pem(other).reveal() + issued_pem(wanted, tls.key));
  CHECK(tls.best("a.example") == "/ssl/other.pem");
  CHECK(tls.store.key_in("/ssl/other-key.pem") == public_key_digest(other));
  CHECK(tls.store.path_of_key(public_key_digest(other)) == "/ssl/other-key.pem");
}

TEST_CASE("store: a name that must have a certain key", "[tls]") {
  StoreFixture tls;
  tls.add("/ssl/a.pem", "DNS:a.example", 9);
  const std::string digest = public_key_digest(tls.key);
  CHECK(tls.store.best_for("a.example", digest, tls.now)->path == "/ssl/a.pem");
  CHECK(tls.store.best_for("a.example", std::string(64, '0'), tls.now) == nullptr);
}

TEST_CASE("store: keys of every algorithm, and files that are nothing", "[tls]") {
  StoreFixture tls;
  for (const char* algorithm : {"ecdsa-p256", "rsa-2048", "ed25519"}) {
    const Key key = generate_key(algorithm);
    tls.store.add(std::string("/ssl/key-") + algorithm, key_to_pem(key).reveal());
    const Issued wanted{.issuer = "A",
                        .names = std::string("DNS:") + algorithm + ".example",
                        .from = tls.now,
                        .until = tls.now + Hours(9)};
    const std::string pem = std::string(algorithm) == "ed25519"
                                ? self_signed_pem({"x", {wanted.names}, tls.now, tls.now + Hours(9)}, key)
                                : issued_pem(wanted, key);
    tls.store.add(std::string("/ssl/") + algorithm, pem);
    CHECK(tls.best(std::string(algorithm) + ".example") == std::string("/ssl/") + algorithm);
  }
  const std::size_t before = tls.store.certificates().size();
  for (const char* text :
       {"", "x", "-----BEGIN CERTIFICATE-----\n", "-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"})
    tls.store.add("/ssl/nothing", text);
  CHECK(tls.store.certificates().size() == before);
}

TEST_CASE("store: names of files say the first name, the end and the fingerprint", "[tls]") {
  StoreFixture tls;
  tls.add("/ssl/a.pem", "DNS:*.example.com", 24);
  const Certificate& certificate = tls.store.certificates().front().certificate;
  const std::string name = stored_name(certificate, "*.example.com");
  CHECK_THAT(name, StartsWith("%2A.example.com-20261124-"));
  CHECK(name.size() == std::string("%2A.example.com-20261124-12345678.pem").size());
  REQUIRE(end_in_stored_name(name));
  CHECK(rfc3339(*end_in_stored_name(name)) == "2026-11-24T00:00:00Z");
  for (const char* other : {"box.example.com-selfsigned-20261123.pem", "ssl_private_key.pem", "a-20261124-1234567g.pem",
                            "-20261124-12345678.pem.bak", "-20261124-12345678.pem", "a-2026112x-12345678.pem"}) {
    CAPTURE(other);
    CHECK_FALSE(end_in_stored_name(other));
  }
}

TEST_CASE("store: the certificates behind the first are its chain", "[tls]") {
  StoreFixture tls;
  const TestAuthority authority(tls.now);
  const std::string leaf = authority.issue("DNS:a.example", tls.key, tls.now, tls.now + Hours(9));
  tls.store.add("/ssl/a.pem", leaf + authority.intermediate());
  const auto chain = tls.store.best_for("a.example", tls.now)->chain();
  REQUIRE(chain.size() == 1);
  CHECK(chain[0].signed_by() == "Test Trust (Root)");
}

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/error.hpp"
#include "crypto/alternative_names.hpp"
#include "crypto/certificate.hpp"
#include "crypto/openssl.hpp"
#include "crypto/sealed.hpp"
#include "crypto/signing_request.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using Names = std::vector<std::string>;

TEST_CASE("crypto: a key's two halves", "[crypto]") {
  const auto [algorithm, kind] = GENERATE(table<const char*, KeyKind>(
      {{"ecdsa-p256", KeyKind::elliptic_curve}, {"rsa-2048", KeyKind::rsa}, {"ed25519", KeyKind::ed25519}}));
  const Key key = generate_key(algorithm);
  CHECK(kind_of(key) == kind);
  const Key read = key_from_pem(key_to_pem(key).reveal());
  REQUIRE(read);
  CHECK(public_key_der(read) == public_key_der(key));
  CHECK(public_key_digest(read) == public_key_digest(key));
  const std::string der = public_key_der(key);
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const Key half(d2i_PUBKEY(nullptr, &bytes, static_cast<long>(der.size())));
  REQUIRE(half);
  CHECK(kind_of(half) == kind);
}

TEST_CASE("crypto: what is no key", "[crypto]") {
  CHECK_FALSE(key_from_pem(""));
  CHECK_FALSE(key_from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  CHECK(is_encrypted_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  CHECK(public_key_digest(nullptr).empty());
}

TEST_CASE("crypto: alternative names", "[crypto]") {
  CHECK(canonical_alternative_name("DNS:Box.Example.COM") == "DNS:box.example.com");
  CHECK(canonical_alternative_name("IP:2001:DB8:0:0::5") == "IP:2001:db8::5");
  for (const char* name : {"box.example.com", "IP:1.2.3", "IP:", "EMAIL:a@b.example", ""}) {
    CHECK(canonical_alternative_name(name).empty());
  }
}

TEST_CASE("crypto: a certificate without DNS names is for its common name", "[crypto]") {
  const Key key = generate_key("ecdsa-p256");
  const auto now = std::chrono::system_clock::now();
  const auto certificate = certificate_from_pem(
      self_signed_pem({.common_name = "Old.example", .from = now, .until = now + std::chrono::hours(1)}, key));
  REQUIRE(certificate);
  CHECK(certificate->is_for("old.example"));
  CHECK_FALSE(certificate->is_for("www.old.example"));
  CHECK(certificate->alternative_names.empty());
  CHECK(certificate->belongs_to(key));
  CHECK_FALSE(certificate->belongs_to(generate_key("ecdsa-p256")));
}

TEST_CASE("crypto: a certificate's fingerprint", "[crypto]") {
  // openssl x509 -noout -fingerprint -sha256 is checked with X509_digest(), which it calls.
  const Key key = generate_key("ed25519");
  const auto certificate = certificate_from_pem(self_signed_pem({.common_name = "box.example"}, key));
  REQUIRE(certificate);
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  unsigned size = 0;
  REQUIRE(X509_digest(certificate->x509.get(), EVP_sha256(), digest, &size) == 1);
  char* text = OPENSSL_buf2hexstr(digest, size);
  CHECK(certificate->fingerprint() == text);
  OPENSSL_free(text);
}

TEST_CASE("crypto: a signing request that OpenSSL accepts", "[crypto]") {
  const Key key = generate_key(GENERATE("ecdsa-p256", "rsa-2048", "ed25519"));
  const SigningRequest made = make_signing_request(key, {"DNS:Box.example.com", "DNS:*.example.org", "IP:2001:DB8::1"});
  const std::unique_ptr<X509_REQ, FreeWith<X509_REQ_free>> request(
      PEM_read_bio_X509_REQ(bio_of(made.pem).get(), nullptr, nullptr, nullptr));
  REQUIRE(request);
  CHECK(X509_REQ_verify(request.get(), key.get()) == 1);
  CHECK(X509_REQ_verify(request.get(), generate_key("ecdsa-p256").get()) != 1);
  CHECK(written("it", [&](BIO* bio) { return i2d_X509_REQ_bio(bio, request.get()); }) == made.der);
  CHECK(X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())) == 0);
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request.get());
  const GeneralNames names(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  CHECK(texts_of(names.get()) == Names{"DNS:box.example.com", "DNS:*.example.org", "IP:2001:db8::1"});
}

TEST_CASE("crypto: a signing request for nothing", "[crypto]") {
  const Key key = generate_key("ecdsa-p256");
  CHECK_THROWS_WITH(make_signing_request(key, {}), Contains("without a name"));
  CHECK_THROWS_WITH(make_signing_request(key, {"box.example.com"}), Contains("expected DNS:NAME or IP:ADDRESS"));
}

TEST_CASE("crypto: sealed texts open with their key, for their purpose, unchanged", "[crypto]") {
  const SealingKey key(Secret(std::string(32, 'k')));
  const std::string sealed = key.seal(Secret("a secret"), "totp of user 7");
  CHECK(sealed.starts_with("sealed:1:"));
  CHECK(is_sealed(sealed));
  CHECK_FALSE(is_sealed("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
  CHECK(sealed != key.seal(Secret("a secret"), "totp of user 7"));  // another nonce
  CHECK(key.open(sealed, "totp of user 7").reveal() == "a secret");
  CHECK(key.open(key.seal(Secret(), ""), "").empty());
  CHECK_THROWS_AS(key.open(sealed, "totp of user 8"), Error);
  CHECK_THROWS_AS(SealingKey(Secret(std::string(32, 'x'))).open(sealed, "totp of user 7"), Error);
  CHECK_THROWS_AS(SealingKey(Secret(std::string(31, 'k'))), Error);
}

TEST_CASE("crypto: no byte of a sealed text can be changed", "[crypto]") {
  const SealingKey key(Secret(std::string(32, 'k')));
  const std::string sealed = key.seal(Secret("a secret"), "purpose");
  const std::size_t begin = std::string("sealed:1:").size();
  for (std::size_t k = begin; k < sealed.size(); ++k) {
    std::string changed = sealed;
    changed[k] = changed[k] == 'A' ? 'B' : 'A';
    CHECK_THROWS_AS(key.open(changed, "purpose"), Error);
  }
  for (const std::string& wrong : {std::string(), std::string("sealed:1:"), std::string("a secret"),
                                   sealed.substr(0, begin + 8), "sealed:2:" + sealed.substr(begin)}) {
    CHECK_THROWS_AS(key.open(wrong, "purpose"), Error);
  }
}

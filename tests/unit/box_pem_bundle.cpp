// What people are sent by an authority.
#include <openssl/x509.h>

#include "base/error.hpp"
#include "box/tls/pem_bundle.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using Hours = std::chrono::hours;

struct BundleFixture {
  TimePoint now{std::chrono::seconds(1'795'420'800)};
  Key key = generate_key("ecdsa-p256");
  TestAuthority authority{now};
  std::string leaf = authority.issue("DNS:a.example", key, now, now + Hours(99));
};

Bundle bundle_of(const std::vector<std::string>& texts) {
  std::vector<BundleFile> files;
  for (const std::string& text : texts) files.push_back({"file" + std::to_string(files.size()), Secret(text)});
  return read_bundle(files);
}

std::string der_of(const std::string& pem) {
  const Certificate certificate = *certificate_from_pem(pem);
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate.x509.get(), &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

TEST_CASE("bundle: the chain in any order and any number of files", "[tls]") {
  const BundleFixture tls;
  const std::string wanted = tls.leaf + tls.authority.intermediate();
  const std::string key = key_to_pem(tls.key).reveal();
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{tls.leaf + tls.authority.intermediate() + tls.authority.root()},
        {tls.authority.root() + "text between\r\n" + tls.authority.intermediate(), tls.leaf},
        {key + tls.authority.intermediate() + tls.leaf + tls.leaf},
        {tls.leaf, tls.authority.intermediate(), key, key}}) {
    const Bundle bundle = bundle_of(texts);
    CHECK(bundle.keys.size() <= 1);
    CHECK(arranged_chain(certificate_for(bundle, "a.example"), bundle.certificates) == wanted);
  }
}

TEST_CASE("bundle: only what leads on from the certificate is kept", "[tls]") {
  const BundleFixture tls;
  const TestAuthority stranger(tls.now);  // the same names, other keys
  const Bundle bundle = bundle_of({tls.leaf + stranger.intermediate()});
  CHECK(arranged_chain(certificate_for(bundle, "a.example"), bundle.certificates) == tls.leaf);
}

TEST_CASE("bundle: other names are listed", "[tls]") {
  const BundleFixture tls;
  CHECK_THROWS_WITH(certificate_for(bundle_of({tls.leaf + tls.authority.intermediate()}), "b.example"),
                    "The certificate is for the wrong domain name. It is for a.example, not for b.example.");
  CHECK_THROWS_WITH(certificate_for(bundle_of({tls.authority.root()}), "b.example"), Contains("no host name at all"));
}

TEST_CASE("bundle: whatever is not PEM is refused with what it is", "[tls]") {
  const BundleFixture tls;
  const auto refused = [](const std::string& text, const std::string& words) {
    CHECK_THROWS_WITH(bundle_of({text}), StartsWith("file0 ") && Contains(words));
  };
  refused("", "is empty");
  refused("hello", "has nothing in PEM form");
  refused(der_of(tls.leaf), "is a certificate in DER form");
  refused(std::string("\x30\x82\x01\x00\x02\x01\x03", 7), "is a binary file");
  refused("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
          "an encrypted private key");
  refused(
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE "
      "KEY-----\n",
      "an encrypted private key");
  refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "a private key that cannot be read");
  refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "a certificate that cannot be read");
  refused(tls.leaf.substr(0, 200), "is cut off");
  refused("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "is a signing request");
  refused("-----BEGIN PGP MESSAGE-----\nAAAA\n-----END PGP MESSAGE-----\n", "a block of another kind, PGP MESSAGE");
  CHECK_THROWS_WITH(bundle_of({key_to_pem(tls.key).reveal()}), Contains("only a private key"));
}

TEST_CASE("bundle: no error shows a key", "[tls]") {
  const BundleFixture tls;
  const std::string key = key_to_pem(tls.key).reveal();
  try {
    static_cast<void>(bundle_of({key.substr(0, key.size() - 30)}));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK_THAT(error.what(), !Contains(key.substr(40, 20)));
  }
}

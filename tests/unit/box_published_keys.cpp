#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

#include "box/dns/published_keys.hpp"
#include "box/tls/certificate_facts.hpp"
#include "resources/tls/certificate.hpp"

using namespace mailinabox;
using std::chrono::hours;

TEST_CASE("published keys: a DKIM record as opendkim-genkey writes it", "[box][dns]") {
  const auto record = dkim_record(
      "mail._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=rsa; s=email; \"\n\t  \"p=MIIB\"\n\t  \"IjAN\" )  ; ----- "
      "DKIM "
      "key \"mail\" for _domain_\n");
  REQUIRE(record);
  CHECK(record->selector == "mail");
  CHECK(record->value == "v=DKIM1; h=sha256; k=rsa; s=email; p=MIIBIjAN");
  for (const char* text : {"", "mail", "mail._domainkey IN TXT ( )", "mail._domainkey IN TXT \"v=spf1\"",
                           "mail._domainkey IN TXT ( \"v=DKIM1; p=x", "._domainkey IN TXT \"v=DKIM1; p=x\"",
                           "-----BEGIN PUBLIC KEY-----\n"}) {
    CAPTURE(text);
    CHECK_FALSE(dkim_record(text));
  }
}

TEST_CASE("published keys: SSHFP values", "[box][dns]") {
  // ssh-keygen -r has the same digest.
  const std::string line =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f root@box\n";
  CHECK(ssh_fingerprint(line) == "4 2 ( 66402C9468C58941DD19FFD650BF2B42F9226F83D3BD06AD515D0E5104A77020 )");
  CHECK(ssh_fingerprint("ecdsa-sha2-nistp256 QUJD x").substr(0, 6) == "3 2 ( ");
  CHECK(ssh_fingerprint("ssh-rsa QUJD").substr(0, 6) == "1 2 ( ");
  for (const char* text : {"", "ssh-rsa", "ssh-rsa !!!!", "sk-ssh-ed25519@openssh.com QUJD", "QUJD ssh-rsa"}) {
    CHECK(ssh_fingerprint(text).empty());
  }
}

namespace {

// The certificate of a server, by an authority of that name.
std::string issued_pem(const Key& key, const std::string& issuer, const std::string& names) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key.get());
  X509_NAME_add_entry_by_txt(X509_get_issuer_name(certificate), "O", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(issuer.c_str()), -1, -1, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, key.get(), EVP_sha256());
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(text, certificate);
  char* bytes = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(text, &bytes));
  std::string pem(bytes, size);
  BIO_free(text);
  X509_free(certificate);
  return pem;
}

}  // namespace

TEST_CASE("published keys: what a certificate is worth to the world", "[box][tls]") {
  const Key key = generate_key("ecdsa-p256");
  const auto now = std::chrono::system_clock::now();
  const auto own = certificate_facts(self_signed_pem({.common_name = "box.test",
                                                      .alternative_names = {"DNS:box.test"},
                                                      .from = now - hours(1),
                                                      .until = now + hours(1)},
                                                     key));
  REQUIRE(own);
  CHECK(own->self_signed);
  CHECK_FALSE(own->accepted_at(now));
  CHECK(own->key_digest == private_key_digest(key_to_pem(key).reveal()));
  CHECK(own->key_digest.size() == 64);
  CHECK(own->key_digest != private_key_digest(key_to_pem(generate_key("ecdsa-p256")).reveal()));

  const auto issued =
      certificate_facts(issued_pem(key, "Let's Encrypt", "DNS:Box.test,DNS:*.example.com,IP:192.0.2.1"));
  REQUIRE(issued);
  CHECK_FALSE(issued->self_signed);
  CHECK(issued->issuer == "Let's Encrypt");
  CHECK(issued->names == std::vector<std::string>{"box.test", "*.example.com"});
  CHECK(issued->is_for("mta-sts.example.com"));
  CHECK(issued->is_for("box.test"));
  CHECK_FALSE(issued->is_for("example.com"));
  CHECK_FALSE(issued->is_for("a.b.example.com"));
  CHECK(issued->accepted_at(now));
  CHECK_FALSE(issued->accepted_at(now + hours(2)));
  CHECK_FALSE(issued->accepted_at(now - hours(2)));

  CHECK_FALSE(certificate_facts("no certificate"));
  CHECK_FALSE(certificate_facts("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"));
  CHECK(
      private_key_digest("-----BEGIN ENCRYPTED PRIVATE KEY-----\nQUJD\n-----END ENCRYPTED PRIVATE KEY-----\n").empty());
}

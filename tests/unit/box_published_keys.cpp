#include "box/dns/published_keys.hpp"
#include "crypto/certificate.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"

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

TEST_CASE("published keys: what a certificate is worth to the world", "[box][tls]") {
  const Key key = generate_key("ecdsa-p256");
  const auto now = std::chrono::system_clock::now();
  const auto own = certificate_from_pem(self_signed_pem({.common_name = "box.test",
                                                         .alternative_names = {"DNS:box.test"},
                                                         .from = now - hours(1),
                                                         .until = now + hours(1)},
                                                        key));
  REQUIRE(own);
  CHECK(own->self_signed);
  CHECK_FALSE(own->accepted_at(now));
  CHECK(own->key_digest == public_key_digest(key));
  CHECK(own->key_digest.size() == 64);
  CHECK(own->key_digest != public_key_digest(generate_key("ecdsa-p256")));

  const auto issued = certificate_from_pem(test::issued_pem({.issuer = "Let's Encrypt",
                                                             .names = "DNS:Box.test,DNS:*.example.com,IP:192.0.2.1",
                                                             .from = now - hours(1),
                                                             .until = now + hours(1)},
                                                            key));
  REQUIRE(issued);
  CHECK_FALSE(issued->self_signed);
  CHECK(issued->issuer == "Let's Encrypt");
  CHECK(issued->dns_names() == std::vector<std::string>{"box.test", "*.example.com"});
  CHECK(issued->is_for("mta-sts.example.com"));
  CHECK(issued->is_for("box.test"));
  CHECK_FALSE(issued->is_for("example.com"));
  CHECK_FALSE(issued->is_for("a.b.example.com"));
  CHECK(issued->accepted_at(now));
  CHECK_FALSE(issued->accepted_at(now + hours(2)));
  CHECK_FALSE(issued->accepted_at(now - hours(2)));

  CHECK_FALSE(certificate_from_pem("no certificate"));
  CHECK_FALSE(certificate_from_pem("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"));
  CHECK_FALSE(key_from_pem("-----BEGIN ENCRYPTED PRIVATE KEY-----\nQUJD\n-----END ENCRYPTED PRIVATE KEY-----\n"));
  CHECK(public_key_digest(nullptr).empty());
}

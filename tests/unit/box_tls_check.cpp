// What a certificate is worth, in the words that clients of the original know.
#include <set>

#include "base/clock.hpp"
#include "box/tls/certificate_check.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using Hours = std::chrono::hours;
constexpr std::chrono::seconds k_ten_days{864'000};
constexpr const char* k_no_pem = "There is a problem with the certificate file: File does not contain valid PEM data.";

struct CheckFixture {
  TimePoint now{std::chrono::seconds(1'795'420'800)};  // 2026-11-23T08:00:00Z
  Key key = generate_key("ecdsa-p256");
  TestAuthority authority{now};
  TrustedAuthorities trusted{{authority.root()}};

  std::string leaf(int hours_left, const std::string& names = "DNS:a.example", int hours_old = 24) const {
    return authority.issue(names, key, now - Hours(hours_old), now + Hours(hours_left));
  }
  CertificateCheck check(const std::string& text, const std::string& domain = "a.example") const {
    return check_certificate({domain, text, key_to_pem(key).reveal(), "/ssl/key.pem"}, trusted, now, k_ten_days);
  }
};

}  // namespace

TEST_CASE("check: a good certificate, with the days that are left", "[tls]") {
  const CheckFixture tls;
  const CertificateCheck check = tls.check(tls.leaf(24 * 80 + 5) + tls.authority.intermediate());
  CHECK(check.status == "OK");
  CHECK(check.details == "The certificate expires in 80 days on 2027-02-11.");
  CHECK(tls.check(tls.leaf(24 * 80) + tls.authority.intermediate() + tls.authority.root()).ok());
}

TEST_CASE("check: files that hold no certificate", "[tls]") {
  const CheckFixture tls;
  const std::string prefix = "There is a problem with the certificate file: ";
  CHECK(tls.check("").status == k_no_pem);
  CHECK(tls.check("some text").status == k_no_pem);
  CHECK(tls.check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").status ==
        prefix + "File is not a valid PEM-formatted file.");
  CHECK(tls.check("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n").status ==
        prefix + "Unsupported PEM object type: X509 CRL");
  CHECK(tls.check(key_to_pem(tls.key).reveal()).status == prefix + "This is not a certificate file.");
}

TEST_CASE("check: another name", "[tls]") {
  const CheckFixture tls;
  const std::string text = tls.leaf(2400, "DNS:b.example,DNS:*.example.org") + tls.authority.intermediate();
  CHECK(tls.check(text).status == "The certificate is for the wrong domain name. It is for *.example.org, b.example.");
  CHECK(tls.check(text, "www.example.org").ok());
  CHECK_FALSE(tls.check(text, "example.org").ok());
}

TEST_CASE("check: another key, or none", "[tls]") {
  const CheckFixture tls;
  const std::string text = tls.leaf(2400) + tls.authority.intermediate();
  const auto with_key = [&](const std::string& key) {
    return check_certificate({"a.example", text, key, "/ssl/key.pem"}, tls.trusted, tls.now, k_ten_days).status;
  };
  CHECK(with_key(key_to_pem(generate_key("ecdsa-p256")).reveal()) ==
        "The certificate does not correspond to the private key at /ssl/key.pem.");
  CHECK(with_key("nothing") == "The private key file /ssl/key.pem is not a private key file.");
  CHECK_THAT(with_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n"),
             StartsWith("The private key file /ssl/key.pem is not a private key file: it is encrypted"));
}

TEST_CASE("check: self-signed, or a chain that ends at a stranger's root", "[tls]") {
  const CheckFixture tls;
  CHECK(tls.check(self_signed_pem({"a.example", {"DNS:a.example"}, tls.now, tls.now + Hours(99)}, tls.key)).status ==
        "SELF-SIGNED");
  const TestAuthority stranger(tls.now, "Stranger");
  const std::string text = stranger.issue("DNS:a.example", tls.key, tls.now, tls.now + Hours(2400));
  CHECK(tls.check(text + stranger.intermediate() + stranger.root()).status == "SELF-SIGNED");
}

TEST_CASE("check: expired, or not valid yet", "[tls]") {
  const CheckFixture tls;
  CHECK(
      tls.check(tls.leaf(-1, "DNS:a.example", 24)).status ==
      "The certificate has expired or is not yet valid. It is valid from 2026-11-22 08:00:00 to 2026-11-23 07:00:00.");
  CHECK_THAT(tls.check(tls.leaf(99, "DNS:a.example", -1)).status,
             StartsWith("The certificate has expired or is not yet valid."));
}

TEST_CASE("check: an intermediate is missing", "[tls]") {
  const CheckFixture tls;
  const std::string status = tls.check(tls.leaf(2400)).status;
  CHECK_THAT(status,
             StartsWith("The certificate is missing an intermediate chain or the intermediate chain is incorrect or "
                        "incomplete. (") &&
                 Contains("CN=T1") && Contains("O=Test Trust"));
}

TEST_CASE("check: about to expire", "[tls]") {
  const CheckFixture tls;
  const std::string text = tls.leaf(24 * 10) + tls.authority.intermediate();
  CHECK(tls.check(text).status ==
        "The certificate is expiring soon: The certificate expires in 10 days on 2026-12-03.");
  CHECK(tls.check(tls.leaf(24 * 10 + 1) + tls.authority.intermediate()).ok());
  CHECK(tls.check(text, "a.example").details.empty());
}

TEST_CASE("check: times beyond what the clock can hold are the last that it can", "[tls]") {
  const TimePoint last = time_at(253'402'300'799);  // 9999-12-31T23:59:59Z: certificates without an end
  CHECK(last > time_at(9'000'000'000));
  CHECK(from_rfc3339("9999-12-31T23:59:59Z") == last);
  CHECK(last + Hours(24 * 60) > last);
  CHECK(time_at(-1) == time_at(0));
  CHECK_FALSE(from_rfc3339("2026-11-23T08:00:00"));
  CHECK_FALSE(from_rfc3339("2026-11-23T08:00:00Z and more"));
}

TEST_CASE("check: a certificate is due with a third of its lifetime left, whatever that is", "[tls]") {
  const CheckFixture tls;
  for (const int days : {90, 47, 6}) {
    CAPTURE(days);
    std::set<TimePoint> dates;
    for (int i = 0; i < 20; ++i) {
      const auto certificate =
          certificate_from_pem(tls.authority.issue("DNS:a.example", tls.key, tls.now, tls.now + Hours(24 * days)));
      const auto left = certificate->until - due_at(*certificate);
      CHECK(left >= Hours(24 * days) / 3);
      CHECK(left <= Hours(24 * days) / 3 + std::chrono::minutes(Hours(24 * days)) / 30);
      CHECK(certificate->until - urgent_at(*certificate) == Hours(24 * days) / 6);
      CHECK(usual_warning(*certificate) == std::min<std::chrono::seconds>(k_ten_days, Hours(24 * days) / 6));
      dates.insert(due_at(*certificate));
    }
    CHECK(dates.size() > 10);  // not all at once
  }
}

#include "box/tls/certificate_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "box/directory/address.hpp"
#include "crypto/key.hpp"

namespace mailinabox {
namespace {

using Seconds = std::chrono::seconds;
constexpr Seconds k_day{86'400};

std::string date_and_time(TimePoint time) {
  const std::string text = rfc3339(time);  // 2026-11-29T08:15:00Z
  return text.substr(0, 10) + " " + text.substr(11, 8);
}

std::string kind_of_block(const std::string& text, std::size_t begin) {
  begin += sizeof("-----BEGIN ") - 1;
  return text.substr(begin, text.find("-----", begin) - begin);
}

// Why the text is not a certificate's file; "" if its first block is a certificate.
std::string flaw_of_file(const std::string& text) {
  const std::size_t begin = text.find("-----BEGIN ");
  if (begin == std::string::npos || text.find("-----END ") == std::string::npos)
    return is_der_certificate(text) ? "File is not a valid PEM-formatted file."
                                    : "File does not contain valid PEM data.";
  const std::string kind = kind_of_block(text, begin);
  if (kind.ends_with("PRIVATE KEY")) return "This is not a certificate file.";
  if (kind.find("CERTIFICATE") == std::string::npos) return "Unsupported PEM object type: " + kind;
  return certificate_from_pem(text) ? "" : "File is not a valid PEM-formatted file.";
}

std::string names_listed(const Certificate& certificate) {
  std::set<std::string> names;
  for (const std::string& name : certificate.dns_names()) names.insert(name);
  if (!certificate.common_name.empty()) names.insert(domain_to_ascii(certificate.common_name));
  return joined(names, ", ");
}

// "" if the key is the certificate's.
std::string flaw_of_key(const CheckedCertificate& checked, const Certificate& certificate) {
  const Key key = key_from_pem(checked.private_key);
  if (!key) {
    const bool encrypted = is_encrypted_key(checked.private_key);
    return "The private key file " + checked.private_key_path + " is not a private key file" +
           (encrypted ? ": it is encrypted; services could not read it." : ".");
  }
  if (certificate.belongs_to(key)) return {};
  return "The certificate does not correspond to the private key at " + checked.private_key_path + ".";
}

CertificateCheck check_of(const Verification& verified) {
  switch (verified.trust) {
    case Trust::trusted:
      return {.status = "OK"};
    case Trust::self_signed:
      return {.status = "SELF-SIGNED"};
    case Trust::issuer_missing:
      return {.status =
                  "The certificate is missing an intermediate chain or the intermediate chain is incorrect or "
                  "incomplete. (" +
                  verified.reason + "; missing: " + verified.missing_issuer + ")"};
    case Trust::refused:
      break;
  }
  return {.status = "There is a problem with the certificate.", .details = verified.reason};
}

}  // namespace

CertificateCheck check_certificate(const CheckedCertificate& checked, const TrustedAuthorities& authorities,
                                   TimePoint now, std::chrono::seconds warn_before) {
  if (const std::string flaw = flaw_of_file(checked.certificate); !flaw.empty())
    return {.status = "There is a problem with the certificate file: " + flaw};
  const Certificate certificate = *certificate_from_pem(checked.certificate);
  if (!certificate.is_for(checked.domain)) {
    return {.status = "The certificate is for the wrong domain name. It is for " + names_listed(certificate) + "."};
  }
  if (std::string flaw = flaw_of_key(checked, certificate); !flaw.empty()) return {.status = std::move(flaw)};
  const auto verified = [&] {
    std::vector<Certificate> chain = certificates_from_pem(checked.certificate);
    chain.erase(chain.begin());
    return authorities.verify(certificate, chain, now);
  };
  return check_validity(certificate, verified, now, warn_before);
}

CertificateCheck check_validity(const Certificate& certificate, const std::function<Verification()>& verified,
                                TimePoint now, std::chrono::seconds warn_before) {
  if (certificate.self_signed) return {.status = "SELF-SIGNED"};
  if (now < certificate.from || now >= certificate.until) {
    return {.status = fmt::format("The certificate has expired or is not yet valid. It is valid from {} to {}.",
                                  date_and_time(certificate.from), date_and_time(certificate.until))};
  }
  CertificateCheck check = check_of(verified());
  if (!check.ok()) return check;
  const auto left = std::chrono::duration_cast<Seconds>(certificate.until - now);
  check.details = fmt::format("The certificate expires in {} days on {}.", left / k_day,
                              date_and_time(certificate.until).substr(0, 10));
  if (left <= warn_before) check = {.status = "The certificate is expiring soon: " + check.details};
  return check;
}

std::chrono::seconds usual_warning(const Certificate& certificate) {
  const auto lifetime = std::chrono::duration_cast<Seconds>(certificate.until - certificate.from);
  return std::min(10 * k_day, lifetime / 6);
}

TimePoint due_at(const Certificate& certificate) {
  const auto lifetime = std::chrono::duration_cast<Seconds>(certificate.until - certificate.from);
  const std::string digits = replaced(certificate.fingerprint().substr(0, 5), ":", "");
  const auto share = parse_number<std::uint32_t>(digits, 16).value_or(0);  // of 65,536
  return certificate.until - lifetime / 3 - lifetime / 30 * share / 65'536;
}

TimePoint urgent_at(const Certificate& certificate) {
  return certificate.until - (certificate.until - certificate.from) / 6;
}

}  // namespace mailinabox

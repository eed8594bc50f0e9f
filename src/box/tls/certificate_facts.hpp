// What a box must know of a certificate to say what it is worth to the world; read from PEM (RFC 7468, RFC 5280).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace mailinabox {

struct CertificateFacts {
  std::string key_digest{};          // hexadecimal SHA-256 of its SubjectPublicKeyInfo, in lower case
  std::vector<std::string> names{};  // of subjectAltName, DNS ones, in lower case; "*.example.com" as it is
  std::string issuer{};              // the issuer's organization, "" where it has none
  bool self_signed = false;          // issuer and subject are one
  std::chrono::system_clock::time_point from{};
  std::chrono::system_clock::time_point until{};

  // Exactly, or by a wildcard in the first label (RFC 6125 section 6.4.3).
  bool is_for(const std::string& host_name) const;
  // Not self-signed and of this time. Whether the authority is one that everybody trusts is not asked.
  bool accepted_at(std::chrono::system_clock::time_point now) const;
};

// Of the first certificate in the text; nothing where there is none that can be read.
std::optional<CertificateFacts> certificate_facts(const std::string& pem);

// Of the first private key in the text, as CertificateFacts::key_digest; "" where there is none that opens without a
// passphrase.
std::string private_key_digest(const std::string& pem);

}  // namespace mailinabox

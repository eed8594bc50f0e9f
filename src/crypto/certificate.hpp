// X.509 certificates (RFC 5280) in PEM (RFC 7468): reads their properties and makes self-signed ones.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "crypto/key.hpp"

struct x509_st;  // OpenSSL's X509

namespace mailinabox {

struct Certificate {
  std::string common_name{};                     // of the subject; "" if it has none
  std::vector<std::string> alternative_names{};  // canonical (crypto/alternative_names.hpp), in order
  std::string issuer{};                          // the issuer's organization; "" if it has none
  std::string issuer_common_name{};              // "" if it has none
  std::string key_digest{};                      // as public_key_digest()
  bool self_signed = false;                      // issuer and subject are the same
  bool offers_ocsp = false;                      // names a server that tells whether it has been revoked (RFC 6960)
  TimePoint from{};
  TimePoint until{};
  std::shared_ptr<x509_st> x509{};

  // The alternative names that are DNS names, without the prefix: "box.example.com", "*.example.com".
  std::vector<std::string> dns_names() const;

  // True if a name matches exactly, or by a wildcard in the first label (RFC 6125 section 6.4.3). A certificate without
  // DNS names is for its common name.
  bool is_for(const std::string& host_name) const;

  // True if it is not self-signed and is valid at that time. Does not check whether clients trust the authority.
  bool accepted_at(TimePoint now) const;

  // True if `key` is its private key. REQUIRES a key.
  bool belongs_to(const Key& key) const;

  // True if `issuer` could have signed it: the names match, and the signature does.
  bool issued_by(const Certificate& issuer) const;

  // Who signed it, for people: organization and common name of the issuer, "Let's Encrypt (R11)".
  std::string signed_by() const;

  // SHA-256 as browsers show it: "AA:BB:…".
  std::string fingerprint() const;

  // As PEM, with the last line's end. Throws Error.
  std::string pem() const;
};

// The first certificate in the text; nothing if none can be read.
std::optional<Certificate> certificate_from_pem(const std::string& pem);

// Every certificate in the text that can be read, in order.
std::vector<Certificate> certificates_from_pem(const std::string& pem);

// True if it is a certificate in DER, which the functions above do not read.
bool is_der_certificate(const std::string& bytes);

struct SelfSigned {
  std::string common_name{};                     // at most 64 characters
  std::vector<std::string> alternative_names{};  // canonical
  TimePoint from{};
  TimePoint until{};
};

// For a TLS server, not an authority: version 3, random serial number, signed with SHA-256 (Ed25519 has its own
// digest). Throws Error.
std::string self_signed_pem(const SelfSigned& wanted, const Key& key);

}  // namespace mailinabox

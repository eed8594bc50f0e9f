// Whether clients accept a certificate: verification of its chain (RFC 5280 section 6) against the authorities that a
// machine trusts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "crypto/certificate.hpp"

struct x509_store_st;  // OpenSSL's X509_STORE

namespace mailinabox {

enum class Trust : std::uint8_t {
  trusted,
  self_signed,     // the certificate, or the last of its chain, is its own issuer and nobody whom the machine trusts
  issuer_missing,  // a certificate of the chain is missing: nobody knows who signed the last one there is
  refused,         // for another reason, such as a purpose that it is not for
};

struct Verification {
  Trust trust = Trust::trusted;
  std::string reason{};          // OpenSSL's words; "" if it is trusted
  std::string missing_issuer{};  // issuer_missing: the name of the certificate that would be next
};

class TrustedAuthorities {
 public:
  // The authorities in these texts (PEM), as in /etc/ssl/certs/ca-certificates.crt. Texts without any are no error:
  // then nothing is trusted.
  explicit TrustedAuthorities(const std::vector<std::string>& pems);

  // As the certificate of a TLS server at that time; `chain` are the certificates that the server sends with it, in any
  // order. Throws Error if memory is short.
  Verification verify(const Certificate& certificate, const std::vector<Certificate>& chain, TimePoint when) const;

 private:
  std::shared_ptr<x509_store_st> store_;
};

}  // namespace mailinabox

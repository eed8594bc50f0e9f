// What a certificate is worth for a name: the checks of status and of installation, in the words that clients of the
// original's API know.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "crypto/trust.hpp"

namespace mailinabox {

struct CertificateCheck {
  // "OK", "SELF-SIGNED", or a sentence: "The certificate is for the wrong domain name. It is for A, B."
  std::string status{};
  std::string
      details{};  // "The certificate expires in 80 days on 2027-02-14." of one that is good; else what OpenSSL said

  bool ok() const { return status == "OK"; }
};

struct CheckedCertificate {
  std::string domain{};
  std::string certificate{};       // the file's text: certificate, then chain
  std::string private_key{};       // text of the file with its key
  std::string private_key_path{};  // for messages
};

// The first of these that applies: the file cannot be read; it is for other names; its key cannot be read; it has
// another key; it is self-signed; not valid now; its chain is incomplete or ends nowhere; it expires within
// `warn_before`.
CertificateCheck check_certificate(const CheckedCertificate& checked, const TrustedAuthorities& authorities,
                                   TimePoint now, std::chrono::seconds warn_before);

// The last three of them, for one whose names and key are known to be right. `verified` is what clients make of its
// chain.
CertificateCheck check_validity(const Certificate& certificate, const std::function<Verification()>& verified,
                                TimePoint now, std::chrono::seconds warn_before);

// Ten days, or a sixth of a shorter lifetime: when a certificate that will be renewed soon is nothing to worry about.
std::chrono::seconds usual_warning(const Certificate& certificate);

// A third of the whole lifetime before the end: then it is renewed, a 90-day certificate as a 6-day one. Each
// certificate is due up to a thirtieth of its lifetime earlier, by its fingerprint: not all boxes at once.
TimePoint due_at(const Certificate& certificate);

// When less than a sixth of the lifetime is left, somebody should know that it has not been renewed.
TimePoint urgent_at(const Certificate& certificate);

}  // namespace mailinabox

// Certificate signing requests (PKCS#10, RFC 2986), for certificate authorities.
#pragma once

#include <string>
#include <vector>

#include "crypto/key.hpp"

namespace mailinabox {

struct SigningRequest {
  std::string der{};  // for ACME, in base64url (RFC 8555 section 7.4)
  std::string pem{};  // for pasting into an authority's form
};

// What the subject says, for authorities that want to read it there: each at most 64 characters, "" for nothing.
struct RequestSubject {
  std::string country{};  // two letters (ISO 3166)
  std::string common_name{};
};

// For one or more names ("DNS:box.example.com", "IP:192.0.2.1"), which are in subjectAltName. The subject is empty
// unless it is given: authorities ignore it or refuse more than its 64 characters. Signed with SHA-256 (Ed25519 has its
// own digest). Throws Error, also for a name in another form.
SigningRequest make_signing_request(const Key& key, const std::vector<std::string>& names,
                                    const RequestSubject& subject = {});

}  // namespace mailinabox

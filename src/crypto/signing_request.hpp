// Certificate signing requests (PKCS#10, RFC 2986): what an authority is sent.
#pragma once

#include <string>
#include <vector>

#include "crypto/key.hpp"

namespace mailinabox {

struct SigningRequest {
  std::string der{};  // what ACME sends, after base64url (RFC 8555 section 7.4)
  std::string pem{};  // what people paste into an authority's form
};

// For these names ("DNS:box.example.com", "IP:192.0.2.1"; at least one), which stand in subjectAltName alone: the
// subject is empty, since authorities ignore it or refuse what does not fit into its 64 characters. Signed with
// SHA-256 (Ed25519 brings its own digest). Throws Error, also for a name of neither form.
SigningRequest make_signing_request(const Key& key, const std::vector<std::string>& names);

}  // namespace mailinabox

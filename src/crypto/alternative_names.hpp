// The names of a certificate (subjectAltName, RFC 5280 section 4.2.1.6) as texts: "DNS:box.example.com",
// "DNS:*.example.com", "IP:192.0.2.1", "IP:2001:db8::1".
#pragma once

#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/free_with.hpp"

namespace mailinabox {

// The canonical spelling of a name: DNS names in lower case, addresses as inet_ntop(3) prints them. "" for a text that
// is neither "DNS:NAME" nor "IP:ADDRESS".
std::string canonical_alternative_name(const std::string& name);

using GeneralNames = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

// As an OpenSSL object. REQUIRES names in the form above. Throws Error.
GeneralNames general_names(const std::vector<std::string>& names);

// Canonical, in the order of the extension; names of other kinds are left out. nullptr gives none.
std::vector<std::string> texts_of(const GENERAL_NAMES* names);

}  // namespace mailinabox

// X.509 certificates (RFC 5280) in PEM: what a box needs to know of one, and self-signed ones.
#pragma once

#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "resources/tls/key.hpp"

namespace mailinabox {

using TimePoint = std::chrono::system_clock::time_point;

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

// The first certificate in the text; nullptr where there is none that can be read.
Certificate certificate_from_pem(const std::string& pem);

bool is_self_signed(const Certificate& certificate);  // issuer and subject are one
bool belongs_to(const Certificate& certificate, const Key& key);
bool is_for_host(const Certificate& certificate, const std::string& host_name);  // wildcards count
std::string common_name(const Certificate& certificate);                         // "" where it has none
TimePoint valid_from(const Certificate& certificate);
TimePoint valid_until(const Certificate& certificate);

// The names in subjectAltName, sorted: "DNS:box.example.com", "IP:192.0.2.1", "IP:2001:db8::1". Other kinds of names
// are left out.
std::vector<std::string> alternative_names(const Certificate& certificate);

struct SelfSigned {
  std::string common_name{};                     // at most 64 characters
  std::vector<std::string> alternative_names{};  // as above
  TimePoint from{};
  TimePoint until{};
};

// For a TLS server, not an authority: version 3, random serial number, signed with SHA-256 (Ed25519 signs as it does).
// Throws Error.
std::string self_signed_pem(const SelfSigned& wanted, const Key& key);

// The one spelling of an alternative name: DNS names in lower case, addresses as inet_ntop(3) prints them. "" where it
// is neither "DNS:NAME" nor "IP:ADDRESS".
std::string canonical_name(const std::string& alternative_name);

}  // namespace mailinabox

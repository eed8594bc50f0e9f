// How mail to another domain uses TLS: the answers for Postfix's smtp_tls_policy_maps.
//
//   the domain's mail servers are      | answer            | Postfix then
//   named and certified by DNSSEC      | NOTFOUND          | verifies by DANE (RFC 7672)
//   not, but it has an MTA-STS policy  | OK secure match=… | verifies by certificate authorities (RFC 8461)
//   neither                            | NOTFOUND          | encrypts if the other side can
//
// DANE comes first because MTA-STS must not override a DANE failure (RFC 8461 section 2), and Postfix uses only one
// policy for each domain.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/dns.hpp"

namespace mailinabox {

// Passes a request to the MTA-STS resolver; nothing if it does not answer.
using AskMtaSts = std::function<std::optional<std::string>(const std::string& request)>;

// True if DANE decides about mail to the domain: one of its mail servers has TLSA records, or the answer about them is
// blocked. `resolver` is the address of a trusted validating resolver.
bool is_for_dane(const std::string& domain, DnsClient& dns, const std::string& resolver);

// The answer to "MAPNAME DOMAIN" in the form of socketmap_table(5). If the MTA-STS resolver fails, mail goes out as to
// a domain without a policy: waiting would end in a bounce.
std::string tls_policy(const std::string& request, DnsClient& dns, const std::string& resolver,
                       const AskMtaSts& ask_mta_sts);

}  // namespace mailinabox

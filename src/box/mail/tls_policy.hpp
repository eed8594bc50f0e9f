// With which TLS mail goes to another domain: what Postfix's smtp_tls_policy_maps is answered.
//
//   the domain's mail servers are      | answer            | Postfix then
//   named and certified by DNSSEC      | NOTFOUND          | verifies by DANE (RFC 7672)
//   not, but it has an MTA-STS policy  | OK secure match=… | verifies by certificate authorities (RFC 8461)
//   neither                            | NOTFOUND          | encrypts where the other side can
//
// DANE comes first because MTA-STS must not overrule it where it fails (RFC 8461 section 2), and Postfix knows only one
// policy for a domain.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/dns.hpp"

namespace mailinabox {

// Hands a request on to the MTA-STS resolver; nothing where it does not answer.
using AskMtaSts = std::function<std::optional<std::string>(const std::string& request)>;

// Whether mail to the domain is for DANE to decide: an answer with TLSA records is there for one of its mail servers,
// or is kept away. `resolver` is the address of a validating resolver that can be believed.
bool is_for_dane(const std::string& domain, DnsClient& dns, const std::string& resolver);

// The answer to "MAPNAME DOMAIN" as socketmap_table(5) has it. Where the MTA-STS resolver is away or in trouble, mail
// goes as to a domain without a policy: waiting would end in sending it back.
std::string tls_policy(const std::string& request, DnsClient& dns, const std::string& resolver,
                       const AskMtaSts& ask_mta_sts);

}  // namespace mailinabox

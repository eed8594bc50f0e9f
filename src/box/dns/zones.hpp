// The box's DNS zones as a model: users, aliases, custom records and keys in, records out. Pure: nothing is looked up,
// nothing is written. Which records there are, and why, stands in the table of zones.cpp.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "box/dns/custom_records.hpp"
#include "box/dns/record_rules.hpp"

namespace mailinabox {

struct ZoneRecord {
  std::string name{};         // relative to the zone, "" for its apex; IDNA form
  std::string type{};         // "A", "TXT", …
  std::string value{};        // as it stands in a zone file; TXT without quotes and in one piece
  std::string explanation{};  // for people: "Required. …", "Recommended. …", "Optional. …"; "" where none is shown
  RecordCategory category = RecordCategory::optional;
};

// A custom record that stays out of its zone: with it the zone would not be valid, or the box could not be reached.
struct LeftOutRecord {
  CustomRecord record{};
  std::string reason{};  // and what to do
  std::string text() const;
  bool operator==(const LeftOutRecord&) const = default;
};

struct DnsZone {
  std::string name{};                 // IDNA form, no final dot
  std::vector<ZoneRecord> records{};  // apex first, then by labels from the right; no SOA
  std::vector<LeftOutRecord> left_out{};
};

struct DkimRecord {
  std::string selector{};  // "mail"
  std::string value{};     // "v=DKIM1; …", in one piece
};

struct DnsInput {
  std::string primary_hostname{};  // IDNA form, as are all names here
  std::string public_ip{};
  std::string public_ipv6{};                // "" where there is none
  std::vector<std::string> mail_domains{};  // of users and of aliases that were not made by the box
  std::vector<std::string> user_domains{};  // of users
  CustomRecords custom{};
  std::vector<DkimRecord> dkim{};
  std::vector<std::string>
      tls_key_digests{};  // hexadecimal SHA-256 of each SubjectPublicKeyInfo that is or will be used
  std::vector<std::string> ssh_fingerprints{};           // SSHFP values: "4 2 ( ABCD… )", sorted
  std::string mta_sts_id{};                              // "" where no policy is served
  std::set<std::string, std::less<>> mta_sts_domains{};  // whose policy host has a certificate that the world accepts
  std::string tls_report_address{};                      // TLSRPT "rua" value; "" for none
  std::string certificate_authority{"letsencrypt.org"};  // RFC 8659 issuer name for CAA; "" for no CAA record
};

// The zones to serve, in domain order: mail and web domains that do not stand below another one. Throws Error where the
// box's own name or IPv4 address is missing: no zones are better than ones that lead nowhere.
std::vector<DnsZone> dns_zones(const DnsInput& input);

// Names with a web site, in domain order: mail domains, www., autoconfig., autodiscover. and mta-sts. names, the box's
// own; without those that custom records point elsewhere (the box's own name stays).
std::vector<std::string> web_domains(const DnsInput& input);

// Sorts names as the panel and the API list them: by zone, the box's own first; see the definition in domains.cpp.
std::vector<std::string> in_domain_order(std::vector<std::string> names, const std::string& primary_hostname);

// The master file lines (RFC 1035 section 5) of the zone's records: "NAME TAB IN TAB TYPE TAB VALUE", TXT values quoted
// and cut into strings of at most 255 bytes, "@" for the apex. No SOA, no $ORIGIN, no $TTL: those belong to the zone
// file's writer.
std::string master_file_records(const DnsZone& zone);

// The policy that nginx serves (RFC 8461 section 3.2), lines ended by CR LF; `mode` is enforce, testing or none.
std::string mta_sts_policy(const std::string& mode, const std::string& primary_hostname);

// The identifier that changes with the policy: letters and digits, at most 32.
std::string mta_sts_policy_id(const std::string& policy);

}  // namespace mailinabox

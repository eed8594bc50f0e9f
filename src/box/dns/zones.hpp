// The box's DNS zones as a model: users, aliases, custom records and keys in, records out. Pure: nothing is looked up
// or written. The table in record_rules.cpp has the records and the reason for each.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "box/dns/custom_records.hpp"
#include "box/dns/record_rules.hpp"

namespace mailinabox {

struct ZoneRecord {
  std::string name{};   // relative to the zone, "" for its apex; IDNA form
  std::string type{};   // "A", "TXT", …
  std::string value{};  // as in a zone file, names complete; TXT without quotes and in one piece
  // For people: "Required. …", "Recommended. …", "Optional. …"; "" if none is shown. Of the table of rules.
  std::string_view explanation{};
  RecordCategory category = RecordCategory::optional;
  int ttl = 0;  // seconds; 0: the zone's
};

// A custom record that stays out of its zone, which would be invalid with it, or hide the box.
struct LeftOutRecord {
  CustomRecord record{};
  std::string reason{};  // why, and what to do
  std::string text() const;
  bool operator==(const LeftOutRecord&) const = default;
};

struct DnsZone {
  std::string name{};                 // IDNA form, no final dot
  std::vector<ZoneRecord> records{};  // apex first, then by labels from the right; no SOA
  std::vector<LeftOutRecord> left_out{};
  std::vector<std::string> notes{};  // what custom records bring about that nobody may expect; whole sentences
};

struct DkimRecord {
  std::string selector{};  // "mail"
  std::string value{};     // "v=DKIM1; …", in one piece
};

// What an authority wants to see before it signs a certificate (RFC 8555 section 8.4).
struct AcmeChallengeRecord {
  std::string name{};  // "_acme-challenge.example.com"
  std::string value{};
};

struct DnsInput {
  std::string primary_hostname{};  // IDNA form, as are all names here
  std::string public_ip{};
  std::string public_ipv6{};                // "" if there is none
  std::vector<std::string> mail_domains{};  // of users and of aliases that are not automatic
  std::vector<std::string> user_domains{};  // of users
  CustomRecords custom{};
  std::vector<DkimRecord> dkim{};
  std::vector<std::string> tls_key_digests{};   // hexadecimal SHA-256 of each SubjectPublicKeyInfo in use now or soon
  std::vector<std::string> ssh_fingerprints{};  // SSHFP values: "4 2 ( ABCD… )", sorted
  std::string mta_sts_id{};                     // "" if no policy is served
  std::set<std::string, std::less<>> mta_sts_domains{};  // whose policy host has a certificate that clients accept
  std::string tls_report_address{};                      // TLSRPT "rua" value; "" for none
  std::string certificate_authority{"letsencrypt.org"};  // RFC 8659 issuer name for CAA; "" for no CAA record
  std::vector<AcmeChallengeRecord> challenges{};         // at the moment
};

// The zones to serve, in domain order: mail and web domains that are not below another one. Throws Error if the box's
// own name or IPv4 address is missing: no zones are better than zones that lead nowhere.
std::vector<DnsZone> dns_zones(const DnsInput& input);

// Of all zones.
std::vector<LeftOutRecord> left_out_records(const std::vector<DnsZone>& zones);
std::vector<std::string> notes_of(const std::vector<DnsZone>& zones);

// Names with a web site, in domain order: mail domains, www., autoconfig., autodiscover. and mta-sts. names, and the
// box's own name; without names that custom records point elsewhere (except the box's own).
std::vector<std::string> web_domains(const DnsInput& input);

// Sorts names as the panel and the API list them: by zone, the box's own first; details in domains.cpp.
std::vector<std::string> in_domain_order(std::vector<std::string> names, const std::string& primary_hostname);

// The master file lines (RFC 1035 section 5) of the zone's records: "NAME TAB [TTL] IN TAB TYPE TAB VALUE", TXT values
// quoted and cut into strings of at most 255 bytes, "@" for the apex. Without SOA, $ORIGIN and $TTL, which the writer
// of the zone file adds.
std::string master_file_records(const DnsZone& zone);

// The policy that nginx serves (RFC 8461 section 3.2), lines ended by CR LF; `mode` is enforce, testing or none.
std::string mta_sts_policy(const std::string& mode, const std::string& primary_hostname);

// The identifier that changes with the policy: letters and digits, at most 32.
std::string mta_sts_policy_id(const std::string& policy);

}  // namespace mailinabox

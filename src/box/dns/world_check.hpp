// Compares the published records of a domain with what they should be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "box/dns/resolver_client.hpp"
#include "box/dns/zones.hpp"

namespace mailinabox {

struct DnsDifference {
  std::string title{};                // "MX example.com", "name server ns1.example.com"
  std::string text{};                 // what is wrong and what to do, in whole sentences
  std::vector<std::string> found{};   // values, as in a master file
  std::vector<std::string> wanted{};  // full records to paste: "example.com. IN MX 10 box.example.com."
  std::string explanation{};          // the reason for the record
  bool counts = true;                 // false: a hint, nothing is wrong
};

struct DomainCheck {
  enum class Hosting : std::uint8_t {
    here,       // this box is one of the domain's name servers
    elsewhere,  // others are; the records must be entered there
    nowhere,    // no name server knows the domain
    unknown,    // resolvers fail: no answer, or one whose signatures are invalid
  };
  Hosting hosting = Hosting::unknown;
  std::vector<std::string> name_servers{};  // as published
  std::size_t right = 0;                    // sets of records (of one name and type) that are right
  std::vector<DnsDifference> differences{};

  bool good() const;  // no difference counts
};

struct DomainCheckInput {
  const DnsZone& zone;
  std::string domain{};                   // the zone's name, or one below it to compare only its records
  std::vector<std::string> ds_records{};  // of the zone's keys, as in the parent's zone file
  bool ipv6 = false;                      // this machine reaches IPv6 addresses
};

// `servers` asks the zone's own name servers. Throws Error if no resolver answers at all.
DomainCheck check_domain(const DomainCheckInput& input, ResolverClient& resolver, DnsClient& servers);

// A record's value in canonical form, to compare: names in lower case without a final dot, hexadecimal in lower case
// without blanks and parentheses. `zone` completes names that do not end in a dot.
std::string comparable_value(const std::string& type, const std::string& value, const std::string& zone = "");

}  // namespace mailinabox

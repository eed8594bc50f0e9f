// What the world's DNS says of the box's names.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "box/tls/eligibility.hpp"
#include "box/tls/key_roll.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// Addresses of all names, asked of the machine's resolver, many at a time.
std::map<std::string, NameInDns> look_up_names(const Box& box, const std::vector<std::string>& names);

// Those of the zones for which the world asks this box: its ns1 is among their name servers.
// Of a zone without an answer nothing is known.
struct ZonesAsked {
  std::set<std::string, std::less<>> here{};
  std::set<std::string, std::less<>> elsewhere{};  // or nowhere
};
ZonesAsked zones_asked(const Box& box, const std::vector<std::string>& zones, const std::string& primary_hostname);

// What every name server of the zone that `primary_hostname` is in answers about the TLSA records of its port 25. Of
// `zones` are those that the box serves.
PublishedKeys published_keys(const Box& box, const std::vector<std::string>& zones,
                             const std::string& primary_hostname);

// Waits until every name server of the zone has that TXT record. Throws Error naming the one that has it not in time.
void wait_for_record(const Box& box, const std::string& zone, const std::string& name, const std::string& value);

}  // namespace mailinabox

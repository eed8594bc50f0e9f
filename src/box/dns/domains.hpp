// The names that the box serves, and the reason for each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "box/dns/names.hpp"
#include "box/dns/zones.hpp"

namespace mailinabox {

// Why the box has a name that no user or alias has.
enum class AutomaticName : std::uint8_t { none, www, autoconfig, autodiscover, mta_sts, name_server };

struct BoxDomains {
  NameSet mail{};
  NameSet users{};
  NameSet elsewhere{};               // names that custom records lead to another host
  NameSet web_elsewhere{};           // of those, the ones that would have a web site here
  NameMap<AutomaticName> web{};      // names with a web site
  NameMap<AutomaticName> known{};    // those, mail domains and the box's name servers
  std::vector<std::string> zones{};  // in domain order
  NameSet zone_names{};              // the same
};

BoxDomains box_domains(const DnsInput& input);

// True for an A or AAAA record with an address that is not the box's, in any spelling.
bool foreign_address(const CustomRecord& record, const DnsInput& input);

}  // namespace mailinabox

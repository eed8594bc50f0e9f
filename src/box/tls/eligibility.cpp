#include "box/tls/eligibility.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "box/dns/record_data.hpp"

namespace mailinabox {
namespace {

std::string shown(const FoundAddresses& found) {
  if (!found) return "[timeout]";
  return found->empty() ? "[Not Set]" : joined(*found, "; ");
}

bool only(const FoundAddresses& found, const std::string& address) {
  return found && found->size() == 1 && same_address(found->front(), address);
}

}  // namespace

std::string reason_against(const NameInDns& found, const std::string& ipv4, const std::string& ipv6) {
  std::vector<std::string> wrong;
  if (!only(found.ipv4, ipv4)) wrong.push_back(shown(found.ipv4) + " (A)");
  // One that the box has not would be asked first. A box with an address need not say so in DNS.
  const bool foreign = !found.ipv6 || (!found.ipv6->empty() && !only(found.ipv6, ipv6));
  if (foreign) wrong.push_back(shown(found.ipv6) + " (AAAA)");
  if (wrong.empty()) return {};
  const std::string reason = "The domain name does not resolve to this machine: " + joined(wrong, ", ") + ".";
  if (!found.ipv4 && !found.ipv6) return reason + " No resolver answers; try again when this machine's network works.";
  const bool has_none = found.ipv4 && found.ipv4->empty();
  if (has_none) return reason + " Its DNS needs an A record with " + ipv4 + ".";
  return reason + " Its DNS must have the A record " + ipv4 +
         (ipv6.empty() ? " and no AAAA record." : " and no other AAAA record than " + ipv6 + ".");
}

std::string reason_of_elsewhere() {
  return "The domain has a custom DNS A/AAAA record that points the domain elsewhere. A certificate here would be "
         "pointless; the host that it leads to needs one.";
}

}  // namespace mailinabox

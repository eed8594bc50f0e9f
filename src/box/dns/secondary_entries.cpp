#include "box/dns/secondary_entries.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/dns/record_data.hpp"

namespace mailinabox {
namespace {

std::string checked_host(const std::string& entry) {
  const std::string host = canonical_name(entry);
  // A text that is not a host name has no address.
  if (!valid_domain(host)) throw InvalidValue("names", "Could not resolve the IP address of " + entry + ".");
  return host;
}

}  // namespace

std::vector<std::string> split_secondary_entries(std::string_view text) {
  const auto entries = words_of(text, ", \t\r\n");
  return {entries.begin(), entries.end()};
}

void add_secondary_entry(std::vector<std::string>& entries, std::string entry) {
  if (!contains(entries, entry)) entries.push_back(std::move(entry));
}

std::string checked_secondary_entry(const std::string& entry) {
  if (!entry.starts_with(k_transfer_prefix)) return checked_host(entry);
  const std::string peer = entry.substr(k_transfer_prefix.size());
  if (!valid_address_or_network(peer))
    throw InvalidValue("names", "'" + peer + "' is not an IPv4 or IPv6 address or subnet.");
  return entry;
}

std::string checked_secondary_entry_of_file(const std::string& entry) {
  if (!entry.starts_with(k_transfer_prefix)) return checked_host(entry);
  const std::string host = canonical_name(entry.substr(k_transfer_prefix.size()));
  return valid_domain(host) ? std::string(k_transfer_prefix) + host : checked_secondary_entry(entry);
}

}  // namespace mailinabox

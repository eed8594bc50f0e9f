#include "base/ip_address.hpp"
#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

ValueList listed_name_servers(const std::string& text) {
  ValueList servers;
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.size() < 2 || words[0] != "nameserver") continue;
    const std::size_t zone = words[1].find('%');  // "fe80::1%eth0": of version 6 only
    const auto address = parse_ip_address(words[1].substr(0, zone));
    if (address && (zone == std::string_view::npos || address->version == 6))
      servers.emplace_back(std::string(words[1]));
  }
  return servers;
}

Value read_name_servers(const View& view) {
  const auto servers = listed_name_servers(text_or_nothing(view, "/etc/resolv.conf"));
  const bool stub = servers.size() == 1 && servers.front().as_string() == "127.0.0.53";
  if (!stub) return Value(servers);
  return Value(listed_name_servers(text_or_nothing(view, "/run/systemd/resolve/resolv.conf")));
}

}  // namespace

Fact name_servers_fact() {
  return {"name_servers", "Addresses of the name servers in use; with systemd-resolved, those that it asks.",
          read_name_servers};
}

}  // namespace mailinabox

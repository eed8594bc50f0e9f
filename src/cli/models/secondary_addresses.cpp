#include "cli/models/secondary_addresses.hpp"

#include <fmt/format.h>

#include <sstream>

#include "box/dns/resolver_client.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

// One line a host: its name, then its addresses.
using KnownAddresses = std::map<std::string, std::vector<std::string>>;

std::string memory_path(const Environment& environment) {
  return environment.state_directory + "/secondary-name-servers";
}

KnownAddresses remembered(const Environment& environment) {
  KnownAddresses known;
  const auto file = environment.view().files.read(memory_path(environment));
  if (!file) return known;
  std::istringstream lines(file->content);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string host;
    words >> host;
    for (std::string address; words >> address;) known[host].push_back(address);
  }
  return known;
}

std::string comma_joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

}  // namespace

std::vector<std::string> name_servers_in_use(const View& view) {
  std::vector<std::string> servers;
  for (const Fact& fact : facts()) {
    if (fact.name != "name_servers") continue;
    const Value value = fact.read(view);
    for (const Value& server : value.as_list()) servers.push_back(server.text());
  }
  return servers;
}

SecondaryAddresses find_secondary_addresses(const Environment& environment, const std::vector<std::string>& hosts) {
  SecondaryAddresses result;
  if (hosts.empty()) return result;
  const KnownAddresses known = remembered(environment);
  ResolverClient resolver(environment.dns, name_servers_in_use(environment.view()), std::chrono::seconds(2));
  for (const std::string& host : hosts) {
    const auto addresses = resolver.addresses(host);
    const auto before = known.find(host);
    if (addresses && !addresses->empty()) {
      result.of_host[host] = *addresses;
    } else if (addresses) {
      result.warnings.push_back("The secondary name server " + host +
                                " has no address in DNS; it may not transfer the zones until it has one.");
    } else if (before != known.end()) {
      result.of_host[host] = before->second;
      result.warnings.push_back("No resolver could say now where the secondary name server " + host +
                                " is; it stays at its last known address " + comma_joined(before->second) + ".");
    } else {
      result.warnings.push_back("No resolver could say where the secondary name server " + host +
                                " is; it may not transfer the zones before a later run of `mailinabox dns update` "
                                "finds it.");
    }
  }
  return result;
}

void remember_secondary_addresses(const Environment& environment, const KnownAddresses& of_host) {
  std::string text;
  for (const auto& [host, addresses] : of_host) text += fmt::format("{} {}\n", host, fmt::join(addresses, " "));
  FileSystem& files = environment.system.files;
  const auto before = files.read(memory_path(environment));
  if (before ? before->content == text : text.empty()) return;
  files.write(memory_path(environment), text, FileAttributes{});
}

}  // namespace mailinabox

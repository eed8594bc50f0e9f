#include "operations/models/secondary_addresses.hpp"

#include <fmt/format.h>

#include <sstream>

#include "facts/facts.hpp"

namespace mailinabox {
namespace {

// One line a host: its name, then its addresses.
using KnownAddresses = std::map<std::string, std::vector<std::string>>;

std::string memory_path(const Box& box) { return box.state_directory + "/secondary-name-servers"; }

KnownAddresses remembered(const Box& box) {
  KnownAddresses known;
  const auto file = box.view().files.read(memory_path(box));
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

SecondaryAddresses SecondaryLookup::look_up(const std::string& host) {
  SecondaryAddresses result;
  if (!resolver_) resolver_.emplace(box_.dns, name_servers_in_use(box_.view()), std::chrono::seconds(2));
  const auto addresses = resolver_->addresses(host);
  if (addresses && !addresses->empty()) {
    result.of_host[host] = *addresses;
    return result;
  }
  if (addresses) {
    result.warnings.push_back("The secondary name server " + host +
                              " has no address in DNS; it may not transfer the zones until it has one.");
    return result;
  }
  const KnownAddresses before = remembered(box_);
  if (const auto known = before.find(host); known != before.end()) {
    result.of_host[host] = known->second;
    result.warnings.push_back("No resolver answers now where the secondary name server " + host +
                              " is; it stays at its last known address " + comma_joined(known->second) + ".");
  } else {
    result.warnings.push_back("No resolver answers where the secondary name server " + host +
                              " is; it may not transfer the zones before a later run of `mailinabox dns update` "
                              "finds it.");
  }
  return result;
}

SecondaryAddresses SecondaryLookup::find(const std::vector<std::string>& hosts) {
  SecondaryAddresses all;
  for (const std::string& host : hosts) {
    auto known = known_.find(host);
    if (known == known_.end()) known = known_.emplace(host, look_up(host)).first;
    const SecondaryAddresses& one = known->second;
    all.of_host.insert(one.of_host.begin(), one.of_host.end());
    all.warnings.insert(all.warnings.end(), one.warnings.begin(), one.warnings.end());
  }
  return all;
}

void remember_secondary_addresses(const Box& box, const KnownAddresses& of_host) {
  std::string text;
  for (const auto& [host, addresses] : of_host) text += fmt::format("{} {}\n", host, fmt::join(addresses, " "));
  FileSystem& files = box.system.files;
  const auto before = files.read(memory_path(box));
  if (before ? before->content == text : text.empty()) return;
  files.write(memory_path(box), text, FileAttributes{});
}

}  // namespace mailinabox

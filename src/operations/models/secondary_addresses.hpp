// The addresses of the secondary name servers: looked up once in each run, and remembered, so that no server loses the
// right to transfer the zones because a resolver is away for a moment.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "box/dns/resolver_client.hpp"
#include "operations/box.hpp"

namespace mailinabox {

struct SecondaryAddresses {
  std::map<std::string, std::vector<std::string>> of_host{};
  std::vector<std::string> warnings{};
};

// One run's look-ups: each host is asked about once, however often the models are gathered.
class SecondaryLookup {
 public:
  explicit SecondaryLookup(const Box& box) : box_(box) {}

  // Takes a few seconds at most if nothing answers, and asks nobody without hosts.
  SecondaryAddresses find(const std::vector<std::string>& hosts);

 private:
  SecondaryAddresses look_up(const std::string& host);

  const Box& box_;
  std::optional<ResolverClient> resolver_{};           // one that was silent is not asked about the next host
  std::map<std::string, SecondaryAddresses> known_{};  // by host
};

// Keeps them for runs without a resolver; writes only what differs.
void remember_secondary_addresses(const Box& box, const std::map<std::string, std::vector<std::string>>& of_host);

// The name servers of /etc/resolv.conf, the box's own resolver included.
std::vector<std::string> name_servers_in_use(const View& view);

}  // namespace mailinabox

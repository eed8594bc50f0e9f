// Where the secondary name servers are: asked anew on every run, and remembered, so that nobody loses the right to
// transfer the zones because a resolver is away for a moment.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/environment.hpp"

namespace mailinabox {

struct SecondaryAddresses {
  std::map<std::string, std::vector<std::string>> of_host{};
  std::vector<std::string> warnings{};
};

// Takes at most a few seconds where nothing answers, no time at all without hosts. Looks only.
SecondaryAddresses find_secondary_addresses(const Environment& environment, const std::vector<std::string>& hosts);

// Keeps them for runs without a resolver; writes only what differs.
void remember_secondary_addresses(const Environment& environment,
                                  const std::map<std::string, std::vector<std::string>>& of_host);

// Of /etc/resolv.conf, the box's own resolver included.
std::vector<std::string> name_servers_in_use(const View& view);

}  // namespace mailinabox

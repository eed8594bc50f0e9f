// How this network lets a machine look up names, found out by trying.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mailinabox {

struct ResolverFindings {
  enum class Way : std::uint8_t {
    direct,   // root servers answer: the box resolves by itself
    forward,  // only the network's own name servers answer
    unknown,  // nothing answers now
  };
  Way way = Way::unknown;
  std::vector<std::string> forwarders{};  // those that answered
  bool validation = false;                // DNSSEC signatures arrive
};

enum class RootServers : std::uint8_t { first, not_asked };

// Asks the root servers, unless they are not to be asked, then the given name servers; takes at most a few seconds, no
// time at all without a network.
using ResolverProbe = std::function<ResolverFindings(const std::vector<std::string>& name_servers, RootServers roots)>;

}  // namespace mailinabox

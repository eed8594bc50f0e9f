// Whether an authority could validate that a name is this box's, by what the world's DNS says of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mailinabox {

// What a resolver answered: addresses, none, or nothing at all (no answer).
using FoundAddresses = std::optional<std::vector<std::string>>;

struct NameInDns {
  FoundAddresses ipv4{};
  FoundAddresses ipv6{};
};

// "" if the name leads to this box and nowhere else; else why not, beginning with the sentence that clients of the
// original's API know, and what to do. `ipv6` is "" if the box has none.
std::string reason_against(const NameInDns& found, const std::string& ipv4, const std::string& ipv6);

// For a name that custom records lead to another host.
std::string reason_of_elsewhere();

}  // namespace mailinabox

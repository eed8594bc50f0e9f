// Where a service takes connections.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "os/system.hpp"

namespace mailinabox {

struct Places {
  std::set<std::uint16_t> ports{};    // TCP
  std::set<std::string> addresses{};  // on which each port must have a listener, RFC 5952; empty: any one is enough
  std::set<std::string> sockets{};    // absolute paths, as the program calls them

  bool empty() const { return ports.empty() && sockets.empty(); }
  std::string text() const;  // "25, 587, /run/x/socket"

  // Those where nobody listens now. A socket whose file was removed cannot be reached any more, although its program
  // still has it.
  Places missing(const View& view) const;
};

}  // namespace mailinabox

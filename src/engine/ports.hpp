// What a resource that listens on ports says of itself. A resource that does not derive from it has none.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "os/services.hpp"

namespace mailinabox {

struct PortsOfService {
  ServiceName service{};
  bool running = true;                // false: it is wanted stopped, and gives its ports up
  std::set<std::uint16_t> ports{};    // TCP
  std::set<std::string> addresses{};  // in the form of Listener::address; empty: all
};

class HasPorts {
 public:
  virtual ~HasPorts() = default;
  virtual PortsOfService ports_of_service() const = 0;
};

}  // namespace mailinabox

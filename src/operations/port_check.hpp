// Ports that the box needs and other programs hold, found out before anything is installed.
#pragma once

#include <string>
#include <vector>

#include "engine/catalog.hpp"
#include "os/system.hpp"

namespace mailinabox {

struct PortFindings {
  std::vector<std::string> notices{};    // whole sentences: a program that setup stops or removes
  std::vector<std::string> obstacles{};  // "port 53 of 0.0.0.0, for unbound: `dnsmasq` (process 812, package dnsmasq)"
  std::vector<std::string> remedies{};   // what a person can do about these: "`apt-get remove dnsmasq`"
};

// Asks the kernel who holds what the catalog's services listen on (DNS servers on UDP, too). Programs of the catalog's
// own services and packages are right there: setup configures them.
PortFindings look_at_ports(const Catalog& catalog, const View& view);

// Throws Error (ExitCode::unsuitable) if there are obstacles.
void require_free_ports(const PortFindings& findings);

}  // namespace mailinabox

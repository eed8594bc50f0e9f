#include <sys/socket.h>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_private_ip(const View& /*view*/) { return Value(source_address(AF_INET, "192.0.32.8")); }

}  // namespace

Fact private_ip_fact() {
  return {"private_ip", "IPv4 address of this machine towards the Internet; empty without a route.", read_private_ip};
}

}  // namespace mailinabox

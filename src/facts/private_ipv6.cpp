#include <sys/socket.h>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_private_ipv6(const View& view) {
  return Value(lasting_ipv6(view, source_address(AF_INET6, "2001:500:88:200::8")));
}

}  // namespace

Fact private_ipv6_fact() {
  return {"private_ipv6",
          "IPv6 address of this machine towards the Internet; empty without a route or without one that lasts.",
          read_private_ipv6};
}

}  // namespace mailinabox

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_dhclient(const View& view) {
  const bool installed = path_exists(view, "/usr/sbin/dhclient") || path_exists(view, "/sbin/dhclient");
  return Value(installed && path_exists(view, "/etc/dhcp/dhclient-enter-hooks.d"));
}

}  // namespace

Fact dhclient_fact() {
  return {"dhclient", "The DHCP client dhclient, which writes /etc/resolv.conf, is installed and takes hooks.",
          read_dhclient};
}

}  // namespace mailinabox

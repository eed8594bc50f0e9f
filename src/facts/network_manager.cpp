#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_network_manager(const View& view) {
  return Value(path_exists(view, "/usr/sbin/NetworkManager") && path_exists(view, "/etc/NetworkManager/conf.d"));
}

}  // namespace

Fact network_manager_fact() {
  return {"network_manager", "NetworkManager, which writes /etc/resolv.conf, is installed.", read_network_manager};
}

}  // namespace mailinabox

#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_firewall_possible(const View& view) {
  constexpr int k_cap_net_admin = 12;
  return Value(view.machine.has_capability(k_cap_net_admin));
}

}  // namespace

Fact firewall_possible_fact() {
  return {"firewall_possible", "This run may set firewall rules (CAP_NET_ADMIN).", read_firewall_possible};
}

}  // namespace mailinabox

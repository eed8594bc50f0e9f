#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

// systemd keeps this link while the unit is active.
Value read_postfix_instance(const View& view) {
  return Value(path_exists(view, "/run/systemd/units/invocation:postfix@-.service"));
}

}  // namespace

Fact postfix_instance_fact() {
  return {"postfix_instance", "The mail server runs as postfix@-.service, as it does up to Debian 12.",
          read_postfix_instance};
}

}  // namespace mailinabox

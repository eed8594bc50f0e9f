#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_ipv6(const View& view) { return Value(path_exists(view, "/proc/net/if_inet6")); }

}  // namespace

Fact ipv6_fact() { return {"ipv6", "The kernel supports IPv6.", read_ipv6}; }

}  // namespace mailinabox

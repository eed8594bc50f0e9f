#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_distribution_name(const View& view) {
  const std::string name = os_release(view, "PRETTY_NAME");
  return Value(name.empty() ? "unknown" : name);
}

}  // namespace

Fact distribution_name_fact() {
  return {"distribution_name", "The distribution's own name: Debian GNU/Linux 12 (bookworm).", read_distribution_name};
}

}  // namespace mailinabox

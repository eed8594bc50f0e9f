#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_distribution(const View& view) {
  const std::string id = os_release(view, "ID");
  const std::string version = os_release(view, "VERSION_ID");
  if (id.empty()) return Value("unknown");
  return Value(version.empty() ? id : id + "-" + version);
}

}  // namespace

Fact distribution_fact() {
  return {"distribution", "ID and VERSION_ID of /etc/os-release: debian-12.", read_distribution};
}

}  // namespace mailinabox

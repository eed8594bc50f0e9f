#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_resolv_conf_mounted(const View& view) {
  const std::string text = text_or_nothing(view, "/proc/self/mountinfo");
  for (const Mount& mount : mounts_in(text)) {
    if (mount.point == "/etc/resolv.conf") return Value(true);
  }
  return Value(false);
}

}  // namespace

Fact resolv_conf_mounted_fact() {
  return {"resolv_conf_mounted", "/etc/resolv.conf is a mount of the container and cannot be replaced.",
          read_resolv_conf_mounted};
}

}  // namespace mailinabox

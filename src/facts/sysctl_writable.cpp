#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_sysctl_writable(const View& view) {
  if (in_container(view)) return Value(false);
  const std::string text = text_or_nothing(view, "/proc/self/mountinfo");
  bool writable = true;
  for (const Mount& mount : mounts_in(text)) {
    if (mount.point == "/proc" || mount.point == "/proc/sys")
      writable = mount.options.substr(0, mount.options.find(',')) != "ro";
  }
  return Value(writable);
}

}  // namespace

Fact sysctl_writable_fact() {
  return {"sysctl_writable", "Kernel settings can be changed: false in a container, where they belong to the host.",
          read_sysctl_writable};
}

}  // namespace mailinabox

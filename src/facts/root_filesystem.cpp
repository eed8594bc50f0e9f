#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_root_filesystem(const View& view) {
  const std::string text = text_or_nothing(view, "/proc/self/mountinfo");
  std::string type = "unknown";
  for (const Mount& mount : mounts_in(text)) {
    if (mount.point == "/") type = std::string(mount.type);  // the last one is on top
  }
  return Value(type);
}

}  // namespace

Fact root_filesystem_fact() {
  return {"root_filesystem",
          "Type of the file system of /: ext4, btrfs, overlay, …; unknown if the kernel does not say.",
          read_root_filesystem};
}

}  // namespace mailinabox

#include "engine/settled_diff.hpp"

#include <utility>

namespace mailinabox {

Changes settled_diff(const Resource& resource, const View& view) {
  return settled_diff(resource, view, resource.diff(view));
}

Changes settled_diff(const Resource& resource, const View& view, Changes seen) {
  constexpr std::chrono::minutes k_longest(1);
  constexpr std::chrono::milliseconds k_between(100);
  const auto limit = view.clock.monotonic() + k_longest;
  while (!seen.empty() && view.clock.monotonic() < limit && resource.under_way(view, seen)) {
    view.clock.sleep(k_between);
    seen = resource.diff(view);
  }
  return seen;
}

}  // namespace mailinabox

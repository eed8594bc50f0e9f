#include "engine/run_order.hpp"

namespace mailinabox {

static_assert(static_cast<int>(Step::services) == static_cast<int>(Phase::services));

RunOrder::RunOrder(const Catalog& catalog) : catalog_(catalog) {
  for (std::size_t entry = 0; entry < catalog.entries.size(); ++entry) {
    const Step its = step(entry);
    steps_[static_cast<std::size_t>(its)].push_back(entry);
    const bool has_its_turn = its == Step::handlers || its == Step::services;
    if (has_its_turn && at(entry).resource->refreshable()) refreshable_.emplace(at(entry).id, entry);
  }
}

std::optional<std::size_t> RunOrder::refreshable(const ResourceId& id) const {
  const auto found = refreshable_.find(id);
  return found == refreshable_.end() ? std::nullopt : std::optional(found->second);
}

bool RunOrder::comes_before(std::size_t entry, std::size_t target) const {
  if (step(entry) != step(target)) return step(entry) < step(target);
  return entry < target;
}

}  // namespace mailinabox

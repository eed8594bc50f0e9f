// The order in which a plan or a run takes the entries of a catalog.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/catalog.hpp"

namespace mailinabox {

// The steps of a run that visit entries: the phases, and then what waits for the services.
enum class Step : std::uint8_t { packages, resources, handlers, services, after_services };
constexpr std::size_t k_steps = 5;

class RunOrder {
 public:
  // The catalog must stay alive and unchanged.
  explicit RunOrder(const Catalog& catalog);

  const Catalog& catalog() const { return catalog_; }

  // Parts of a pass name an entry by its index in the catalog.
  const CatalogEntry& at(std::size_t entry) const { return catalog_.entries[entry]; }

  // In catalog order.
  const std::vector<std::size_t>& entries(Step step) const { return steps_[static_cast<std::size_t>(step)]; }
  Step step(std::size_t entry) const {
    return at(entry).after_services ? Step::after_services : static_cast<Step>(at(entry).resource->phase());
  }

  // The entry with this id if it can be notified: a handler or a service.
  std::optional<std::size_t> refreshable(const ResourceId& id) const;

  // Whether `entry` has its turn before `target`.
  bool comes_before(std::size_t entry, std::size_t target) const;

 private:
  const Catalog& catalog_;
  std::array<std::vector<std::size_t>, k_steps> steps_{};
  std::map<ResourceId, std::size_t> refreshable_{};
};

}  // namespace mailinabox

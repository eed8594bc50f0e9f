// The order in which a plan or a run takes the entries of a catalog, and which entries a failure keeps it from.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalog.hpp"
#include "engine/report.hpp"

namespace mailinabox {

// The steps of a run that visit entries: the phases, and then what waits for the services.
enum class Step : std::uint8_t { repositories, packages, resources, handlers, services, after_services };
constexpr std::size_t k_steps = 6;

class RunOrder {
 public:
  // The catalog must stay alive and unchanged.
  explicit RunOrder(const Catalog& catalog);

  // Indexes into the catalog's entries, in catalog order.
  const std::vector<std::size_t>& entries(Step step) const { return steps_[static_cast<std::size_t>(step)]; }
  Step step(std::size_t entry) const { return step_of_[entry]; }

  // The entry with this id, where it can be notified: a handler or a service.
  std::optional<std::size_t> refreshable(const ResourceId& id) const;

  // Whether `entry` has its turn before `target`.
  bool comes_before(std::size_t entry, std::size_t target) const;

  // Index into the catalog's recipes. An entry whose recipe the catalog does not list has a number of its own.
  std::size_t recipe(std::size_t entry) const { return recipe_of_[entry]; }
  std::size_t recipe_count() const { return recipe_count_; }

 private:
  std::array<std::vector<std::size_t>, k_steps> steps_{};
  std::vector<Step> step_of_{};
  std::vector<std::size_t> recipe_of_{};
  std::map<ResourceId, std::size_t> refreshable_{};
  std::size_t recipe_count_ = 0;
};

// Which recipes have ended early, and because of which entry.
class EndedRecipes {
 public:
  EndedRecipes(const Catalog& catalog, const RunOrder& order);

  // Ends the entry's recipe and all that require it, however indirectly. The first cause of a recipe stands.
  void end(std::size_t failed_entry);

  // The failed entry that keeps the run from this one, or nothing.
  std::optional<std::size_t> cause(std::size_t entry) const;

 private:
  const RunOrder& order_;
  std::vector<std::vector<std::size_t>> required_{};  // by recipe
  std::vector<std::optional<std::size_t>> cause_{};   // by recipe
};

// An outcome with everything that is known before the entry is looked at.
Outcome outcome_of(const CatalogEntry& entry);

// "/usr/share/mailinabox/recipes/web.yaml:12:5", and " with " the place in recipes.d of what overrides it; "" where it
// stands in no file.
std::string place_of(const CatalogEntry& entry);

// Puts the entry's place in front of what went wrong, unless it names one already.
std::string at_place(const CatalogEntry& entry, const std::exception& error);

// What the program would exit with for this error alone.
ExitCode code_of(const std::exception& error);

// The notices of one plan or run that are still to be delivered, by entry.
struct Pending {
  std::vector<Notice> notices{};
  bool from_earlier_runs = false;
};
using PendingNotices = std::map<std::size_t, Pending>;

std::vector<std::string> attributes_of(const Changes& changes);

}  // namespace mailinabox

// All resources of a run after facts, conditions and loops are resolved.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/position.hpp"
#include "engine/resource.hpp"

namespace mailinabox {

struct CatalogEntry {
  ResourceId id{};
  std::string recipe{};
  Position where{};
  std::vector<Position> overridden_at{};  // in recipes.d
  std::shared_ptr<const Resource> resource{};
  std::vector<ResourceId> notifies{};
  bool local = false;  // stands wholly or partly in /etc/mailinabox/recipes.d
  // Applied when all services are up, in catalog order, and only if its recipe's services work and accepted their
  // changes: for changes that must wait until a service answers (resolv.conf pointing at the box's own resolver).
  bool after_services = false;
  std::set<std::string, std::less<>> uses{};  // names of the context that it depends on
  bool follows_from_data = false;             // so does what it makes, and a rollback leaves that
  // "Debian 13", if that is new on this machine and the recipes ask for something else on the one before.
  std::string new_release{};

  Resource::Lasting lasting() const;
};

// "/usr/share/mailinabox/recipes/web.yaml:12:5", and " with " the place in recipes.d of what overrides it; "" if it
// stands in no file.
std::string place_of(const CatalogEntry& entry);

struct CatalogRecipe {
  std::string name{};
  std::string summary{};
  std::vector<std::string> requires_recipes{};  // direct ones
  Position where{};
  bool local = false;
  std::set<std::string, std::less<>> uses{};  // names of the context that its resources depend on
};

// Each recipe comes after those it requires; entries follow that order, and within a recipe the order of its file.
struct Catalog {
  std::vector<CatalogRecipe> recipes{};
  std::vector<CatalogEntry> entries{};
  std::vector<std::string> warnings{};  // file:line:column and what looks like a mistake in recipes.d
  bool partial = false;                 // made by only(): a notify may lead to an entry that is not here
};

// Throws RecipeError at the entry's position for two entries with one id, for a notify whose target is missing (with
// the nearest spelling) or not refreshable, for a command or service that notifies one that comes before it, and for a
// resource that needs a package which no entry installs.
void validate(const Catalog& catalog);

// The catalog with only the named recipes and what they require. Throws Error (usage) for an unknown name with the
// nearest spelling. Notices to entries left out stay pending until a run of the whole catalog.
Catalog only(const Catalog& catalog, const std::vector<std::string>& recipes);

}  // namespace mailinabox

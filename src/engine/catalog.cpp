#include "engine/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engine/run_order.hpp"

namespace mailinabox {
namespace {

void refuse_duplicates(const Catalog& catalog) {
  std::map<ResourceId, const CatalogEntry*> seen;
  for (const CatalogEntry& entry : catalog.entries) {
    const auto [first, inserted] = seen.emplace(entry.id, &entry);
    if (inserted) continue;
    throw RecipeError(entry.where, fmt::format("{} is declared twice, first at {}; merge the two or remove one",
                                               entry.id.text(), to_string(first->second->where)));
  }
}

[[noreturn]] void refuse_missing_target(const Catalog& catalog, const CatalogEntry& entry, const ResourceId& target) {
  std::vector<std::string> candidates;
  bool exists = false;
  for (const CatalogEntry& candidate : catalog.entries) {
    exists = exists || candidate.id == target;
    if (candidate.resource->refreshable()) candidates.push_back(candidate.id.text());
  }
  if (exists) {
    throw RecipeError(entry.where, fmt::format("{} notifies {}, which has nothing to refresh; a service, or a command "
                                               "with on_notify: true, can be notified",
                                               entry.id.text(), target.text()));
  }
  const std::string nearest = nearest_spelling(target.text(), candidates);
  throw RecipeError(entry.where, fmt::format("{} notifies {}, which no recipe declares{}", entry.id.text(),
                                             target.text(), nearest.empty() ? "" : "; did you mean " + nearest + "?"));
}

void refuse_missing_packages(const Catalog& catalog) {
  std::set<std::string> installed;
  for (const CatalogEntry& entry : catalog.entries) {
    if (const auto package = entry.resource->package(); package && !package->absent) installed.insert(package->name);
  }
  for (const CatalogEntry& entry : catalog.entries) {
    for (const std::string& needed : entry.resource->needed_packages()) {
      if (installed.contains(needed)) continue;
      throw RecipeError(entry.where,
                        fmt::format("{} needs a program of the package {}, which no recipe installs; add it "
                                    "to `packages` of this recipe",
                                    entry.id.text(), needed));
    }
  }
}

}  // namespace

Resource::Lasting CatalogEntry::lasting() const {
  Resource::Lasting lasting = resource->lasting();
  if (!follows_from_data) return lasting;
  for (std::string& path : resource->decides()) lasting.computed.push_back(std::move(path));
  return lasting;
}

std::string place_of(const CatalogEntry& entry) {
  std::string place = to_string(entry.where);
  for (const Position& there : entry.overridden_at) place += " with " + to_string(there);
  return place;
}

void validate(const Catalog& catalog) {
  refuse_duplicates(catalog);
  refuse_missing_packages(catalog);
  const RunOrder order(catalog);
  for (std::size_t index = 0; index < catalog.entries.size(); ++index) {
    const CatalogEntry& entry = catalog.entries[index];
    for (const ResourceId& target : entry.notifies) {
      const auto found = order.refreshable(target);
      if (!found && !catalog.partial) refuse_missing_target(catalog, entry, target);
      if (!found || order.comes_before(index, *found)) continue;
      throw RecipeError(entry.where,
                        fmt::format("{} notifies {}, which has had its turn by then; declare it after this",
                                    entry.id.text(), target.text()));
    }
  }
}

Catalog only(const Catalog& catalog, const std::vector<std::string>& recipes) {
  std::vector<std::string> names;
  for (const CatalogRecipe& recipe : catalog.recipes) names.push_back(recipe.name);
  for (const std::string& name : recipes) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string nearest = nearest_spelling(name, names);
    throw Error(
        fmt::format("there is no recipe \"{}\"{}", name,
                    nearest.empty() ? "; there are " + joined(names, ", ") : "; did you mean \"" + nearest + "\"?"),
        ExitCode::usage);
  }
  std::set<std::string> wanted(recipes.begin(), recipes.end());
  for (auto recipe = catalog.recipes.rbegin(); recipe != catalog.recipes.rend(); ++recipe) {
    const auto& required = recipe->requires_recipes;
    if (wanted.contains(recipe->name)) wanted.insert(required.begin(), required.end());
  }
  Catalog result;
  std::copy_if(catalog.recipes.begin(), catalog.recipes.end(), std::back_inserter(result.recipes),
               [&](const CatalogRecipe& recipe) { return wanted.contains(recipe.name); });
  std::copy_if(catalog.entries.begin(), catalog.entries.end(), std::back_inserter(result.entries),
               [&](const CatalogEntry& entry) { return wanted.contains(entry.recipe); });
  result.partial = catalog.partial || result.recipes.size() != catalog.recipes.size();
  return result;
}

}  // namespace mailinabox

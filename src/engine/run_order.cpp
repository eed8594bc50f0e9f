#include "engine/run_order.hpp"

#include <unordered_map>

#include "base/error.hpp"

namespace mailinabox {
namespace {

Step step_of(const CatalogEntry& entry) {
  if (entry.after_services) return Step::after_services;
  switch (entry.resource->phase()) {
    case Phase::repositories:
      return Step::repositories;
    case Phase::packages:
      return Step::packages;
    case Phase::resources:
      return Step::resources;
    case Phase::handlers:
      return Step::handlers;
    case Phase::services:
      break;
  }
  return Step::services;
}

}  // namespace

RunOrder::RunOrder(const Catalog& catalog) {
  std::unordered_map<std::string, std::size_t> recipes;
  for (const CatalogRecipe& recipe : catalog.recipes) recipes.emplace(recipe.name, recipes.size());
  step_of_.reserve(catalog.entries.size());
  recipe_of_.reserve(catalog.entries.size());
  const std::string* last = nullptr;
  for (std::size_t index = 0; index < catalog.entries.size(); ++index) {
    const CatalogEntry& entry = catalog.entries[index];
    const bool same_recipe = last != nullptr && entry.recipe == *last;
    recipe_of_.push_back(same_recipe ? recipe_of_.back() : recipes.emplace(entry.recipe, recipes.size()).first->second);
    last = &entry.recipe;
    step_of_.push_back(step_of(entry));
    steps_[static_cast<std::size_t>(step_of_.back())].push_back(index);
    const bool has_its_turn = step_of_.back() == Step::handlers || step_of_.back() == Step::services;
    if (has_its_turn && entry.resource->refreshable()) refreshable_.emplace(entry.id, index);
  }
  recipe_count_ = recipes.size();
}

std::optional<std::size_t> RunOrder::refreshable(const ResourceId& id) const {
  const auto found = refreshable_.find(id);
  return found == refreshable_.end() ? std::nullopt : std::optional(found->second);
}

bool RunOrder::comes_before(std::size_t entry, std::size_t target) const {
  if (step(entry) != step(target)) return step(entry) < step(target);
  return entry < target;
}

EndedRecipes::EndedRecipes(const Catalog& catalog, const RunOrder& order)
    : order_(order), required_(order.recipe_count()), cause_(order.recipe_count()) {
  std::unordered_map<std::string, std::size_t> numbers;
  for (const CatalogRecipe& recipe : catalog.recipes) numbers.emplace(recipe.name, numbers.size());
  for (const CatalogRecipe& recipe : catalog.recipes) {
    for (const std::string& name : recipe.requires_recipes) {
      if (const auto found = numbers.find(name); found != numbers.end()) {
        required_[numbers[recipe.name]].push_back(found->second);
      }
    }
  }
}

void EndedRecipes::end(std::size_t failed_entry) {
  auto& own = cause_[order_.recipe(failed_entry)];
  if (own) return;
  own = failed_entry;
  // Each recipe stands after those it requires, so that one pass reaches all.
  for (std::size_t recipe = 0; recipe < required_.size(); ++recipe) {
    for (const std::size_t required : required_[recipe]) {
      if (!cause_[recipe] && cause_[required]) cause_[recipe] = cause_[required];
    }
  }
}

std::optional<std::size_t> EndedRecipes::cause(std::size_t entry) const { return cause_[order_.recipe(entry)]; }

Outcome outcome_of(const CatalogEntry& entry) {
  Outcome outcome;
  outcome.id = entry.id;
  outcome.recipe = entry.recipe;
  outcome.where = entry.where;
  outcome.local = entry.local;
  return outcome;
}

std::string place_of(const CatalogEntry& entry) {
  std::string place = to_string(entry.where);
  for (const Position& there : entry.overridden_at) place += " with " + to_string(there);
  return place;
}

std::string at_place(const CatalogEntry& entry, const std::exception& error) {
  if (dynamic_cast<const RecipeError*>(&error) != nullptr) return error.what();
  const std::string place = place_of(entry);
  return (place.empty() ? entry.id.text() : place) + ": " + error.what();
}

ExitCode code_of(const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  return ours != nullptr ? ours->code() : ExitCode::failed;
}

std::vector<std::string> attributes_of(const Changes& changes) {
  std::vector<std::string> attributes;
  attributes.reserve(changes.size());
  for (const Change& change : changes) attributes.push_back(change.attribute);
  return attributes;
}

}  // namespace mailinabox

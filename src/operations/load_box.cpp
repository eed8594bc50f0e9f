#include "operations/load_box.hpp"

#include <algorithm>
#include <set>

#include "facts/facts.hpp"
#include "operations/answers/resolver.hpp"
#include "operations/context.hpp"
#include "operations/suitability.hpp"
#include "os/trusted_files.hpp"
#include "recipe/loader.hpp"

namespace mailinabox {
namespace {

template <typename User>
bool uses_any(const User& user, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return user.uses.contains(name); });
}

// A notify must reach its target even if that belongs to another recipe: else it would stay pending.
template <typename Wanted>
Catalog with_targets(const Catalog& catalog, const Wanted& wanted) {
  std::set<ResourceId> notified;
  for (const CatalogEntry& entry : catalog.entries) {
    if (wanted(entry)) notified.insert(entry.notifies.begin(), entry.notifies.end());
  }
  Catalog result{.partial = true};
  std::set<std::string> listed;
  for (const CatalogEntry& entry : catalog.entries) {
    if (!wanted(entry) && !notified.contains(entry.id)) continue;
    result.entries.push_back(entry);
    listed.insert(entry.recipe);
  }
  std::copy_if(catalog.recipes.begin(), catalog.recipes.end(), std::back_inserter(result.recipes),
               [&](const CatalogRecipe& recipe) { return listed.contains(recipe.name); });
  return result;
}

Catalog of_models(const Catalog& catalog) {
  std::set<std::string> recipes;
  for (const CatalogRecipe& recipe : catalog.recipes) {
    if (uses_any(recipe, model_names())) recipes.insert(recipe.name);
  }
  return with_targets(catalog, [&](const CatalogEntry& entry) { return recipes.contains(entry.recipe); });
}

}  // namespace

Scope Scope::recipes(std::vector<std::string> names) {
  Scope scope;
  scope.names_ = std::move(names);
  return scope;
}

Scope Scope::models() {
  Scope scope;
  scope.part_ = Part::models;
  return scope;
}

Scope Scope::data() {
  Scope scope;
  scope.part_ = Part::data;
  return scope;
}

Catalog Scope::of(const Catalog& catalog) const {
  if (part_ == Part::models) return of_models(catalog);
  if (part_ == Part::data) return with_targets(catalog, [](const auto& entry) { return entry.follows_from_data; });
  return names_.empty() ? catalog : only(catalog, names_);
}

std::vector<std::string> LoadedBox::warnings() const {
  std::vector<std::string> all = models.warnings;
  all.insert(all.end(), recipe_warnings.begin(), recipe_warnings.end());
  return all;
}

LoadedBox load_answers(const Box& box, AnswerRequest request) {
  LoadedBox loaded{.platform = require_platform(box), .facts = gather_facts(box.view())};
  loaded.moved = move_of(box, loaded.platform);
  const bool probe = request.probe_network;
  loaded.complete = AnswerSheet(box, loaded.facts, std::move(request)).complete();
  if (probe) settle_resolver(box, loaded.complete.answers, loaded.facts, loaded.complete.warnings);
  return loaded;
}

void load_models(const Box& box, SecondaryLookup& secondaries, LoadedBox& loaded) {
  const CompleteAnswers& complete = loaded.complete;
  loaded.models = gather_models(box, complete.answers, complete.directory.get(), secondaries,
                                complete.first_user ? complete.first_user->email : "");
}

LoadedBox load_with_models(const Box& box) {
  LoadedBox loaded = load_answers(box);
  SecondaryLookup secondaries(box);
  load_models(box, secondaries, loaded);
  return loaded;
}

Catalog read_catalog(const Box& box, const Value& context, const std::string& platform) {
  const TrustedFiles trusted(box.system.files);
  if (!box.root) return load_catalog(box.view().files, box.sources, context, platform);
  return load_catalog(trusted, box.sources, context, platform);
}

void load_catalog(const Box& box, const Scope& scope, LoadedBox& loaded) {
  const Value context =
      make_context(loaded.complete.answers, loaded.facts, loaded.complete.time_zone, loaded.models.values);
  Catalog all = read_catalog(box, context, loaded.platform);
  for (CatalogEntry& entry : all.entries) entry.follows_from_data = uses_any(entry, data_model_names());
  if (loaded.moved) mark_new_release(box, *loaded.moved, context, all);
  loaded.recipe_names.clear();
  for (const CatalogRecipe& recipe : all.recipes) loaded.recipe_names.push_back(recipe.name);
  loaded.catalog = scope.of(all);
  loaded.recipe_warnings = std::move(all.warnings);
}

LoadedBox load_box(const Box& box, const Scope& scope, AnswerRequest request) {
  const bool sample = !box.root && answered_before(box);
  request.no_directory = sample;
  LoadedBox loaded = load_answers(box, std::move(request));
  loaded.sample = sample;
  if (sample) {
    loaded.models = sample_models(loaded.answers());
  } else {
    SecondaryLookup secondaries(box);
    load_models(box, secondaries, loaded);
  }
  load_catalog(box, scope, loaded);
  return loaded;
}

}  // namespace mailinabox

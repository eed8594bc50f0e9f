#include "engine/outcomes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mailinabox {
namespace {

Outcome outcome_of(const CatalogEntry& entry) {
  return {.id = entry.id,
          .recipe = entry.recipe,
          .where = entry.where,
          .local = entry.local,
          .new_release = entry.new_release};
}

void set_failure(Outcome& outcome, const Failure& failure) {
  outcome.status = Status::failed;
  outcome.error = failure.message;
  outcome.code = failure.code;
}

}  // namespace

Failure failure_of(const CatalogEntry& entry, const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  const ExitCode code = ours != nullptr ? ours->code() : ExitCode::failed;
  if (dynamic_cast<const RecipeError*>(&error) != nullptr) return {error.what(), code};  // it names a place already
  const std::string place = place_of(entry);
  return {(place.empty() ? entry.id.text() : place) + ": " + error.what(), code};
}

std::vector<std::string> attributes_of(const Changes& changes) {
  std::vector<std::string> attributes;
  attributes.reserve(changes.size());
  for (const Change& change : changes) attributes.push_back(change.attribute);
  return attributes;
}

Outcomes::Outcomes(const RunOrder& order, Reporter& reporter) : order_(order), reporter_(reporter) {
  report_.outcomes.reserve(order.catalog().entries.size());
  for (const CatalogEntry& entry : order.catalog().entries) report_.outcomes.push_back(outcome_of(entry));
}

void Outcomes::tell_recipe(std::size_t entry) {
  const std::string& name = order_.at(entry).recipe;
  const Step step = order_.step(entry);
  if (told_ && told_->first == name && told_->second == step) return;
  told_ = {name, step};
  const auto& recipes = order_.catalog().recipes;
  const auto recipe =
      std::find_if(recipes.begin(), recipes.end(), [&](const CatalogRecipe& known) { return known.name == name; });
  if (recipe != recipes.end()) reporter_.on_recipe(*recipe, order_.at(entry).resource->phase());
}

// The failed entry because of which this one has no turn.
std::optional<std::size_t> Outcomes::what_keeps(std::size_t entry) const {
  const std::string& recipe = order_.at(entry).recipe;
  if (const auto ended = ended_.find(recipe); ended != ended_.end()) return ended->second;
  if (order_.step(entry) != Step::after_services) return std::nullopt;
  const auto unserved = unserved_.find(recipe);
  return unserved == unserved_.end() ? std::nullopt : std::optional(unserved->second);
}

bool Outcomes::reach(std::size_t entry) {
  const std::optional<std::size_t> cause = what_keeps(entry);
  if (!cause) return true;
  Outcome& outcome = report_.outcomes[entry];
  outcome.status = Status::not_reached;
  outcome.error = order_.at(*cause).id.text() + " failed";
  outcome.changes.clear();
  conclude(entry);
  return false;
}

void Outcomes::differs(std::size_t entry, Changes changes) {
  Outcome& outcome = report_.outcomes[entry];
  outcome.action = order_.at(entry).resource->action(changes);
  outcome.changes = std::move(changes);
}

void Outcomes::fail(std::size_t entry, const std::exception& error) {
  set_failure(report_.outcomes[entry], failure_of(order_.at(entry), error));
  if (!order_.at(entry).resource->fails_alone()) end_recipe(entry);
}

void Outcomes::end_recipe(std::size_t entry) {
  const Step step = order_.step(entry);
  if (step == Step::services) {
    unserved_.emplace(order_.at(entry).recipe, entry);
    return;
  }
  if (!ended_.emplace(order_.at(entry).recipe, entry).second) return;
  if (step != Step::packages && step != Step::resources) return;  // what other recipes need of this one is there
  // Each recipe stands after those it requires, so that one pass reaches all.
  for (const CatalogRecipe& recipe : order_.catalog().recipes) {
    for (const std::string& required : recipe.requires_recipes) {
      if (const auto cause = ended_.find(required); cause != ended_.end()) ended_.emplace(recipe.name, cause->second);
    }
  }
}

void Outcomes::refreshed(std::size_t entry, Refreshed what, bool again) {
  const std::string& name = order_.at(entry).id.name;
  if (!again && what == Refreshed::reloaded) report_.reloaded.push_back(name);
  if (!again && (what == Refreshed::restarted || what == Refreshed::started)) report_.restarted.push_back(name);
  if (what != Refreshed::nothing) reporter_.on_refresh(name, what);
}

void Outcomes::refuse(std::size_t entry, const Failure& failure, Changes differences) {
  end_recipe(entry);
  Outcome& own = report_.outcomes[entry];
  if (own.status == Status::failed || !differences.empty()) {
    differs(entry, own.changes.empty() ? std::move(differences) : std::move(own.changes));
    set_failure(own, failure);
    conclude(entry);
    return;
  }
  Outcome refusal = outcome_of(order_.at(entry));
  set_failure(refusal, failure);
  reporter_.on_outcome(refusal);
  report_.refresh_failures.push_back(std::move(refusal));
}

void Outcomes::put_back(std::size_t entry, std::size_t service) {
  Outcome& outcome = report_.outcomes[entry];
  if (outcome.status == Status::changed) {
    const Error undone(
        fmt::format("{} was put back, because {} did not accept it", outcome.id.text(), order_.at(service).id.text()));
    set_failure(outcome, failure_of(order_.at(entry), undone));
    reporter_.on_note(outcome.error);
  }
  unserved_.emplace(order_.at(entry).recipe, entry);
}

}  // namespace mailinabox

// Mistakes in recipes.d that would otherwise do nothing, or something else than was meant.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "recipe/draft.hpp"
#include "recipe/errors.hpp"
#include "recipe/sources.hpp"

namespace mailinabox {

// Variables of recipes.d that replace none of the recipe's and that no file in recipes.d reads, each at its key, with
// the names that the recipe has, the closest first.
void check_local_variables(const RecipeFiles& files, ErrorList& errors);

// What a resource of recipes.d, whose id no other has, was probably meant to override: a resource of the same kind
// whose name differs in a letter or two that are not digits, or one of another kind for the same path. The answer
// stands at the local resource; nothing if there is no such resource.
std::optional<RecipeError> near_miss(const Draft& local, const std::map<ResourceId, Draft*>& known);

}  // namespace mailinabox

// The recipes of a box, combined from their files and ordered.
#pragma once

#include <string>
#include <vector>

#include "recipe/errors.hpp"
#include "recipe/grammar.hpp"

namespace mailinabox {

struct Recipe {
  std::string name{};
  std::string summary{};
  Position where{};
  std::vector<std::pair<std::string, Position>> requires_recipes{};
  std::vector<const Fragment*> fragments{};  // shipped first
  bool local = false;                        // only in recipes.d
  bool broken = false;                       // its file, or that of a required recipe, cannot be read
};

// Each comes after those it requires; otherwise the given order is kept. Unknown names in `requires` are collected as
// errors. Throws RecipeError, naming all of them with their positions, for recipes that require each other.
std::vector<Recipe> order_recipes(std::vector<Recipe> recipes, ErrorList& errors);

}  // namespace mailinabox

// The recipes of a box, put together from their files and ordered.
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
  bool local = false;                        // stands in recipes.d alone
  bool broken = false;                       // its file, or that of one it requires, could not be read
};

// Each comes after those it requires; otherwise the order given is kept. Unknown names in `requires` are collected as
// errors; recipes that require each other throw RecipeError naming all of them with their places.
std::vector<Recipe> order_recipes(std::vector<Recipe> recipes, ErrorList& errors);

}  // namespace mailinabox

// Reads recipe files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/yaml_tree.hpp"
#include "recipe/loader.hpp"
#include "recipe/order.hpp"

namespace mailinabox {

// Everything read from the recipe folders; the fragments point into the documents.
struct RecipeFiles {
  std::vector<std::unique_ptr<YamlDocument>> documents{};
  std::vector<std::unique_ptr<Fragment>> fragments{};
  std::vector<const Fragment*> local{};  // in the order of their files' names
  std::vector<Recipe> recipes{};         // shipped ones in order of their names, then new ones of recipes.d
};

// Files that cannot be read, or are not recipes, are collected as errors; a shipped one leaves a broken recipe.
RecipeFiles read_recipe_files(const FileReader& files, const RecipeSources& sources, ErrorList& errors);

}  // namespace mailinabox

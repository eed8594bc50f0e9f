// Recipes checked without a machine: for every platform, with answers and facts that switch every condition both ways.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "operations/box.hpp"

namespace mailinabox {

struct LintResult {
  std::set<std::string> errors{};    // each once, with file:line:column
  std::set<std::string> warnings{};  // likewise
  std::size_t resources = 0;         // of the largest catalog
  std::size_t platforms = 0;
};

// The shipped recipes, and `files` as if they lay in recipes.d; without files, those that do lie there. Throws Error
// (usage) for a file that is not a recipe.
LintResult lint(const Box& box, const std::vector<std::string>& files);

}  // namespace mailinabox

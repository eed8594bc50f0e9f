#include "recipe/errors.hpp"

#include <set>

#include "base/text.hpp"

namespace mailinabox {

void ErrorList::throw_any() const {
  if (errors_.empty()) return;
  if (errors_.size() == 1) throw errors_.front();
  constexpr std::size_t k_listed = 20;
  const RecipeError& first = errors_.front();
  std::set<std::string> seen{first.what()};
  std::string further;
  std::size_t left = 0;
  for (std::size_t i = 1; i < errors_.size(); ++i) {
    if (!seen.insert(errors_[i].what()).second) continue;
    if (seen.size() > k_listed) {
      ++left;
    } else {
      further += std::string("\n") + errors_[i].what();
    }
  }
  if (left > 0) further += "\n… and " + std::to_string(left) + " more";
  throw RecipeError(first.where(), first.message() + further);
}

std::string suggestion(const std::string& name, const std::vector<std::string>& known) {
  const std::string nearest = nearest_spelling(name, known);
  return nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?";
}

std::string enumerate(const std::vector<std::string>& words) {
  if (words.empty()) return "nothing";
  if (words.size() == 1) return words.front();
  return joined(std::vector(words.begin(), words.end() - 1), ", ") + " and " + words.back();
}

}  // namespace mailinabox

#include "recipe/order.hpp"

#include <cstdint>
#include <map>

namespace mailinabox {
namespace {

class RecipeOrder {
 public:
  RecipeOrder(std::vector<Recipe> recipes, ErrorList& errors)
      : recipes_(std::move(recipes)), marks_(recipes_.size(), Mark::untouched), errors_(errors) {
    for (std::size_t i = 0; i < recipes_.size(); ++i) indexes_[recipes_[i].name] = i;
  }

  std::vector<Recipe> ordered() {
    for (std::size_t i = 0; i < recipes_.size(); ++i) visit(i);
    std::vector<Recipe> result;
    result.reserve(order_.size());
    for (const std::size_t index : order_) result.push_back(std::move(recipes_[index]));
    return result;
  }

 private:
  enum class Mark : std::uint8_t { untouched, on_path, placed };

  struct Step {
    std::size_t recipe = 0;
    Position where{};  // of the next recipe's name in its `requires`
  };

  void visit(std::size_t index) {
    if (marks_[index] == Mark::placed) return;
    marks_[index] = Mark::on_path;
    for (const auto& [name, where] : recipes_[index].requires_recipes) {
      const auto found = indexes_.find(name);
      if (found == indexes_.end()) {
        unknown(name, where);
        recipes_[index].broken = true;
        continue;
      }
      path_.push_back({index, where});
      if (marks_[found->second] == Mark::on_path) refuse_cycle(found->second);
      visit(found->second);
      path_.pop_back();
      if (recipes_[found->second].broken) recipes_[index].broken = true;
    }
    marks_[index] = Mark::placed;
    order_.push_back(index);
  }

  void unknown(const std::string& name, const Position& where) {
    std::vector<std::string> known;
    for (const auto& [key, index] : indexes_) known.push_back(key);
    const std::string nearest = suggestion(name, known);
    errors_.add(RecipeError(where, "there is no recipe \"" + name + "\"" +
                                       (nearest.empty() ? "; there are " + enumerate(known) : nearest)));
  }

  [[noreturn]] void refuse_cycle(std::size_t first) const {
    std::size_t begin = 0;
    while (path_[begin].recipe != first) ++begin;
    std::string message = "recipes require each other in a circle:";
    for (std::size_t i = begin; i < path_.size(); ++i) {
      const std::string& next = i + 1 < path_.size() ? recipes_[path_[i + 1].recipe].name : recipes_[first].name;
      message += (i == begin ? " " : ", ") + recipes_[path_[i].recipe].name + " requires " + next + " (" +
                 to_string(path_[i].where) + ")";
    }
    throw RecipeError(path_[begin].where, message + "; remove one of these from `requires`");
  }

  std::vector<Recipe> recipes_;
  std::vector<Mark> marks_;
  ErrorList& errors_;
  std::map<std::string, std::size_t> indexes_{};
  std::vector<Step> path_{};
  std::vector<std::size_t> order_{};
};

}  // namespace

std::vector<Recipe> order_recipes(std::vector<Recipe> recipes, ErrorList& errors) {
  return RecipeOrder(std::move(recipes), errors).ordered();
}

}  // namespace mailinabox

// Errors of several recipes, thrown as one.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"

namespace mailinabox {

class ErrorList {
 public:
  // Runs a step; what it throws as RecipeError is kept, any other Error is kept with `where`. False where it failed.
  template <typename Step>
  bool collect(const Position& where, Step&& step) {
    try {
      step();
      return true;
    } catch (const RecipeError& error) {
      add(error);
    } catch (const Error& error) {
      add(RecipeError(where, error.what()));
    }
    return false;
  }

  void add(const RecipeError& error) { errors_.push_back(error); }
  bool empty() const { return errors_.empty(); }

  // Throws the first error, the others listed below its message; nothing where there is none.
  void throw_any() const;

 private:
  std::vector<RecipeError> errors_{};
};

// "; did you mean \"x\"?", or "" where nothing is near.
std::string suggestion(const std::string& name, const std::vector<std::string>& known);

// "a, b and c"; "nothing" for an empty list.
std::string enumerate(const std::vector<std::string>& words);

}  // namespace mailinabox

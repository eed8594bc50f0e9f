// Collects errors of recipes and throws them as one.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"

namespace mailinabox {

class ErrorList {
 public:
  // Runs a step and keeps its RecipeError, or another Error with `where` as its position. False if it failed.
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

  // Throws the first error, with the others listed below its message; does nothing if there is none.
  void throw_any() const;

 private:
  std::vector<RecipeError> errors_{};
};

// "; did you mean \"x\"?", or "" if no known name is similar.
std::string suggestion(const std::string& name, const std::vector<std::string>& known);

// "a, b and c"; "nothing" for an empty list.
std::string enumerate(const std::vector<std::string>& words);

}  // namespace mailinabox

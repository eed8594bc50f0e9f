// Mustache templates whose missing names are errors. Nothing is HTML-escaped.
#pragma once

#include <string>
#include <string_view>

#include "base/position.hpp"
#include "base/value.hpp"

namespace mailinabox {

// Renders templates against one context; parsed templates and the converted context are kept, so that rendering the
// same template again is cheap.
class Renderer {
 public:
  explicit Renderer(const Value& context);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  // Names that hide the context's until removed again (loop variables); innermost last.
  void push(std::string name, Value value);
  void pop();

  // `text` stands at `where` (of its first character) in a file; a missing name, an unclosed tag or a section that is
  // not closed throws RecipeError with the exact line and column in that file and the nearest spelling. Text without
  // "{{" is returned as it is. Scalars print as Value::text(); a list or map printed as text is an error.
  std::string render(std::string_view text, const Position& where);

  // The value of a dotted name, loop variables first; nullptr where it is missing.
  const Value* find(std::string_view dotted_name) const;

 private:
  struct State;
  State* state_;
};

}  // namespace mailinabox

// Mustache templates whose missing names are errors. Nothing is HTML-escaped.
//
// Mustache's tags: {{name}}, {{{name}}} and {{&name}} (all alike), {{#name}}…{{/name}}, {{^name}}…{{/name}}, {{!
// comment}},
// {{=<% %>=}}. A tag of the last four that is alone on its line takes the line with it. Partials ({{>name}}) are
// refused.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/position.hpp"
#include "base/value.hpp"

namespace mailinabox {

enum class Sections : std::uint8_t { allowed, refused };

// What is wrong with a template, at the byte `offset` of its text.
struct TemplateFault {
  std::size_t offset = 0;
  std::string message{};
};

// Renders templates against one context, which it refers to (it must live longer, and may gain names meanwhile). Parsed
// templates are kept, so that rendering the same text again is cheap; nothing of the context is copied.
class Renderer {
 public:
  explicit Renderer(const Value& context);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  // Names that hide the context's until removed again (loop variables); innermost last. The value must stay until then.
  void push(std::string name, const Value& value);
  void pop();

  // `text` stands at `where` (of its first character) in a file; a missing name, an unclosed tag or a section that is
  // not closed throws RecipeError with the exact line and column in that file and the nearest spelling. Text without
  // "{{" is returned as it is. Scalars print as Value::text(); a list or map printed as text is an error.
  std::string render(std::string_view text, const Position& where);

  // The same for a text whose place is not that simple (a YAML scalar). Throws TemplateFault.
  std::string render(std::string_view text, Sections sections);

  // The value of a dotted name, loop variables first; nullptr where it is missing.
  const Value* find(std::string_view dotted_name) const;

  // "unknown name …" with what was probably meant, for a name that find() does not know.
  std::string unknown_name(std::string_view dotted_name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mailinabox

// Mustache templates in which missing names are errors. Nothing is HTML-escaped.
//
// Mustache's tags: {{name}}, {{{name}}} and {{&name}} (all the same), {{#name}}…{{/name}}, {{^name}}…{{/name}},
// {{! comment}}, {{=<% %>=}}. A tag of the last four that is alone on its line removes the line. Partials ({{>name}})
// are refused.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/position.hpp"
#include "base/value.hpp"
#include "recipe/template_parser.hpp"

namespace mailinabox {

enum class Sections : std::uint8_t { allowed, refused };

// Renders templates with one context, which must live longer and may gain names meanwhile. Parsed templates are kept,
// so that rendering a text again is cheap; the context is not copied.
class Renderer {
 public:
  explicit Renderer(const Value& context) : context_(context) {}
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  // Loop variables: names that hide the context's until they are removed, innermost last. The value must live that
  // long.
  void push(std::string name, const Value& value) { scopes_.push_back({std::move(name), &value}); }
  void pop() { scopes_.pop_back(); }

  // `where` is the position of the text's first character in its file. A missing name, an unclosed tag or section, and
  // a list or map printed as text throw RecipeError with the exact line and column in that file and the nearest
  // spelling. Text without "{{" is returned as it is. Scalars print as Value::text().
  std::string render(std::string_view text, const Position& where);

  // The same for a text without such a position (a YAML scalar). Throws TemplateFault.
  std::string render(std::string_view text, Sections sections);

  // The value of a dotted name, loop variables first; nullptr if it is missing.
  const Value* find(std::string_view dotted_name) const { return look_up(dotted_name).value; }

  // The names of the context that were looked up since the last call: what a recipe depends on.
  std::set<std::string, std::less<>> take_used_names() { return std::exchange(used_, {}); }

  // The message for a name that find() does not know: "unknown name …", with the nearest spelling.
  std::string unknown_name(std::string_view dotted_name) const;

 private:
  struct Scope {
    std::string name{};  // of a loop variable; "" for an open section, whose value's names are visible
    const Value* value = nullptr;
  };
  // The value of a dotted name; if there is none, the missing part and the value that lacks it.
  struct Lookup {
    const Value* value = nullptr;
    std::string_view part{};        // the last one that was looked for
    std::string_view before{};      // the parts before it, without the dot between
    const Value* parent = nullptr;  // nullptr for the first part
  };
  using Pieces = std::vector<TemplatePiece>;

  const Value* first_part(std::string_view part) const;
  Lookup look_up(std::string_view name) const;
  const Value& value_of(const TemplatePiece& tag) const;
  void print(const Pieces& pieces, std::size_t from, std::size_t to, std::string& out);
  void print_section(const Pieces& pieces, std::size_t tag, std::string& out);

  const Value& context_;
  std::vector<Scope> scopes_{};  // innermost last
  std::map<std::string, Pieces, std::less<>> parsed_{};
  mutable std::set<std::string, std::less<>> used_{};
};

}  // namespace mailinabox

// Cuts a Mustache template into literal texts and tags with their places.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

// What is wrong with a template, at the byte `offset` of its text.
struct TemplateFault {
  std::size_t offset = 0;
  std::string message{};
};

struct TemplatePiece {
  enum class Kind : std::uint8_t { literal, variable, section, inverted };
  Kind kind = Kind::literal;
  std::string text{};      // literal: the text; else the dotted name as written
  std::size_t offset = 0;  // of the tag in the template
  std::size_t end = 0;     // section, inverted: index of the first piece after it
};

// Sections are closed in the order in which they were opened. The result has no comments, changes of delimiters and
// closing tags, nor the lines on which they or section tags are alone. Throws TemplateFault.
std::vector<TemplatePiece> parse_template(std::string_view text);

}  // namespace mailinabox

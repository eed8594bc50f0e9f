// Parses a Mustache template into literal texts and tags with their positions.
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

// Without comments, changes of delimiters, closing tags, and the lines on which they or section tags are alone;
// sections are properly nested. Throws TemplateFault.
std::vector<TemplatePiece> parse_template(std::string_view text);

}  // namespace mailinabox

// Cuts a Mustache template into literal texts and tags with their places.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "recipe/template.hpp"

namespace mailinabox {

struct TemplatePiece {
  enum class Kind : std::uint8_t { literal, variable, section, inverted, end };
  Kind kind = Kind::literal;
  std::string text{};             // literal: the text; else the dotted name as written
  std::size_t offset = 0;         // of the tag in the template
  std::size_t section_begin = 0;  // end: index of the piece that it closes
};

// Sections are closed in the order in which they were opened. Comments, changes of the delimiters and the lines on
// which they or section tags are alone are gone. Throws TemplateFault.
std::vector<TemplatePiece> parse_template(std::string_view text);

}  // namespace mailinabox

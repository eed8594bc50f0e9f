#include "base/utf8.hpp"

#include <algorithm>
#include <array>

namespace mailinabox {
namespace {

struct Range {
  char32_t first = 0;
  char32_t last = 0;
};

// Unicode Standard Annex 11, as far as names of files and people need it.
constexpr std::array<Range, 14> k_wide = {{{0x1100, 0x115F},
                                           {0x2E80, 0x303E},
                                           {0x3041, 0x33FF},
                                           {0x3400, 0x4DBF},
                                           {0x4E00, 0xA4CF},
                                           {0xA960, 0xA97F},
                                           {0xAC00, 0xD7A3},
                                           {0xF900, 0xFAFF},
                                           {0xFE30, 0xFE6F},
                                           {0xFF00, 0xFF60},
                                           {0xFFE0, 0xFFE6},
                                           {0x1F300, 0x1F64F},
                                           {0x1F680, 0x1FAFF},
                                           {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 7> k_marks = {{{0x0300, 0x036F},
                                           {0x1AB0, 0x1AFF},
                                           {0x1DC0, 0x1DFF},
                                           {0x200B, 0x200F},
                                           {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F}}};

template <std::size_t count>
bool in_any(const std::array<Range, count>& ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return point >= range.first && point <= range.last; });
}

struct Letter {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

// The first one; `text` is not empty.
Letter first_letter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0xC2 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (length == 1 || lead > 0xF4 || length > text.size()) return {};
  char32_t point = lead & (0xFFU >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    const auto next = static_cast<unsigned char>(text[k]);
    if ((next & 0xC0U) != 0x80) return {};
    point = (point << 6U) | (next & 0x3FU);
  }
  return {length, in_any(k_marks, point) ? 0U : in_any(k_wide, point) ? 2U : 1U};
}

}  // namespace

std::size_t characters_in(std::string_view text) {
  std::size_t characters = 0;
  for (; !text.empty(); ++characters) text.remove_prefix(first_letter(text).bytes);
  return characters;
}

std::string shortened(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t next = end + first_letter(text.substr(end)).bytes;
    if (next > bytes) break;
    end = next;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::size_t display_width(std::string_view line) {
  std::size_t columns = 0;
  while (!line.empty()) {
    const Letter letter = first_letter(line);
    columns += letter.columns;
    line.remove_prefix(letter.bytes);
  }
  return columns;
}

std::string fitted(std::string_view line, std::size_t columns, std::string_view ellipsis) {
  if (display_width(line) <= columns) return std::string(line);
  const std::size_t room = columns - std::min(columns, display_width(ellipsis));
  std::size_t end = 0;
  std::size_t shown = 0;
  while (end < line.size()) {
    const Letter letter = first_letter(line.substr(end));
    if (shown + letter.columns > room) break;
    shown += letter.columns;
    end += letter.bytes;
  }
  return std::string(line.substr(0, end)).append(ellipsis);
}

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || i + length > text.size()) return false;
    char32_t point = lead < 0x80 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0U) != 0x80) return false;
      point = (point << 6U) | (next & 0x3FU);
    }
    const bool too_long = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (too_long || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
    i += length;
  }
  return true;
}

bool printable_utf8(std::string_view text) {
  if (!valid_utf8(text)) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are C2 80 to C2 9F.
    const bool second = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || second) return false;
  }
  return true;
}

}  // namespace mailinabox

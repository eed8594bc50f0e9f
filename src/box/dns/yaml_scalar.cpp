#include "box/dns/yaml_scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "box/directory/address.hpp"
#include "box/dns/record_data.hpp"

namespace mailinabox {
namespace {

bool printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

// Includes too many rather than too few: integers in four bases, floats, times of day, dates.
bool like_a_number(std::string_view text) {
  constexpr std::string_view k_begin = "+-.0123456789";
  constexpr std::string_view k_rest = "0123456789abcdefABCDEFxXoOnNiIzZtT_+-.: ";
  if (k_begin.find(text.front()) == std::string_view::npos || same_address(text, text)) {
    return text.find("::") == std::string_view::npos && text.find(':') != std::string_view::npos &&
           text.find_first_not_of("0123456789:") == std::string_view::npos;  // 1:2:3:4:5:6:7:8 is also an address
  }
  return text.find_first_not_of(k_rest) == std::string_view::npos;
}

bool like_a_word_of_yaml(std::string_view text) {
  static constexpr std::array<std::string_view, 12> k_words = {"yes",  "no", "true", "false", "on", "off",
                                                               "null", "y",  "n",    "~",     "=",  "<<"};
  return contains(k_words, lower_case(text));
}

bool plain_characters(std::string_view text) {
  constexpr std::string_view k_indicators = "-?:,[]{}#&*!|>'\"%@`. \t";
  return k_indicators.find(text.front()) == std::string_view::npos && text.back() != ' ' && text.back() != ':' &&
         text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos;
}

// The code point at `at`, which moves after it. Bytes that are not UTF-8 stand for themselves.
char32_t next_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : 0;
  if (more == 0 || at + more > text.size()) return lead;
  char32_t point = lead & (0x3FU >> more);
  for (std::size_t i = 0; i < more; ++i) point = (point << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  at += more;
  return point;
}

std::string escaped(std::string_view text) {
  std::string result = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = next_point(text, at);
    if (point == '"' || point == '\\') {
      result += '\\';
      result += static_cast<char>(point);
    } else if (point >= 0x20 && point < 0x7F) {
      result += static_cast<char>(point);
    } else {
      result += point < 0x100     ? fmt::format("\\x{:02x}", static_cast<unsigned>(point))
                : point < 0x10000 ? fmt::format("\\u{:04x}", static_cast<unsigned>(point))
                                  : fmt::format("\\U{:08x}", static_cast<unsigned>(point));
    }
  }
  return result + '"';
}

}  // namespace

std::string yaml_text(std::string_view text) {
  if (!printable_ascii(text)) return escaped(text);
  if (!text.empty() && plain_characters(text) && !like_a_number(text) && !like_a_word_of_yaml(text))
    return std::string(text);
  return "'" + replaced(text, "'", "''") + "'";
}

}  // namespace mailinabox

// Texts cut apart and put together. Letters are those of ASCII; every other byte is left alone. Functions that give
// string_views refer to the text that they were given, so a temporary std::string is refused where its parts would
// outlive it. (Whether a text starts or ends with another: std::string has starts_with() and ends_with().)
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

// Space, tab, and what ends a line or a page.
constexpr std::string_view k_blanks = " \t\r\n\f\v";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// True if no byte is outside of ASCII.
bool is_ascii(std::string_view text);

// Without the blanks at both ends.
std::string_view trim(std::string_view text, std::string_view blanks = k_blanks);

std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

// Every `what` (not empty) becomes `with`, from left to right; what was inserted is not searched again.
std::string replaced(std::string_view text, std::string_view what, std::string_view with);

// All parts between separators, empty ones too: "a,,b" gives three, "" gives one.
std::vector<std::string_view> split(std::string_view text, char separator);

// Lines without their "\n" (a "\r" stays). A last line may lack its end; "" has no lines.
std::vector<std::string_view> lines_of(std::string_view text);

// Whatever stands between runs of blanks: " a  b " gives two words, "" none.
std::vector<std::string_view> words_of(std::string_view text, std::string_view blanks = k_blanks);

// The first of them, or "".
std::string_view first_word(std::string_view text, std::string_view blanks = k_blanks);

template <std::same_as<std::string> Text>
std::vector<std::string_view> split(Text&& text, char separator) = delete;
template <std::same_as<std::string> Text>
std::vector<std::string_view> lines_of(Text&& text) = delete;
template <std::same_as<std::string> Text>
std::vector<std::string_view> words_of(Text&& text, std::string_view blanks = k_blanks) = delete;

// The parts of a list that people type: between commas and line ends, trimmed, empty ones left out.
std::vector<std::string> split_list(std::string_view text);

// What stands behind the last "/" of a path: all of it if there is none, "" if it ends with one.
constexpr std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// {"a", "b"} with ", " gives "a, b". Takes any range of texts.
template <typename Texts>
std::string joined(const Texts& texts, std::string_view separator) {
  std::string result;
  bool first = true;
  for (const auto& text : texts) {
    if (!first) result += separator;
    first = false;
    result += text;
  }
  return result;
}

// The text as a number, if it is one from its first to its last character and fits: digits of `base`, and "-" before
// them for signed types. Neither blanks nor "+" nor "0x".
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// The same for decimal fractions: "12", "0.25".
inline std::optional<double> parse_fraction(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace mailinabox

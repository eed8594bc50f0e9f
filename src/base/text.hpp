// Splitting, joining, trimming and converting text. Only ASCII letters count as letters; other bytes are left alone.
// Returned string_views point into the argument; functions that return many refuse a temporary std::string.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mailinabox {

// Space, tab, line and page ends.
constexpr std::string_view k_blanks = " \t\r\n\f\v";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// True if every byte is ASCII.
bool is_ascii(std::string_view text);

// Removes blanks at both ends.
std::string_view trim(std::string_view text, std::string_view blanks = k_blanks);

std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

std::string without_blanks(std::string_view text);

// Replaces every `what` (not empty) by `with`, from left to right; inserted text is not searched again.
std::string replaced(std::string_view text, std::string_view what, std::string_view with);

// All parts between separators, including empty ones: "a,,b" gives three, "" gives one.
std::vector<std::string_view> split(std::string_view text, char separator);

// Lines without their "\n" ("\r" stays). The last line may lack its "\n"; "" has no lines.
std::vector<std::string_view> lines_of(std::string_view text);

// The words between runs of blanks: " a  b " gives two, "" none.
std::vector<std::string_view> words_of(std::string_view text, std::string_view blanks = k_blanks);

// The first word, or "".
std::string_view first_word(std::string_view text, std::string_view blanks = k_blanks);

// Also one that is const, such as `found ? found->content : ""` of a constant `found`.
template <typename Text>
concept TemporaryText = std::same_as<std::remove_const_t<Text>, std::string>;

template <TemporaryText Text>
std::vector<std::string_view> split(Text&& text, char separator) = delete;
template <TemporaryText Text>
std::vector<std::string_view> lines_of(Text&& text) = delete;
template <TemporaryText Text>
std::vector<std::string_view> words_of(Text&& text, std::string_view blanks = k_blanks) = delete;

// A list typed by a person: parts between commas and line ends, trimmed, without empty ones.
std::vector<std::string> split_list(std::string_view text);

// The part of a path after the last "/": all of it if there is none, "" if it ends with one.
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

// The number that the whole text is, if it fits: digits of `base`, after "-" for signed types. No blanks, "+" or "0x".
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

// The path of another file in the same folder: beside("/a/b", "c") is "/a/c", with "" the folder itself, "/a/".
inline std::string beside(std::string_view path, std::string_view name) {
  return std::string(path.substr(0, path.rfind('/') + 1)).append(name);
}

// With a full stop: what others say may end with one, or without.
inline std::string as_sentence(std::string text) { return text.ends_with('.') ? text : text + "."; }

// True if one item of the range equals `wanted`.
template <typename Items, typename Item>
bool contains(const Items& items, const Item& wanted) {
  return std::find(items.begin(), items.end(), wanted) != items.end();
}

}  // namespace mailinabox

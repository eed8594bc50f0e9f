#include "os/dpkg_version.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace mailinabox {
namespace {

// "~" before the end and before digits, letters before everything else.
int version_rank(char letter) {
  if (letter == '~') return -1;
  if (letter == '\0' || is_digit(letter)) return 0;
  if (is_letter(letter)) return letter;
  return static_cast<unsigned char>(letter) + 256;
}

std::string_view take_number(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  const std::string_view number =
      text.substr(0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin()));
  text.remove_prefix(number.size());
  return number;
}

// Turn by turn: what is no digit, letter by letter, then a number.
std::weak_ordering compare_parts(std::string_view left, std::string_view right) {
  while (!left.empty() || !right.empty()) {
    for (;;) {
      const char one = left.empty() ? '\0' : left.front();
      const char other = right.empty() ? '\0' : right.front();
      const bool more_one = one != '\0' && !is_digit(one);
      const bool more_other = other != '\0' && !is_digit(other);
      if (!more_one && !more_other) break;
      if (const auto order = version_rank(one) <=> version_rank(other); order != 0) return order;
      if (more_one) left.remove_prefix(1);
      if (more_other) right.remove_prefix(1);
    }
    const std::string_view one = take_number(left);
    const std::string_view other = take_number(right);
    if (const auto order = one.size() <=> other.size(); order != 0) return order;
    if (const int order = one.compare(other); order != 0) return order <=> 0;
  }
  return std::weak_ordering::equivalent;
}

struct VersionParts {
  std::string_view epoch = "0";
  std::string_view upstream{};
  std::string_view revision{};  // "" and "0" are the same
};

VersionParts version_parts(std::string_view text) {
  VersionParts parts;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    parts.epoch = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const std::size_t dash = text.rfind('-');
  parts.upstream = text.substr(0, dash);
  if (dash != std::string_view::npos) parts.revision = text.substr(dash + 1);
  return parts;
}

}  // namespace

std::weak_ordering compare_versions(std::string_view left, std::string_view right) {
  const VersionParts one = version_parts(left);
  const VersionParts other = version_parts(right);
  if (const auto order = compare_parts(one.epoch, other.epoch); order != 0) return order;
  if (const auto order = compare_parts(one.upstream, other.upstream); order != 0) return order;
  return compare_parts(one.revision, other.revision);
}

}  // namespace mailinabox

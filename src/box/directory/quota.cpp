#include <algorithm>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/directory/directory.hpp"

namespace mailinabox {

namespace {

// The first sentence is the one of the original, which programs know.
InvalidValue bad_quota(const std::string& what) {
  return InvalidValue(
      "quota", what + " Give a number of bytes, or one with M or G behind it, such as 500M or 5G; 0 is no limit.");
}

}  // namespace

std::string normalize_quota(const std::string& quota) {
  std::string text(trim(quota));
  if (text.empty()) throw bad_quota("No quota provided.");
  if (text.find_first_of(k_blanks) != std::string::npos || text.find_first_of(",.") != std::string::npos) {
    throw bad_quota("Quotas cannot contain spaces, commas, or decimal points.");
  }
  if (text.back() == 'g') text.back() = 'G';
  if (text.back() == 'm') text.back() = 'M';
  const std::size_t digits = text.back() == 'G' || text.back() == 'M' ? text.size() - 1 : text.size();
  if (digits == 0 || !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits), is_digit)) {
    throw bad_quota("Invalid quota.");
  }
  // Dovecot counts bytes in 64 bits; a limit that it cannot read would lock the user out.
  constexpr std::size_t k_most_digits = 8;  // 99,999,999 G is more than any disk
  const std::size_t first = std::min(text.find_first_not_of('0'), digits);
  if (digits - first > (digits == text.size() ? k_most_digits + 9 : k_most_digits)) {
    throw bad_quota("Invalid quota. " + quota + " is more than any disk holds.");
  }
  return text;
}

}  // namespace mailinabox

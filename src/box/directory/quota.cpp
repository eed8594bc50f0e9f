#include <algorithm>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/directory/directory.hpp"

namespace mailinabox {

std::string normalize_quota(const std::string& quota) {
  std::string text(trim(quota));
  if (text.empty()) throw Error("No quota provided.");
  if (text.find_first_of(k_blanks) != std::string::npos || text.find_first_of(",.") != std::string::npos) {
    throw Error("Quotas cannot contain spaces, commas, or decimal points.");
  }
  if (text.back() == 'g') text.back() = 'G';
  if (text.back() == 'm') text.back() = 'M';
  const std::size_t digits = text.back() == 'G' || text.back() == 'M' ? text.size() - 1 : text.size();
  if (digits == 0 || !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits), is_digit)) {
    throw Error("Invalid quota.");
  }
  // Dovecot counts bytes in 64 bits; a limit that it cannot read would lock the user out.
  constexpr std::size_t k_most_digits = 8;  // 99,999,999 G is more than any disk
  const std::size_t first = std::min(text.find_first_not_of('0'), digits);
  if (digits - first > (digits == text.size() ? k_most_digits + 9 : k_most_digits)) {
    throw Error("Invalid quota: " + quota + " is more than any disk holds; expected bytes, or a number with M or G.");
  }
  return text;
}

}  // namespace mailinabox

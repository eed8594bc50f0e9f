#include "resources/account_names.hpp"

#include <limits>

namespace mailinabox {

void check_account_name(const std::string& name, const Fields& fields) {
  constexpr std::string_view k_first = "abcdefghijklmnopqrstuvwxyz_";
  constexpr std::string_view k_rest = "abcdefghijklmnopqrstuvwxyz_0123456789-";
  if (name.empty() || name.size() > 32 || k_first.find(name.front()) == std::string_view::npos ||
      name.find_first_not_of(k_rest) != std::string::npos) {
    fields.refuse("", "\"" + name +
                          "\" cannot be the name of a user or group; expected at most 32 lower-case "
                          "letters, digits, - and _, beginning with a letter or _");
  }
}

std::optional<unsigned> account_number(const Fields& fields, std::string_view field) {
  if (!fields.has(field)) return std::nullopt;
  const std::int64_t number = fields.integer(field, 0);
  if (number < 0 || number >= std::numeric_limits<unsigned>::max()) {
    fields.refuse(field, std::to_string(number) + " is not a user or group number; expected 0 to 4294967294");
  }
  return static_cast<unsigned>(number);
}

}  // namespace mailinabox

// What the kinds `user` and `group` have in common.
#pragma once

#include <optional>
#include <string>

#include "os/files.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

// Throws RecipeError unless useradd(8) and groupadd(8) accept the name: at most 32 lower-case letters, digits, - and _,
// beginning with a letter or _.
void check_account_name(const std::string& name, const Fields& fields);

// The field as a user or group number; nothing if it is not given. Throws RecipeError outside 0 to 4294967294.
std::optional<unsigned> account_number(const Fields& fields, std::string_view field);
}  // namespace mailinabox

// Rows of the directory's tables as values.
#pragma once

#include "base/text.hpp"
#include "box/directory/directory.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {

inline constexpr const char* k_user_columns = "email, privileges, quota, id";
inline constexpr const char* k_alias_columns = "source, destination, permitted_senders";

// Of a row that begins with k_user_columns.
inline User user_of(const Statement& row) {
  User user{.email = row.text(0), .quota = row.text(2), .id = row.integer(3)};
  const std::string privileges = row.text(1);
  for (const std::string_view line : lines_of(privileges)) {
    if (const std::string_view word = trim(line); !word.empty()) user.privileges.emplace_back(word);
  }
  return user;
}

// Of a row that begins with k_alias_columns.
inline Alias alias_of(const Statement& row, bool automatic) {
  Alias alias{.address = row.text(0), .forwards_to = split_list(row.text(1)), .automatic = automatic};
  if (!row.is_null(2)) alias.permitted_senders = split_list(row.text(2));
  return alias;
}

}  // namespace mailinabox

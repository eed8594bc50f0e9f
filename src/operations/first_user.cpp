#include "operations/first_user.hpp"

#include <algorithm>

namespace mailinabox {
namespace {

bool has_alias(const Directory& directory, const std::string& address) {
  const std::vector<Alias> aliases = directory.aliases();
  return std::any_of(aliases.begin(), aliases.end(),
                     [&](const Alias& alias) { return alias.address == address && !alias.automatic; });
}

bool give_administrator_alias(Directory& directory, const std::string& email) {
  const std::string administrator = "administrator@" + directory.primary_hostname();
  if (email == administrator || directory.user(administrator) || has_alias(directory, administrator)) return false;
  directory.add_alias(administrator, email);
  return true;
}

}  // namespace

bool make_first_user(Directory& directory, const FirstUser& user) {
  if (!directory.empty()) return false;
  directory.add_user(user.email, user.password, "0", {"admin"});
  give_administrator_alias(directory, user.email);
  return true;
}

bool follow_host_name(Directory& directory, bool renamed) {
  if (directory.empty()) return false;
  const bool refreshed = !directory.refresh_automatic_aliases().empty();
  if (!renamed) return refreshed;
  for (const User& user : directory.users()) {
    if (user.admin()) return give_administrator_alias(directory, user.email) || refreshed;
  }
  return refreshed;
}

}  // namespace mailinabox

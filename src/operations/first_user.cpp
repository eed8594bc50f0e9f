#include "operations/first_user.hpp"

#include <algorithm>

#include "box/directory/address.hpp"

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

// Whether an administrator's alias is the only one of its domain that somebody stored, leads to one administrator, and
// to it no other alias leads.
bool only_made_by_setup(const Directory& directory, const std::string& address) {
  const std::string domain(domain_part(address));
  bool found = false;
  for (const Alias& alias : directory.aliases()) {
    if (alias.automatic) continue;
    if (alias.address == address) {
      const auto user = alias.forwards_to.size() == 1 ? directory.user(alias.forwards_to.front()) : std::nullopt;
      found = user && user->admin() && !alias.permitted_senders;
    } else if (domain_part(alias.address) == domain) {
      return false;
    }
    for (const std::string& destination : alias.forwards_to) {
      if (domain_part(lower_case(destination)) == domain) return false;
    }
  }
  return found && !contains(directory.user_domains(), domain);
}

}  // namespace

bool make_first_user(Directory& directory, const FirstUser& user) {
  if (!directory.empty()) return false;
  directory.add_user(user.email, user.password, "0", {"admin"});
  give_administrator_alias(directory, user.email);
  return true;
}

bool follow_host_name(Directory& directory, const std::string& old_name) {
  if (directory.empty()) return false;
  bool changed = !directory.refresh_automatic_aliases().empty();
  if (old_name == directory.primary_hostname()) return changed;
  const std::vector<User> users = directory.users();
  const auto first = std::find_if(users.begin(), users.end(), [](const User& user) { return user.admin(); });
  if (first != users.end()) changed = give_administrator_alias(directory, first->email) || changed;
  const std::string old_administrator = "administrator@" + old_name;
  if (old_name.empty() || !only_made_by_setup(directory, old_administrator)) return changed;
  directory.remove_alias(old_administrator);
  return true;
}

}  // namespace mailinabox

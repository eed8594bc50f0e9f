#include "cli/setup/first_user.hpp"

#include <algorithm>

#include "box/directory/directory.hpp"
#include "cli/context.hpp"

namespace mailinabox {
namespace {

bool has_alias(const Directory& directory, const std::string& address) {
  const std::vector<Alias> aliases = directory.aliases();
  return std::any_of(aliases.begin(), aliases.end(),
                     [&](const Alias& alias) { return alias.address == address && !alias.automatic; });
}

void give_administrator_alias(Directory& directory, const std::string& host, const std::string& email) {
  const std::string administrator = "administrator@" + host;
  if (email == administrator || directory.user(administrator) || has_alias(directory, administrator)) return;
  directory.add_alias(administrator, email);
}

std::string real_directory(const Environment& environment, const Answers& answers) {
  return environment.system.files.real_path(directory_path(answers));
}

}  // namespace

bool make_first_user(const Environment& environment, const Answers& answers, const FirstUser& user) {
  const std::string host = answers.get("PRIMARY_HOSTNAME");
  Directory directory(real_directory(environment, answers), host, Directory::Access::change);
  if (!directory.users().empty()) return false;
  directory.add_user(user.email, user.password, "0", {"admin"});
  give_administrator_alias(directory, host, user.email);
  return true;
}

void follow_host_name(const Environment& environment, const Answers& answers, bool changed) {
  if (needs_first_user(environment, answers)) return;
  const std::string host = answers.get("PRIMARY_HOSTNAME");
  Directory directory(real_directory(environment, answers), host, Directory::Access::change);
  directory.refresh_automatic_aliases();
  if (!changed) return;
  for (const User& user : directory.users()) {
    if (user.admin()) return give_administrator_alias(directory, host, user.email);
  }
}

}  // namespace mailinabox

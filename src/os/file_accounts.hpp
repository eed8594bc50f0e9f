// Users and groups from /etc/passwd and /etc/group (passwd(5), group(5)); a file that changed is read again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/accounts.hpp"
#include "os/files.hpp"

namespace mailinabox {

class FileAccounts final : public AccountReader {
 public:
  explicit FileAccounts(std::string root = "");
  ~FileAccounts() override;
  std::optional<Account> user(const std::string& name) const override;
  std::optional<Group> group(const std::string& name) const override;
  std::optional<std::string> user_name(unsigned uid) const override;
  std::optional<std::string> group_name(unsigned gid) const override;
  // The groups of a process of this user: its own and those that list it. Empty for an unknown user.
  std::vector<unsigned> groups_of(const std::string& user) const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace mailinabox

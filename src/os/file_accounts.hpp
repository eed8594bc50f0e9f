// Users and groups from /etc/passwd and /etc/group (passwd(5), group(5)), read again when a file has changed.
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
  // The groups that a session of this user has: its own and those that list it. Unknown user: empty.
  std::vector<unsigned> groups_of(const std::string& user) const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace mailinabox

// Users and groups of the machine, from /etc/passwd and /etc/group. Never through NSS: the portable binary must not
// load the machine's modules, and the service accounts of a box are always in these files.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mailinabox {

struct Account {
  std::string name{};
  unsigned uid = 0;
  unsigned gid = 0;
  std::string home{};
  std::string shell{};
};

struct Group {
  std::string name{};
  unsigned gid = 0;
  std::vector<std::string> members{};
};

class AccountReader {
 public:
  virtual ~AccountReader() = default;
  virtual std::optional<Account> user(const std::string& name) const = 0;
  virtual std::optional<Group> group(const std::string& name) const = 0;
  virtual std::optional<std::string> user_name(unsigned uid) const = 0;
  virtual std::optional<std::string> group_name(unsigned gid) const = 0;
};

}  // namespace mailinabox

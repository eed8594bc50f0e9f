#include "os/file_accounts.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string_view>
#include <unordered_map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// Identifies the version of a file.
struct FileVersion {
  ino_t inode = 0;
  off_t size = -1;
  timespec modified{};
  bool operator==(const FileVersion& other) const {
    return inode == other.inode && size == other.size && modified.tv_sec == other.modified.tv_sec &&
           modified.tv_nsec == other.modified.tv_nsec;
  }
};

FileVersion version_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    throw SystemError("stat", path, errno);
  }
  return {status.st_ino, status.st_size, status.st_mtim};
}

template <typename Take>
void each_line(const std::string& path, Take take) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty() && line[0] != '#') take(line);
  }
  if (file.bad()) throw SystemError("read", path, EIO);
}

}  // namespace

struct FileAccounts::Tables {
  explicit Tables(const std::string& root) : users_path(root + "/etc/passwd"), groups_path(root + "/etc/group") {}

  const std::unordered_map<std::string, Account>& users() {
    const FileVersion now = version_of(users_path);
    if (now == users_version) return users_by_name;
    users_by_name.clear();
    user_names.clear();
    each_line(users_path, [this](std::string_view line) { take_user(line); });
    users_version = now;
    return users_by_name;
  }

  const std::unordered_map<std::string, Group>& groups() {
    const FileVersion now = version_of(groups_path);
    if (now == groups_version) return groups_by_name;
    groups_by_name.clear();
    group_names.clear();
    each_line(groups_path, [this](std::string_view line) { take_group(line); });
    groups_version = now;
    return groups_by_name;
  }

  void take_user(std::string_view line) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() != 7) return;
    const auto uid = parse_number<unsigned>(fields[2]);
    const auto gid = parse_number<unsigned>(fields[3]);
    if (!uid || !gid) return;
    const Account account{std::string(fields[0]), *uid, *gid, std::string(fields[5]), std::string(fields[6])};
    // Of duplicate names or numbers the first counts, as for getpwnam(3).
    user_names.emplace(account.uid, account.name);
    users_by_name.emplace(account.name, account);
  }

  void take_group(std::string_view line) {
    const std::vector<std::string_view> fields = split(line, ':');
    const auto gid = fields.size() == 4 ? parse_number<unsigned>(fields[2]) : std::nullopt;
    if (!gid) return;
    const std::vector<std::string_view> members = words_of(fields[3], ",");
    const Group group{std::string(fields[0]), *gid, {members.begin(), members.end()}};
    group_names.emplace(group.gid, group.name);
    groups_by_name.emplace(group.name, group);
  }

  std::string users_path;
  std::string groups_path;
  FileVersion users_version{};
  FileVersion groups_version{};
  std::unordered_map<std::string, Account> users_by_name{};
  std::unordered_map<unsigned, std::string> user_names{};
  std::unordered_map<std::string, Group> groups_by_name{};
  std::unordered_map<unsigned, std::string> group_names{};
};

FileAccounts::FileAccounts(std::string root) : tables_(std::make_unique<Tables>(root)) {}

FileAccounts::~FileAccounts() = default;

std::optional<Account> FileAccounts::user(const std::string& name) const {
  const auto& users = tables_->users();
  const auto found = users.find(name);
  return found == users.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Group> FileAccounts::group(const std::string& name) const {
  const auto& groups = tables_->groups();
  const auto found = groups.find(name);
  return found == groups.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> FileAccounts::user_name(unsigned uid) const {
  tables_->users();
  const auto found = tables_->user_names.find(uid);
  return found == tables_->user_names.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> FileAccounts::group_name(unsigned gid) const {
  tables_->groups();
  const auto found = tables_->group_names.find(gid);
  return found == tables_->group_names.end() ? std::nullopt : std::optional(found->second);
}

std::vector<unsigned> FileAccounts::groups_of(const std::string& name) const {
  const std::optional<Account> account = user(name);
  if (!account) return {};
  std::vector<unsigned> ids{account->gid};
  for (const auto& [group_name, group] : tables_->groups()) {
    const bool member = std::find(group.members.begin(), group.members.end(), name) != group.members.end();
    if (member && group.gid != account->gid) ids.push_back(group.gid);
  }
  return ids;
}

}  // namespace mailinabox

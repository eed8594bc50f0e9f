#include "resources/ownership.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.hpp"

namespace mailinabox {

namespace {

// Every run asks this once per file: root, who owns nearly all of them, is not looked up.
bool is_user(const AccountReader& accounts, const std::string& name, unsigned uid) {
  if (name == "root") return uid == 0;
  const auto account = accounts.user(name);
  return account && account->uid == uid;
}

bool is_group(const AccountReader& accounts, const std::string& name, unsigned gid) {
  if (name == "root") return gid == 0;
  const auto group = accounts.group(name);
  return group && group->gid == gid;
}

}  // namespace

std::vector<FieldSchema> with_ownership(std::vector<FieldSchema> fields, std::string_view mode_doc) {
  fields.push_back({"owner", FieldType::string, false, "The user who owns it; default: root.", {}});
  fields.push_back({"group", FieldType::string, false, "Its group; default: root.", {}});
  fields.push_back({"mode", FieldType::mode, false, mode_doc, {}});
  return fields;
}

Ownership ownership_of(const Fields& fields, unsigned default_mode) {
  const auto is_local = [&](std::string_view name) {
    const Field* field = fields.find(name);
    return field != nullptr && field->local;
  };
  Ownership result;
  result.owner = fields.string("owner", "root");
  result.group = fields.string("group", "root");
  result.mode = fields.mode("mode", default_mode);
  result.local_owner = is_local("owner");
  result.local_group = is_local("group");
  result.local_mode = is_local("mode");
  return result;
}

Ownership secret_ownership(const Fields& fields, std::string_view what) {
  Ownership result = ownership_of(fields, 0600);
  if ((result.mode & 07U) != 0) {
    fields.refuse("mode",
                  fmt::format("mode is {}, but a {} must not be open to every user", mode_text(result.mode), what));
  }
  return result;
}

void compare_ownership(const Ownership& wanted, const FileInfo& present, const AccountReader& accounts,
                       Changes& changes) {
  if (present.mode != wanted.mode) {
    changes.push_back({"mode", mode_text(present.mode), mode_text(wanted.mode), false, wanted.local_mode});
  }
  if (!is_user(accounts, wanted.owner, present.uid)) {
    changes.push_back({"owner", accounts.user_name(present.uid).value_or(std::to_string(present.uid)), wanted.owner,
                       false, wanted.local_owner});
  }
  if (!is_group(accounts, wanted.group, present.gid)) {
    changes.push_back({"group", accounts.group_name(present.gid).value_or(std::to_string(present.gid)), wanted.group,
                       false, wanted.local_group});
  }
}

void add_ownership(const Ownership& wanted, Changes& changes) {
  changes.push_back({"mode", "", mode_text(wanted.mode), false, wanted.local_mode});
  changes.push_back({"owner", "", wanted.owner, false, wanted.local_owner});
  changes.push_back({"group", "", wanted.group, false, wanted.local_group});
}

bool creates_path(const Changes& changes) {
  return std::any_of(changes.begin(), changes.end(),
                     [](const Change& change) { return change.attribute == "mode" && change.before.empty(); });
}

bool has_change(const Changes& changes, std::string_view attribute) {
  return std::any_of(changes.begin(), changes.end(),
                     [&](const Change& change) { return change.attribute == attribute; });
}

FileAttributes file_attributes(const Ownership& wanted, const AccountReader& accounts, const std::string& path) {
  FileAttributes result;
  result.mode = wanted.mode;
  if (wanted.owner != "root") {
    const auto account = accounts.user(wanted.owner);
    if (!account) {
      throw Error(fmt::format(
          "{}: its owner should be {}, but /etc/passwd has no such user. If it was removed, install the package that "
          "it belongs to again (`apt-get install --reinstall`); a recipe of your own declares `- user: {}` before it",
          path, wanted.owner, wanted.owner));
    }
    result.uid = account->uid;
  }
  if (wanted.group != "root") {
    const auto group = accounts.group(wanted.group);
    if (!group) {
      throw Error(fmt::format(
          "{}: its group should be {}, but /etc/group has no such group. If it was removed, install the package that "
          "it belongs to again (`apt-get install --reinstall`); a recipe of your own declares `- group: {}` before it",
          path, wanted.group, wanted.group));
    }
    result.gid = group->gid;
  }
  return result;
}

std::string mode_text(unsigned mode) { return fmt::format("{:04o}", mode); }

}  // namespace mailinabox

// Owner, group and mode as recipes name them: what every kind that makes files or directories has in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/resource.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

struct Ownership {
  std::string owner = "root";
  std::string group = "root";
  unsigned mode = 0644;
  bool local_owner = false;  // set by a file in recipes.d
  bool local_group = false;
  bool local_mode = false;
};

// `fields` and after them `owner`, `group` and `mode`; `mode_doc` states the default.
std::vector<FieldSchema> with_ownership(std::vector<FieldSchema> fields, std::string_view mode_doc);

Ownership ownership_of(const Fields& fields, unsigned default_mode);

// Adds "mode", "owner" and "group" where the path differs. An account that does not exist yet is a difference.
void compare_ownership(const Ownership& wanted, const FileInfo& present, const AccountReader& accounts,
                       Changes& changes);

// The same three for a path that is to be created: before is "" in each.
void add_ownership(const Ownership& wanted, Changes& changes);

// True for changes that create the path (add_ownership was used).
bool creates_path(const Changes& changes);

bool has_change(const Changes& changes, std::string_view attribute);

// The numbers behind the names. Throws Error where there is no such user or group, naming the `path` they are for.
FileAttributes file_attributes(const Ownership& wanted, const AccountReader& accounts, const std::string& path);

std::string mode_text(unsigned mode);  // "0644"

}  // namespace mailinabox

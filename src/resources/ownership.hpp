// Owner, group and mode as recipes name them, for all kinds that make files or directories.
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
// The same for a `what` ("private key"): 0600, and a mode that is open to every user is refused.
Ownership secret_ownership(const Fields& fields, std::string_view what);

// Adds a change of "mode", "owner" or "group" for each that differs. An account that does not exist yet differs.
void compare_ownership(const Ownership& wanted, const FileInfo& present, const AccountReader& accounts,
                       Changes& changes);

// All three, with "" before, for a path that will be created.
void add_ownership(const Ownership& wanted, Changes& changes);

// True if the changes create the path (add_ownership() was used).
bool creates_path(const Changes& changes);

bool has_change(const Changes& changes, std::string_view attribute);

// Names as numbers. Throws Error, naming `path`, if there is no such user or group.
FileAttributes file_attributes(const Ownership& wanted, const AccountReader& accounts, const std::string& path);

std::string mode_text(unsigned mode);  // "0644"

}  // namespace mailinabox

// Whether this machine's file system can hold the box's data where STORAGE_ROOT says.
#pragma once

#include <string>
#include <vector>

#include "os/system.hpp"

namespace mailinabox {

struct StoragePlace {
  std::string problem{};                // a sentence or two, with what to do; "" if the place is good
  std::vector<std::string> warnings{};  // whole sentences
};

// `path` is a valid STORAGE_ROOT. Services of many accounts must get through each folder above it, links included;
// where a box's data is already, a folder that looks closed is a warning. Judged only as long as no data is there:
// whose the folder is, whether it is one that others share, and what its file system can hold.
StoragePlace look_at_storage_place(const View& view, const std::string& path, const std::string& storage_user);

// What is wrong with STORAGE_USER on a machine where no box's data is at `storage_root` yet: the account is another's.
std::string problem_with_storage_account(const View& view, const std::string& name, const std::string& storage_root);

}  // namespace mailinabox

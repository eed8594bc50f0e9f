// One path in a rollback: put back to what the journal kept.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "engine/journal_records.hpp"

namespace mailinabox {

// A path as it was before the oldest of the generations that are undone.
struct OldPath {
  KeptPath kept{};
  std::string content_file{};  // regular files whose content was kept
  std::string tree{};          // a directory that was moved into the generation
  std::set<ResourceId> notifies{};
};
// `going`: the paths that the rollback removes. What is absent again is removed; a directory only if it holds nothing
// else, or was put in place as a whole. diff() throws Error if the kept content is damaged, or if a directory stands
// where a file was.
std::shared_ptr<const Resource> make_restored_path(OldPath old, std::set<std::string> going);

// False for a directory that holds anything else than these paths.
bool holds_only(const FileReader& files, const std::string& path, const std::set<std::string>& paths);

}  // namespace mailinabox

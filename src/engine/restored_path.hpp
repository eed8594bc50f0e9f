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
// `going`: the paths that the rollback removes; they do not come back with a tree either. What is absent again is
// removed; a directory only if it holds nothing else, or was put in place as a whole. diff() throws Error if the kept
// content or tree is damaged or missing, or if there is a directory in the place of a file.
std::shared_ptr<const Resource> make_restored_path(OldPath old, std::set<std::string> going);

// False for a directory that holds anything else than these paths. `place`: where it lies now, `path` itself or its
// place in a tree that was moved.
bool holds_only(const FileReader& files, const std::string& place, const std::string& path,
                const std::set<std::string>& paths);

}  // namespace mailinabox

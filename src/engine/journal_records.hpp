// The lines of a journal, written and read back (engine/journal.hpp has the format).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/resource.hpp"

namespace mailinabox {

constexpr int k_journal_format = 2;  // 1 had neither "state" nor "touch" nor "of"

// The old state of one path.
struct KeptPath {
  std::string path{};
  FileInfo info{};
  std::optional<std::string> content{};  // regular: SHA-256 of the old content, if it was kept
  std::string target{};                  // symlink
  bool whole = false;
  std::string tree{};  // directory: where in the generation it was moved to, instead of being removed
};

struct OwedNotice {
  ResourceId target{};
  Notice notice{};
  auto operator<=>(const OwedNotice&) const = default;
};
using OwedNotices = std::set<OwedNotice>;

// Each gives one line with its newline.
namespace journal_line {
std::string begin(const std::string& version, const std::string& started, const std::string& command);
std::string change(const ResourceId& id, const std::string& recipe, Action action,
                   const std::vector<ResourceId>& notifies, const Resource::Lasting& lasting);
std::string path(const KeptPath& kept, const ResourceId& of);
std::string touch(const std::string& path, const ResourceId& of);
std::string state(const ResourceId& id, const std::string& state);
std::string restore(const std::string& path);
std::string pass();
std::string owe(const OwedNotice& notice);
std::string done(const ResourceId& id);
std::string settle(const ResourceId& target);
std::string packages(const std::vector<std::string>& install, const std::vector<std::string>& remove);
std::string end(bool ok, std::size_t changed);
}  // namespace journal_line

// One announced change.
struct JournalChange {
  ResourceId id{};
  std::vector<ResourceId> notifies{};
  std::optional<Resource::Lasting> lasting{};  // nothing if an older version wrote the journal
};

// SHA-256 in hexadecimal digits: the name under which an old content is kept.
std::string content_digest(std::string_view content);

// What the lines of a journal, or of owed.jsonl, say together.
struct JournalRecords {
  std::string version{};
  std::string started{};
  std::string command{};
  std::vector<KeptPath> paths{};    // in the order they were recorded; as they were before the first pass
  std::set<std::string> earlier{};  // paths that passes before the last one recorded
  std::set<std::string> made{};     // those of them that were absent, and so was everything below
  std::map<std::string, std::set<ResourceId>> touched{};  // who changed a path
  std::map<ResourceId, std::string> states{};             // Resource::state() before the run
  std::set<std::string> restored{};                       // paths put back to what they were before the run
  OwedNotices owed{};                                     // and not cleared
  std::vector<JournalChange> changes{};                   // announced
  std::vector<ResourceId> changed{};                      // done
  bool packages = false;                                  // packages were to change
  std::vector<std::string> installed{};
  std::vector<std::string> removed{};
  bool ended = false;
  std::string result{};  // "ok", "failed"; "" if the run was cut off
  std::string damage{};  // the first line that makes no sense, and why; or "". `owed` is still usable then.

  bool leaves_changes() const;
};

// Whether `holds` is true for a directory above the path.
template <typename Predicate>
bool any_above(const std::string& path, const Predicate& holds) {
  std::size_t slash = path.rfind('/');
  while (slash != 0 && slash != std::string::npos && !holds(path.substr(0, slash))) slash = path.rfind('/', slash - 1);
  return slash != 0 && slash != std::string::npos;
}

// Never throws, whatever the text holds. A last line that is cut off is ignored.
JournalRecords read_journal(std::string_view text);

// Two closed runs as the passes of one, which began with the first and ended as the second. Neither is damaged.
std::string joined_journals(std::string_view first, std::string_view second);

}  // namespace mailinabox

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engine/generations.hpp"

namespace mailinabox {
namespace {

// A path as it was before the oldest of the generations that are undone.
struct OldPath {
  KeptPath kept{};
  std::string content_file{};  // regular files whose content was kept
  std::set<ResourceId> notifies{};
};
using OldPaths = std::map<std::string, OldPath>;

// False for a directory that holds anything else than these paths.
bool holds_only(const FileReader& files, const std::string& path, const std::set<std::string>& paths) {
  if (files.info(path).kind != FileKind::directory) return true;
  const auto names = files.list(path);
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return paths.contains(path + "/" + name); });
}

// Puts one path back. State table, by what it was and what it is:
//
//   was \ is     absent      regular, symlink    directory
//   absent       -           remove              remove if it is empty or was put there as a whole, else it stays
//   regular      write       write               an error: something of value may stand there
//   symlink      link        link                an error
//   directory    make        an error            owner and mode
class RestoredPath final : public Resource {
 public:
  RestoredPath(OldPath old, std::set<std::string> going) : old_(std::move(old)), going_(std::move(going)) {}

  Changes diff(const View& view) const override {
    const FileInfo now = view.files.info(old_.kept.path);
    if (old_.kept.info.kind == FileKind::absent) return absence(view, now);
    Changes changes;
    if (now.kind != old_.kept.info.kind) {
      if (now.kind == FileKind::directory) throw Error("expected a file at " + old_.kept.path + ", found a directory");
      changes.push_back({.attribute = "kind", .before = word(now.kind), .after = word(old_.kept.info.kind)});
    }
    if (old_.kept.info.kind == FileKind::symlink) return target(view, std::move(changes));
    if (old_.kept.info.kind == FileKind::regular) content(view, now, changes);
    attributes(view, now, changes);
    return changes;
  }

  void apply(System& system, const Changes& /*changes*/) const override {
    const KeptPath& kept = old_.kept;
    const FileAttributes attributes{kept.info.mode, kept.info.uid, kept.info.gid};
    if (kept.info.kind == FileKind::absent) system.files.remove(kept.path, kept.whole);
    if (kept.info.kind == FileKind::symlink) system.files.make_symlink(kept.path, kept.target);
    if (kept.info.kind == FileKind::directory) system.files.make_directory(kept.path, attributes);
    if (kept.info.kind == FileKind::regular) system.files.write(kept.path, old_content(system.files), attributes);
  }

  Action action(const Changes& /*changes*/) const override {
    return old_.kept.info.kind == FileKind::absent ? Action::remove : Action::update;
  }

 private:
  static std::string word(FileKind kind) {
    if (kind == FileKind::absent) return "absent";
    if (kind == FileKind::regular) return "file";
    if (kind == FileKind::directory) return "directory";
    return kind == FileKind::symlink ? "link" : "device, socket or pipe";
  }

  Changes absence(const View& view, const FileInfo& now) const {
    if (now.kind == FileKind::absent) return {};
    if (!old_.kept.whole && !holds_only(view.files, old_.kept.path, going_)) return {};
    return {{.attribute = "state", .before = word(now.kind), .after = "absent"}};
  }

  Changes target(const View& view, Changes changes) const {
    const std::string now = view.files.read_link(old_.kept.path).value_or("");
    if (now != old_.kept.target) changes.push_back({.attribute = "target", .before = now, .after = old_.kept.target});
    return changes;
  }

  // Old contents may be secrets of files that only root reads: those are compared, not shown.
  void content(const View& view, const FileInfo& now, Changes& changes) const {
    const std::string old = old_content(view.files);
    const auto present = now.kind == FileKind::regular ? view.files.read(old_.kept.path) : std::nullopt;
    if (present && present->content == old) return;
    changes.push_back({.attribute = "content",
                       .before = present ? present->content : "",
                       .after = old,
                       .sensitive = (old_.kept.info.mode & 0004U) == 0 || (present && (now.mode & 0004U) == 0)});
  }

  void attributes(const View& view, const FileInfo& now, Changes& changes) const {
    const FileInfo& was = old_.kept.info;
    const auto user = [&](unsigned id) { return view.accounts.user_name(id).value_or(std::to_string(id)); };
    const auto group = [&](unsigned id) { return view.accounts.group_name(id).value_or(std::to_string(id)); };
    if (now.mode != was.mode) {
      changes.push_back({"mode", fmt::format("{:04o}", now.mode), fmt::format("{:04o}", was.mode)});
    }
    if (now.uid != was.uid) changes.push_back({"owner", user(now.uid), user(was.uid)});
    if (now.gid != was.gid) changes.push_back({"group", group(now.gid), group(was.gid)});
  }

  std::string old_content(const FileReader& files) const {
    const auto old = files.read(old_.content_file);
    if (!old || content_digest(old->content) != old_.kept.content) {
      throw Error("the old content of " + old_.kept.path + " is damaged: " + old_.content_file);
    }
    return old->content;
  }

  OldPath old_;
  std::set<std::string> going_;
};

struct Collected {
  OldPaths paths{};
  std::set<std::string> data{};
  std::set<std::string> computed{};  // from data that stays
  std::vector<std::string> not_undone{};
};

// If an older version did not record it, the present recipes say. A resource that they no longer have may be data.
Resource::Lasting lasting_of(const JournalChange& change, const Catalog& present) {
  if (change.lasting) return *change.lasting;
  const CatalogEntry* same_path = nullptr;
  for (const CatalogEntry& entry : present.entries) {
    if (entry.id == change.id) return entry.lasting();
    if (entry.id.path() == change.id.path()) same_path = &entry;
  }
  if (same_path != nullptr) return same_path->lasting();
  return {.data = {change.id.path(), change.id.path() + "/"}, .beyond_files = true};
}

std::set<std::string> as_set(const std::vector<std::string>& words) { return {words.begin(), words.end()}; }

void collect_changes(const JournalRecords& records, const Catalog& present, Collected& collected) {
  std::set<ResourceId> lasting_ids;
  for (const JournalChange& change : records.changes) {
    const Resource::Lasting lasting = lasting_of(change, present);
    collected.data.insert(lasting.data.begin(), lasting.data.end());
    collected.computed.insert(lasting.computed.begin(), lasting.computed.end());
    if (lasting.beyond_files) lasting_ids.insert(change.id);
  }
  const auto add = [&](const std::string& line) { collected.not_undone.push_back(line); };
  if (!records.installed.empty()) add("packages stay installed: " + joined(records.installed, ", "));
  if (!records.removed.empty()) add("packages stay removed: " + joined(records.removed, ", "));
  for (const ResourceId& id : records.changed) {
    if (lasting_ids.contains(id)) add(id.text() + " stays as that run left it");
  }
}

std::set<ResourceId> notified_by(const JournalRecords& records, const std::string& path) {
  std::set<ResourceId> own;
  std::set<ResourceId> all;
  bool known = false;
  for (const JournalChange& change : records.changes) {
    all.insert(change.notifies.begin(), change.notifies.end());
    if (change.id.path() != path) continue;
    known = true;
    own.insert(change.notifies.begin(), change.notifies.end());
  }
  return known ? own : all;
}

// Called from the newest generation to the oldest: for each path the oldest one counts.
void collect(const Generation& generation, const std::string& directory, const Catalog& present, Collected& collected) {
  const JournalRecords& records = generation.records;
  if (!records.damage.empty()) {
    throw Error(fmt::format(
        "generation {} is damaged ({}/journal.jsonl: {}); nothing was changed. Later ones can still be rolled back",
        generation.number, directory, records.damage));
  }
  for (const KeptPath& kept : records.paths) {
    if (records.restored.contains(kept.path)) continue;
    OldPath& old = collected.paths[kept.path];
    old.kept = kept;
    old.content_file = kept.content ? directory + "/content/" + *kept.content : "";
    old.notifies.merge(notified_by(records, kept.path));
  }
  collect_changes(records, present, collected);
}

// Paths to remove first, the deepest first; then those that come back, directories before their contents.
std::vector<std::string> in_order(const OldPaths& paths) {
  std::vector<std::string> ordered;
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    if (path->second.kept.info.kind == FileKind::absent) ordered.push_back(path->first);
  }
  for (const auto& [path, old] : paths) {
    if (old.kept.info.kind != FileKind::absent) ordered.push_back(path);
  }
  return ordered;
}

void drop_what_cannot_go(Collected& collected) {
  for (auto path = collected.paths.begin(); path != collected.paths.end();) {
    const KeptPath& kept = path->second.kept;
    std::string reason;
    const std::string folder = path->first.substr(0, path->first.rfind('/') + 1);
    const auto is_in = [&](const auto& paths) { return paths.contains(path->first) || paths.contains(folder); };
    if (is_in(collected.data)) reason = "it is data of the box";
    if (is_in(collected.computed)) reason = "it follows from data that stays";
    if (kept.info.kind == FileKind::other) reason = "it was a device, socket or pipe";
    if (kept.info.kind == FileKind::regular && !kept.content) reason = "its old content was too large to keep";
    if (reason.empty()) {
      ++path;
      continue;
    }
    collected.not_undone.push_back(fmt::format("{} stays: {}", path->first, reason));
    path = collected.paths.erase(path);
  }
}

// Of the paths that were absent, all that can be removed: files, links, and directories that hold nothing else. Other
// directories stay and are named.
std::set<std::string> what_goes(const FileReader& files, Collected& collected) {
  std::set<std::string> going;
  for (const std::string& path : in_order(collected.paths)) {
    const KeptPath& kept = collected.paths.at(path).kept;
    if (kept.info.kind != FileKind::absent) break;  // absent ones come first, the deepest before all
    if (kept.whole || holds_only(files, path, going)) {
      going.insert(path);
      continue;
    }
    collected.not_undone.push_back(path + " stays: it holds other files");
    collected.paths.erase(path);
  }
  return going;
}

}  // namespace

Rollback make_rollback(const Catalog& present, const FileReader& files, const std::string& state_directory,
                       std::int64_t number) {
  const auto numbers = generation_numbers(files, state_directory);
  static_cast<void>(read_generation(files, state_directory, number));  // refuses a number that is not there
  Collected collected;
  for (auto newer = numbers.rbegin(); newer != numbers.rend() && *newer >= number; ++newer) {
    collect(read_generation(files, state_directory, *newer), fmt::format("{}/generations/{}", state_directory, *newer),
            present, collected);
  }
  std::set<ResourceId> targets;
  for (const CatalogEntry& entry : present.entries) {
    if (entry.resource->refreshable()) targets.insert(entry.id);
    // Older versions did not record it. Besides, an old zone has a serial number that others have seen already, and
    // signatures that may have ended.
    collected.computed.merge(as_set(entry.lasting().computed));
  }
  drop_what_cannot_go(collected);

  const std::set<std::string> going = what_goes(files, collected);
  Rollback rollback;
  rollback.catalog.partial = true;
  rollback.catalog.recipes.push_back({.name = "rollback", .summary = fmt::format("before generation {}", number)});
  rollback.catalog.recipes.insert(rollback.catalog.recipes.end(), present.recipes.begin(), present.recipes.end());
  for (const std::string& path : in_order(collected.paths)) {
    const OldPath& old = collected.paths.at(path);
    CatalogEntry entry{.id = {"path", path}, .recipe = "rollback"};
    entry.resource = std::make_shared<RestoredPath>(old, going);
    for (const ResourceId& target : old.notifies) {
      if (targets.contains(target)) entry.notifies.push_back(target);
    }
    rollback.catalog.entries.push_back(std::move(entry));
  }
  for (const CatalogEntry& entry : present.entries) {
    if (targets.contains(entry.id)) rollback.catalog.entries.push_back(entry);
  }
  rollback.not_undone = std::move(collected.not_undone);
  return rollback;
}

}  // namespace mailinabox

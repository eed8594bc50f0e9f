#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engine/generations.hpp"
#include "engine/restored_path.hpp"

namespace mailinabox {
namespace {

using OldPaths = std::map<std::string, OldPath>;

struct Collected {
  OldPaths paths{};
  std::set<std::string> data{};
  std::set<std::string> computed{};                          // from data that stays
  std::vector<std::pair<ResourceId, std::string>> states{};  // the oldest generation's last
  std::vector<ResourceId> beyond_files{};                    // that changed what no file holds
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

void collect_changes(const JournalRecords& records, const Catalog& present, Collected& collected) {
  std::set<ResourceId> beyond_files;
  for (const JournalChange& change : records.changes) {
    const Resource::Lasting lasting = lasting_of(change, present);
    collected.data.insert(lasting.data.begin(), lasting.data.end());
    collected.computed.insert(lasting.computed.begin(), lasting.computed.end());
    if (lasting.beyond_files) beyond_files.insert(change.id);
  }
  const auto add = [&](const std::string& line) { collected.not_undone.push_back(line); };
  if (!records.installed.empty()) add("packages stay installed: " + joined(records.installed, ", "));
  if (!records.removed.empty()) add("packages stay removed: " + joined(records.removed, ", "));
  for (const ResourceId& id : records.changed) {
    if (beyond_files.contains(id) && !contains(collected.beyond_files, id)) collected.beyond_files.push_back(id);
  }
  collected.states.insert(collected.states.end(), records.states.begin(), records.states.end());
}

// Older versions did not record who touched a path: those that have its name, or all.
std::set<ResourceId> notified_by(const JournalRecords& records, const std::string& path) {
  const auto touched = records.touched.find(path);
  std::set<ResourceId> own;
  std::set<ResourceId> all;
  bool known = touched != records.touched.end();
  for (const JournalChange& change : records.changes) {
    all.insert(change.notifies.begin(), change.notifies.end());
    const bool has_its_name = change.id.path() == path;
    known = known || has_its_name;
    const bool has_touched = touched != records.touched.end() && touched->second.contains(change.id);
    if (has_its_name || has_touched) own.insert(change.notifies.begin(), change.notifies.end());
  }
  return known ? own : all;
}

// Called from the newest generation to the oldest: for each path the oldest one counts.
void collect(const Generation& generation, const FileReader& files, const std::string& directory,
             const Catalog& present, Collected& collected) {
  const JournalRecords& records = generation.records;
  if (!records.damage.empty()) {
    throw Error(fmt::format(
        "generation {} is damaged ({}/journal.jsonl: {}); nothing was changed. Later ones can still be rolled back",
        generation.number, directory, records.damage));
  }
  for (const KeptPath& kept : records.paths) {
    if (records.restored.contains(kept.path)) continue;
    const std::string tree = kept.tree.empty() ? "" : directory + "/" + kept.tree;
    // Cut off before it was moved: it stayed, or a later run moved it.
    if (!tree.empty() && files.info(tree).kind == FileKind::absent) continue;
    OldPath& old = collected.paths[kept.path];
    old.kept = kept;
    old.content_file = kept.content ? directory + "/content/" + *kept.content : "";
    old.tree = tree;
    old.notifies.merge(notified_by(records, kept.path));
  }
  collect_changes(records, present, collected);
}

Collected collect_all(const Catalog& present, const FileReader& files, const std::string& state_directory,
                      std::int64_t number) {
  const auto numbers = generation_numbers(files, state_directory);
  static_cast<void>(read_generation(files, state_directory, number));  // refuses a number that is not there
  Collected collected;
  for (auto newer = numbers.rbegin(); newer != numbers.rend() && *newer >= number; ++newer) {
    collect(read_generation(files, state_directory, *newer), files,
            fmt::format("{}/generations/{}", state_directory, *newer), present, collected);
  }
  // Older versions did not record it. Besides, an old zone has a serial number that others have seen already, and
  // signatures that may have ended.
  for (const CatalogEntry& entry : present.entries) {
    const Resource::Lasting lasting = entry.lasting();
    collected.computed.insert(lasting.computed.begin(), lasting.computed.end());
  }
  return collected;
}

// The box's entries that bring back a state, or that can be notified.
class BoxEntries {
 public:
  BoxEntries(const Catalog& present, const Collected& collected) {
    std::map<const CatalogEntry*, std::string> states;
    for (const auto& [id, state] : collected.states) {
      if (const CatalogEntry* entry = find(present, id)) states[entry] = state;  // the oldest counts
    }
    // What was started last is stopped first.
    for (auto entry = present.entries.rbegin(); entry != present.entries.rend(); ++entry) {
      const auto state = states.find(&*entry);
      const auto back = state == states.end() ? nullptr : entry->resource->back_to(state->second);
      if (back != nullptr) brought_back_.insert({entry->id.kind, entry->id.name});
      CatalogEntry its = *entry;
      if (back != nullptr) its.resource = back;
      if (back != nullptr && back->phase() == Phase::resources) {
        its.notifies.clear();
        first_.push_back(its);
        if (entry->resource->refreshable()) stopped_.insert(entry->id);
      } else if (its.resource->refreshable()) {
        targets_.emplace(its.id, its);
      }
    }
    for (const auto& [id, state] : collected.states) {
      const CatalogEntry* entry = find(present, id);
      if (entry != nullptr && brought_back_.contains(entry->id)) brought_back_.insert(id);
    }
  }

  // Those that have their turn before any path is put back.
  const std::vector<CatalogEntry>& first() const { return first_; }
  bool brings_back(const ResourceId& id) const { return brought_back_.contains(id); }
  bool stops(const ResourceId& id) const { return stopped_.contains(id); }

  // A handler that works on what goes is not run; what it notifies is notified in its place.
  void drop_handlers(const std::set<std::string>& going) {
    for (auto target = targets_.begin(); target != targets_.end();) {
      const auto needs = target->second.resource->needs();
      if (std::none_of(needs.begin(), needs.end(), [&](const auto& path) { return going.contains(path); })) {
        ++target;
        continue;
      }
      dropped_.emplace(target->first, target->second.notifies);
      target = targets_.erase(target);
    }
  }

  void add_targets(const ResourceId& notified, std::vector<ResourceId>& targets) const {
    if (targets_.contains(notified) && !contains(targets, notified)) targets.push_back(notified);
    const auto dropped = dropped_.find(notified);
    if (dropped == dropped_.end()) return;
    for (const ResourceId& next : dropped->second) add_targets(next, targets);
  }

  const CatalogEntry* target(const ResourceId& id) const {
    const auto found = targets_.find(id);
    return found == targets_.end() ? nullptr : &found->second;
  }

 private:
  // Some have the host name in their id, which may have changed since: the only one of the kind.
  static const CatalogEntry* find(const Catalog& present, const ResourceId& id) {
    const CatalogEntry* same_kind = nullptr;
    int of_kind = 0;
    for (const CatalogEntry& entry : present.entries) {
      if (entry.id == id) return &entry;
      if (entry.id.kind != id.kind) continue;
      same_kind = &entry;
      ++of_kind;
    }
    return of_kind == 1 ? same_kind : nullptr;
  }

  std::vector<CatalogEntry> first_{};
  std::set<ResourceId> brought_back_{};
  std::set<ResourceId> stopped_{};
  std::map<ResourceId, CatalogEntry> targets_{};
  std::map<ResourceId, std::vector<ResourceId>> dropped_{};
};

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

// What follows from data goes with the services that it is for.
std::string why_it_stays(const OldPath& old, const Collected& collected, const BoxEntries& box) {
  const KeptPath& kept = old.kept;
  const std::string folder = kept.path.substr(0, kept.path.rfind('/') + 1);
  const auto is_in = [&](const auto& paths) { return paths.contains(kept.path) || paths.contains(folder); };
  const bool unused = !old.notifies.empty() && std::all_of(old.notifies.begin(), old.notifies.end(),
                                                           [&](const ResourceId& id) { return box.stops(id); });
  if (is_in(collected.data)) return "it is data of the box";
  if (is_in(collected.computed) && !unused) return "it follows from data that stays";
  if (kept.info.kind == FileKind::other) return "it was a device, socket or pipe";
  if (kept.info.kind == FileKind::regular && !kept.content) return "its old content was too large to keep";
  return "";
}

void drop_what_stays(Collected& collected, const BoxEntries& box) {
  for (const ResourceId& id : collected.beyond_files) {
    if (!box.brings_back(id)) collected.not_undone.push_back(id.text() + " stays as that run left it");
  }
  for (auto path = collected.paths.begin(); path != collected.paths.end();) {
    const std::string reason = why_it_stays(path->second, collected, box);
    if (reason.empty()) {
      ++path;
      continue;
    }
    collected.not_undone.push_back(fmt::format("{} stays: {}", path->first, reason));
    path = collected.paths.erase(path);
  }
}

// A path lies in a generation if a run has moved a directory above it there; where it was if that directory exists
// again.
std::string place_of_now(const FileReader& files, const OldPaths& paths, const std::string& path) {
  std::string place = path;
  any_above(path, [&](const std::string& upper) {
    const auto old = paths.find(upper);
    const bool is_moved = old != paths.end() && !old->second.tree.empty() && files.info(upper).kind == FileKind::absent;
    if (is_moved) place = old->second.tree + path.substr(upper.size());
    return is_moved;
  });
  return place;
}

// Of the paths that were absent, all that can be removed: files, links, and directories that hold nothing else. Other
// directories stay and are named.
std::set<std::string> what_goes(const FileReader& files, Collected& collected) {
  std::set<std::string> going;
  for (const std::string& path : in_order(collected.paths)) {
    const KeptPath& kept = collected.paths.at(path).kept;
    if (kept.info.kind != FileKind::absent) break;  // absent ones come first, the deepest before all
    if (kept.whole || holds_only(files, place_of_now(files, collected.paths, path), path, going)) {
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
  Collected collected = collect_all(present, files, state_directory, number);
  BoxEntries box(present, collected);
  drop_what_stays(collected, box);
  const std::set<std::string> going = what_goes(files, collected);
  box.drop_handlers(going);

  Rollback rollback;
  rollback.catalog.partial = true;
  rollback.catalog.recipes.push_back({.name = "rollback", .summary = fmt::format("before generation {}", number)});
  rollback.catalog.recipes.insert(rollback.catalog.recipes.end(), present.recipes.begin(), present.recipes.end());
  rollback.catalog.entries = box.first();
  for (const std::string& path : in_order(collected.paths)) {
    const OldPath& old = collected.paths.at(path);
    CatalogEntry entry{.id = {"path", path}, .recipe = "rollback", .resource = make_restored_path(old, going)};
    for (const ResourceId& target : old.notifies) box.add_targets(target, entry.notifies);
    rollback.catalog.entries.push_back(std::move(entry));
  }
  for (const CatalogEntry& entry : present.entries) {
    if (const CatalogEntry* target = box.target(entry.id)) rollback.catalog.entries.push_back(*target);
  }
  rollback.not_undone = std::move(collected.not_undone);
  return rollback;
}

}  // namespace mailinabox

#include "engine/restored_path.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace mailinabox {
namespace {

// Puts one path back. State table, by what it was and what it is:
//
//   was \ is     absent      regular, symlink    directory
//   absent       -           remove              remove if it is empty or was put there as a whole, else it stays
//   regular      write       write               an error: something of value may stand there
//   symlink      link        link                an error
//   directory    make        an error            owner and mode
//
// A directory with its tree is copied beside its place and then renamed, so one that is there is complete.
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
    const bool has_tree = old_.kept.info.kind == FileKind::directory && !old_.tree.empty();
    if (has_tree && now.kind == FileKind::absent) require_directory(view.files, old_.tree);
    attributes(view, now, changes);
    return changes;
  }

  void apply(System& system, const Changes& /*changes*/) const override {
    const KeptPath& kept = old_.kept;
    const FileAttributes attributes{kept.info.mode, kept.info.uid, kept.info.gid};
    if (kept.info.kind == FileKind::absent) system.files.remove(kept.path, kept.whole);
    if (kept.info.kind == FileKind::symlink) system.files.make_symlink(kept.path, kept.target);
    if (kept.info.kind == FileKind::directory) {
      const bool missing = system.files.info(kept.path).kind == FileKind::absent;
      if (missing && !old_.tree.empty()) {
        put_tree_back(system.files);
      } else {
        system.files.make_directory(kept.path, attributes);
      }
    }
    if (kept.info.kind == FileKind::regular) system.files.write(kept.path, old_content(system.files), attributes);
  }

  Action action(const Changes& /*changes*/) const override {
    return old_.kept.info.kind == FileKind::absent ? Action::remove : Action::update;
  }

 private:
  std::string unfinished() const { return old_.kept.path + ".mailinabox-restored"; }

  // It stays in the generation, too: going back may be undone, and done again.
  void put_tree_back(FileSystem& files) const {
    files.remove(unfinished(), true);
    try {
      copy_tree(files, "", old_.kept.info);
    } catch (const Error&) {
      files.remove(unfinished(), true);  // it may have filled the disk
      throw;
    }
    files.rename(unfinished(), old_.kept.path);
  }

  // `below`: "" for the tree itself, "/bin" for what is in it.
  void copy_tree(FileSystem& files, const std::string& below, const FileInfo& directory) const {
    require_directory(files, old_.tree + below);
    files.make_directory(unfinished() + below, {directory.mode, directory.uid, directory.gid});
    for (const std::string& name : files.list(old_.tree + below)) {
      const std::string next = below + "/" + name;
      if (!going_.contains(old_.kept.path + next)) copy_one(files, next);
    }
  }

  void copy_one(FileSystem& files, const std::string& below) const {
    const std::string source = old_.tree + below;
    const FileInfo info = files.info(source);
    if (info.kind == FileKind::directory) copy_tree(files, below, info);
    if (info.kind == FileKind::symlink) {
      const auto target = files.read_link(source);
      if (!target) throw missing(source);
      files.make_symlink(unfinished() + below, *target);
    }
    if (info.kind == FileKind::regular) {
      const auto content = files.read(source);
      if (!content) throw missing(source);
      files.write(unfinished() + below, content->content, {info.mode, info.uid, info.gid});
    }
    if (info.kind == FileKind::absent) throw missing(source);
  }

  Error missing(const std::string& source) const {
    return Error("the old content of " + old_.kept.path + " is missing: " + source);
  }
  void require_directory(const FileReader& files, const std::string& source) const {
    if (files.info(source).kind != FileKind::directory) throw missing(source);
  }

  static std::string word(FileKind kind) {
    if (kind == FileKind::absent) return "absent";
    if (kind == FileKind::regular) return "file";
    if (kind == FileKind::directory) return "directory";
    return kind == FileKind::symlink ? "link" : "device, socket or pipe";
  }

  Changes absence(const View& view, const FileInfo& now) const {
    if (now.kind == FileKind::absent) return {};
    if (!old_.kept.whole && !holds_only(view.files, old_.kept.path, old_.kept.path, going_)) return {};
    return {{.attribute = "state", .before = word(now.kind), .after = "absent"}};
  }

  Changes target(const View& view, Changes changes) const {
    const std::string now = view.files.read_link(old_.kept.path).value_or("");
    if (now != old_.kept.target) changes.push_back({.attribute = "target", .before = now, .after = old_.kept.target});
    return changes;
  }

  void content(const View& view, const FileInfo& now, Changes& changes) const {
    const std::string old = old_content(view.files);
    const auto present = now.kind == FileKind::regular ? view.files.read(old_.kept.path) : std::nullopt;
    if (present && present->content == old) return;
    changes.push_back({.attribute = "content",
                       .before = present ? present->content : "",
                       .after = old,
                       .sensitive = !everybody_may_read(view.files, old_.kept.path, old_.kept.info.mode) ||
                                    (present && !everybody_may_read(view.files, old_.kept.path, now.mode))});
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

}  // namespace

bool holds_only(const FileReader& files, const std::string& place, const std::string& path,
                const std::set<std::string>& paths) {
  if (files.info(place).kind != FileKind::directory) return true;
  const auto names = files.list(place);
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return paths.contains(path + "/" + name); });
}

std::shared_ptr<const Resource> make_restored_path(OldPath old, std::set<std::string> going) {
  return std::make_shared<RestoredPath>(std::move(old), std::move(going));
}

}  // namespace mailinabox

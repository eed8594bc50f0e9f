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
    if (kept.info.kind == FileKind::directory) {
      const bool missing = system.files.info(kept.path).kind == FileKind::absent;
      system.files.make_directory(kept.path, attributes);
      if (missing && !old_.tree.empty()) copy_tree(system.files, old_.tree, kept.path);
    }
    if (kept.info.kind == FileKind::regular) system.files.write(kept.path, old_content(system.files), attributes);
  }

  Action action(const Changes& /*changes*/) const override {
    return old_.kept.info.kind == FileKind::absent ? Action::remove : Action::update;
  }

 private:
  // It stays in the generation, too: going back may be undone, and done again.
  static void copy_tree(FileSystem& files, const std::string& from, const std::string& to) {
    for (const std::string& name : files.list(from)) {
      const std::string source = from + "/" + name;
      const std::string target = to + "/" + name;
      const FileInfo info = files.info(source);
      const FileAttributes attributes{info.mode, info.uid, info.gid};
      if (info.kind == FileKind::symlink) files.make_symlink(target, files.read_link(source).value_or(""));
      if (info.kind == FileKind::regular) files.write(target, files.read(source)->content, attributes);
      if (info.kind != FileKind::directory) continue;
      files.make_directory(target, attributes);
      copy_tree(files, source, target);
    }
  }

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

bool holds_only(const FileReader& files, const std::string& path, const std::set<std::string>& paths) {
  if (files.info(path).kind != FileKind::directory) return true;
  const auto names = files.list(path);
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return paths.contains(path + "/" + name); });
}

std::shared_ptr<const Resource> make_restored_path(OldPath old, std::set<std::string> going) {
  return std::make_shared<RestoredPath>(std::move(old), std::move(going));
}

}  // namespace mailinabox

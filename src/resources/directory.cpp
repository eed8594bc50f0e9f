// A directory with given owner and mode.
//
//   at the path                                         | is
//   nothing                                             | created
//   a directory                                         | compared: mode, owner, group
//   a symbolic link of root's that leads to a directory | followed: operators move data to another disk this way
//   anything else                                       | an error naming it
//
// With files_owner or files_group, files directly in it (not what links lead to) have that owner or group. Data that
// was copied from another machine has the numbers that the accounts had there.
#include <fmt/core.h>

#include <utility>

#include "base/error.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"

namespace mailinabox {

namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// Follows links only where root made them: whoever owns the directory around could otherwise have root change the
// owner of any directory.
std::string followed_path(const FileReader& files, const std::string& path) {
  std::string current = path;
  for (int links = 0; links < 8; ++links) {
    const FileInfo info = files.info(current);
    if (info.kind != FileKind::symlink) return current;
    const std::string target = files.read_link(current).value_or("");
    if (info.uid != 0) {
      throw Error(
          fmt::format("{}: a symbolic link to {} that is not root's stands where a directory shall be; replace "
                      "it by a directory or a link of root's and run this again",
                      current, target));
    }
    current = target.starts_with('/') ? target : parent_of(current) + "/" + target;
  }
  throw Error(path + ": more than 8 symbolic links lead from here; make it a directory and run this again");
}

class DirectoryResource final : public Resource {
 public:
  DirectoryResource(std::string path, Ownership ownership, bool parents, std::string files_owner,
                    std::string files_group)
      : path_(std::move(path)),
        ownership_(std::move(ownership)),
        parents_(parents),
        files_owner_(std::move(files_owner)),
        files_group_(std::move(files_group)) {}

  Changes diff(const View& view) const override {
    const std::string path = followed_path(view.files, path_);
    const FileInfo present = view.files.info(path);
    Changes changes;
    if (present.kind == FileKind::directory) {
      compare_ownership(ownership_, present, view.accounts, changes);
      const std::size_t foreign = foreign_files(view.files, view.accounts, path).size();
      if (foreign > 0) {
        changes.push_back({"files", fmt::format("{} of another owner or group", foreign), ownership_of_files()});
      }
    } else if (present.kind == FileKind::absent && path == path_) {
      add_ownership(ownership_, changes);
    } else if (present.kind == FileKind::absent) {
      throw Error(
          fmt::format("{}: a symbolic link to {}, which does not exist, stands where a directory shall be; "
                      "remove the link, or mount or create what it leads to, and run this again",
                      path_, path));
    } else {
      throw Error(fmt::format("{}: a file stands where a directory shall be; move it away and run this again", path));
    }
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    const FileAttributes attributes = file_attributes(ownership_, system.accounts, path_);
    if (!creates_path(changes)) {
      const std::string path = followed_path(system.files, path_);
      system.files.set_attributes(path, attributes);
      for (const auto& [file, wanted] : foreign_files(system.files, system.accounts, path)) {
        system.files.set_attributes(file, wanted);
      }
      return;
    }
    if (parents_) make_parents(system.files, parent_of(path_));
    system.files.make_directory(path_, attributes);
  }

  std::vector<std::string> paths() const override { return {path_}; }
  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }

 private:
  static void make_parents(FileSystem& files, const std::string& path) {
    if (path == "/" || files.info(path).kind != FileKind::absent) return;
    make_parents(files, parent_of(path));
    files.make_directory(path, {0755, 0, 0});
  }

  std::string ownership_of_files() const {
    return files_owner_.empty() ? "group " + files_group_
                                : files_owner_ + (files_group_.empty() ? "" : ":" + files_group_);
  }

  // Files in it with another owner or group than wanted, each with what it shall have. None while an account is
  // missing: the directory's own owner is an error then, or a difference.
  std::vector<std::pair<std::string, FileAttributes>> foreign_files(const FileReader& files,
                                                                    const AccountReader& accounts,
                                                                    const std::string& path) const {
    std::vector<std::pair<std::string, FileAttributes>> result;
    if (files_owner_.empty() && files_group_.empty()) return result;
    const auto user = accounts.user(files_owner_);
    const auto group = accounts.group(files_group_);
    for (const std::string& name : files.list(path)) {
      const std::string file = path + "/" + name;
      const FileInfo info = files.info(file);
      if (info.kind != FileKind::regular) continue;
      const FileAttributes wanted{
          .mode = info.mode, .uid = user ? user->uid : info.uid, .gid = group ? group->gid : info.gid};
      if (wanted.uid != info.uid || wanted.gid != info.gid) result.emplace_back(file, wanted);
    }
    return result;
  }

  std::string path_;
  Ownership ownership_;
  bool parents_;
  std::string files_owner_;
  std::string files_group_;
};

std::shared_ptr<const Resource> make_directory(const std::string& name, const Fields& fields) {
  return std::make_shared<DirectoryResource>(name, ownership_of(fields, 0755), fields.boolean("parents", false),
                                             fields.string("files_owner"), fields.string("files_group"));
}

}  // namespace

Kind directory_kind() {
  return {"directory",
          "A directory with given owner and mode. What it holds is left alone, but for the owner or group of its files "
          "where that is asked for.",
          FieldType::path,
          "Where the directory stands.",
          with_ownership({{"parents",
                           FieldType::boolean,
                           false,
                           "Create missing directories above it, owned by root with mode 0755; false where not given.",
                           {}},
                          {"files_owner", FieldType::string, false, "Owner of the files directly in it.", {}},
                          {"files_group", FieldType::string, false, "Group of the files directly in it.", {}}},
                         "Permission bits, quoted; \"0755\" where not given."),
          make_directory};
}

}  // namespace mailinabox

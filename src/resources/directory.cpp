// A directory with given owner and mode.
//
//   at the path                                         | result
//   nothing                                             | created
//   a directory                                         | compared: mode, owner, group
//   a symbolic link of root's that leads to a directory | followed: operators move data to another disk this way
//   anything else                                       | an error
//
// With `only`, regular files that it does not name are removed.
// With files_owner or files_group, files directly in it (not what links lead to) get that owner or group: data copied
// from another machine has the account numbers of that machine.
#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

std::string parent_of(const std::string& path) {
  const std::string folder = beside(path, "");
  return folder.size() < 2 ? "/" : folder.substr(0, folder.size() - 1);
}

// Follows only root's links: otherwise the owner of the directory around could have root change the owner of any
// directory.
std::string followed_path(const FileReader& files, const std::string& path) {
  std::string current = path;
  for (int links = 0; links < 8; ++links) {
    const FileInfo info = files.info(current);
    if (info.kind != FileKind::symlink) {
      if (links > 0) static_cast<void>(files.list(path));  // throws if a link on the way may not be followed
      return current;
    }
    const std::string target = files.read_link(current).value_or("");
    if (info.uid != 0) {
      throw Error(fmt::format(
          "{}: expected a directory, found a symbolic link to {} that root does not own; replace it with a directory "
          "or a link owned by root and run this again",
          current, target));
    }
    current = target.starts_with('/') ? target : beside(current, target);
  }
  throw Error(path + ": more than 8 symbolic links in a row; make it a directory and run this again");
}

// Which regular files may be in the directory.
struct AllowedFiles {
  std::set<std::string> names{};
  std::vector<std::string> suffixes{};  // the files it is about; empty: all
  bool local = false;

  bool unwanted(const std::string& name) const {
    const auto ends = [&](const std::string& suffix) { return name.ends_with(suffix); };
    return !names.contains(name) && (suffixes.empty() || std::any_of(suffixes.begin(), suffixes.end(), ends));
  }
};

struct DirectoryWanted {
  std::string path{};
  Ownership ownership{};
  bool parents = false;
  std::string files_owner{};
  std::string files_group{};
  std::optional<AllowedFiles> only{};
  std::string package{};
};

class DirectoryResource final : public Resource {
 public:
  explicit DirectoryResource(DirectoryWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const std::string path = followed_path(view.files, wanted_.path);
    const FileInfo present = view.files.info(path);
    Changes changes;
    if (present.kind == FileKind::directory) {
      compare_ownership(wanted_.ownership, present, view.accounts, changes);
      const std::size_t foreign = foreign_files(view.files, view.accounts, path).size();
      if (foreign > 0) {
        changes.push_back({"files", fmt::format("{} of another owner or group", foreign), ownership_of_files()});
      }
      const std::string others = joined(unwanted_files(view.files, path), ", ");
      if (!others.empty()) changes.push_back({"other files", others, "", false, wanted_.only->local});
    } else if (present.kind == FileKind::absent && path == wanted_.path && comes_with_package(view.packages)) {
      return changes;  // compared once the package has created it
    } else if (present.kind == FileKind::absent && path == wanted_.path) {
      add_ownership(wanted_.ownership, changes);
    } else if (present.kind == FileKind::absent) {
      throw Error(fmt::format(
          "{}: expected a directory, found a symbolic link to {}, which does not exist; remove the link, or mount or "
          "create its target, and run this again",
          wanted_.path, path));
    } else {
      refuse_present(path, "directory", present.kind);
    }
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    const FileAttributes attributes = file_attributes(wanted_.ownership, system.accounts, wanted_.path);
    if (!creates_path(changes)) {
      const std::string path = followed_path(system.files, wanted_.path);
      system.files.set_attributes(path, attributes);
      for (const auto& [file, wanted] : foreign_files(system.files, system.accounts, path)) {
        system.files.set_attributes(file, wanted);
      }
      for (const std::string& name : unwanted_files(system.files, path)) system.files.remove(path + "/" + name, false);
      return;
    }
    if (wanted_.parents) make_parents(system.files, parent_of(wanted_.path));
    system.files.make_directory(wanted_.path, attributes);
  }

  std::vector<std::string> paths() const override { return {wanted_.path}; }

  // Files that came from another machine and go on being written by a service.
  Lasting lasting() const override {
    if (wanted_.files_owner.empty() && wanted_.files_group.empty()) return {};
    return {.data = {wanted_.path + "/"}};
  }

  std::vector<std::string> decides() const override {
    return wanted_.only ? std::vector{wanted_.path + "/"} : std::vector<std::string>{};
  }
  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }

 private:
  bool comes_with_package(const PackageReader& packages) const {
    return !wanted_.package.empty() && !packages.installed_version(wanted_.package);
  }

  static void make_parents(FileSystem& files, const std::string& path) {
    if (path == "/" || files.info(path).kind != FileKind::absent) return;
    make_parents(files, parent_of(path));
    files.make_directory(path, {0755, 0, 0});
  }

  std::vector<std::string> unwanted_files(const FileReader& files, const std::string& path) const {
    std::vector<std::string> unwanted;
    if (!wanted_.only) return unwanted;
    for (const std::string& name : files.list(path)) {
      if (wanted_.only->unwanted(name) && files.info(path + "/" + name).kind == FileKind::regular) {
        unwanted.push_back(name);
      }
    }
    return unwanted;
  }

  std::string ownership_of_files() const {
    return wanted_.files_owner.empty()
               ? "group " + wanted_.files_group
               : wanted_.files_owner + (wanted_.files_group.empty() ? "" : ":" + wanted_.files_group);
  }

  // Files in it whose owner or group differs, each with the wanted attributes. None while an account is missing: that
  // is a difference or an error of the directory's own owner.
  std::vector<std::pair<std::string, FileAttributes>> foreign_files(const FileReader& files,
                                                                    const AccountReader& accounts,
                                                                    const std::string& path) const {
    std::vector<std::pair<std::string, FileAttributes>> result;
    if (wanted_.files_owner.empty() && wanted_.files_group.empty()) return result;
    const auto user = accounts.user(wanted_.files_owner);
    const auto group = accounts.group(wanted_.files_group);
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

  DirectoryWanted wanted_;
};

std::shared_ptr<const Resource> make_directory(const std::string& name, const Fields& fields) {
  DirectoryWanted wanted{.path = name,
                         .ownership = ownership_of(fields, 0755),
                         .parents = fields.boolean("parents", false),
                         .files_owner = fields.string("files_owner"),
                         .files_group = fields.string("files_group"),
                         .only = std::nullopt,
                         .package = fields.string("package")};
  if (const Field* names = fields.find("only")) {
    wanted.only = AllowedFiles{.suffixes = fields.strings("suffixes"), .local = names->local};
    for (std::string& file : fields.strings("only")) wanted.only->names.insert(std::move(file));
  } else if (fields.has("suffixes")) {
    fields.refuse("suffixes", "they limit `only` to some files; expected `only` beside them");
  }
  return std::make_shared<DirectoryResource>(std::move(wanted));
}

}  // namespace

Kind directory_kind() {
  return {"directory",
          "A directory with given owner and mode. Its content is left alone; fields can set the owner or group of its "
          "files, and remove files that are not allowed in it.",
          FieldType::path,
          "The path of the directory.",
          with_ownership(
              {{"parents",
                FieldType::boolean,
                false,
                "Create missing directories above it, owned by root with mode 0755; default: false.",
                {}},
               {"package",
                FieldType::string,
                false,
                "The package that ships the directory, so that a plan made before its installation is right.",
                {}},
               {"only",
                FieldType::strings,
                false,
                "Names of the regular files allowed in it; others are removed. Default: all are allowed.",
                {}},
               {"suffixes", FieldType::strings, false, "Ends of names: `only` applies to these files alone.", {}},
               {"files_owner", FieldType::string, false, "Owner of the files directly in it.", {}},
               {"files_group", FieldType::string, false, "Group of the files directly in it.", {}}},
              "Permission bits, quoted; default: \"0755\"."),
          make_directory};
}

}  // namespace mailinabox

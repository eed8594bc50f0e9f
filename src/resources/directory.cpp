// A directory with given owner and mode.
//
//   at the path                                         | is
//   nothing                                             | created
//   a directory                                         | compared: mode, owner, group
//   a symbolic link of root's that leads to a directory | followed: operators move data to another disk this way
//   anything else                                       | an error naming it
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
  DirectoryResource(std::string path, Ownership ownership, bool parents)
      : path_(std::move(path)), ownership_(std::move(ownership)), parents_(parents) {}

  Changes diff(const View& view) const override {
    const std::string path = followed_path(view.files, path_);
    const FileInfo present = view.files.info(path);
    Changes changes;
    if (present.kind == FileKind::directory) {
      compare_ownership(ownership_, present, view.accounts, changes);
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
      system.files.set_attributes(followed_path(system.files, path_), attributes);
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

  std::string path_;
  Ownership ownership_;
  bool parents_;
};

std::shared_ptr<const Resource> make_directory(const std::string& name, const Fields& fields) {
  return std::make_shared<DirectoryResource>(name, ownership_of(fields, 0755), fields.boolean("parents", false));
}

}  // namespace

Kind directory_kind() {
  return {"directory",
          "A directory with given owner and mode. What it holds is left alone.",
          FieldType::path,
          "Where the directory stands.",
          with_ownership({{"parents",
                           FieldType::boolean,
                           false,
                           "Create missing directories above it, owned by root with mode 0755; false where not given.",
                           {}}},
                         "Permission bits, quoted; \"0755\" where not given."),
          make_directory};
}

}  // namespace mailinabox

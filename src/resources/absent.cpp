// Nothing at a path.
//
//   at the path                  | is
//   nothing                      | in sync; with `package` not installed: a difference, as installing it brings the
//   path a file or link               | removed an empty directory           | removed a directory that holds some  |
//   removed with `recursive`, else an error
#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

namespace {

std::string to_string(FileKind kind) {
  switch (kind) {
    case FileKind::regular:
      return "file";
    case FileKind::directory:
      return "directory";
    case FileKind::symlink:
      return "symbolic link";
    default:
      return "device, socket or pipe";
  }
}

class AbsentResource final : public Resource {
 public:
  AbsentResource(std::string path, bool recursive, std::string package)
      : path_(std::move(path)), recursive_(recursive), package_(std::move(package)) {}

  Changes diff(const View& view) const override {
    const FileKind present = view.files.info(path_).kind;
    if (present == FileKind::directory && !recursive_ && !view.files.list(path_).empty()) {
      throw Error(path_ +
                  ": shall be absent, but is a directory that is not empty; look at what it holds, then remove "
                  "it or give the resource `recursive: true`");
    }
    if (present != FileKind::absent) return {{"state", to_string(present), "absent"}};
    if (!package_.empty() && !view.packages.installed_version(package_)) {
      return {{"state", "comes with the package " + package_, "absent"}};
    }
    return {};
  }

  void apply(System& system, const Changes& /*changes*/) const override { system.files.remove(path_, recursive_); }

  Action action(const Changes& /*changes*/) const override { return Action::remove; }

 private:
  std::string path_;
  bool recursive_;
  std::string package_;
};

std::shared_ptr<const Resource> make_absent(const std::string& name, const Fields& fields) {
  if (std::count(name.begin(), name.end(), '/') < 2 || name.find_first_not_of('/') == std::string::npos) {
    fields.refuse("", name + " will not be removed: the machine needs it; name something inside of it");
  }
  return std::make_shared<AbsentResource>(name, fields.boolean("recursive", false), fields.string("package"));
}

}  // namespace

Kind absent_kind() {
  return {"absent",
          "Nothing at a path: a file, link or directory that is there is removed.",
          FieldType::path,
          "What shall not be there; a path of one part (/etc) is refused.",
          {{"recursive",
            FieldType::boolean,
            false,
            "Remove a directory with all it holds; false where not given: only an empty one.",
            {}},
           {"package",
            FieldType::string,
            false,
            "The package that brings the path, so that a plan before its installation says what will happen.",
            {}}},
          make_absent};
}

}  // namespace mailinabox

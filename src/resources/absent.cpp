// Nothing at a path.
//
//   at the path                 | result
//   nothing                     | in sync; a difference if `package`, which ships the path, is not installed yet
//   a file or link              | removed
//   an empty directory          | removed
//   a directory with content    | removed with `recursive`, else an error
#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "resources/kind.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

class AbsentResource final : public Resource {
 public:
  AbsentResource(std::string path, bool recursive, std::string package)
      : path_(std::move(path)), recursive_(recursive), package_(std::move(package)) {}

  Changes diff(const View& view) const override {
    const FileKind present = view.files.info(path_).kind;
    if (present == FileKind::directory && !recursive_ && !view.files.list(path_).empty()) {
      throw Error(path_ +
                  ": must be absent, but is a directory with content; check what it holds, then remove it or set "
                  "`recursive: true`");
    }
    if (present != FileKind::absent) return {{"state", std::string(describe(present)), "absent"}};
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
    fields.refuse("", name + " cannot be removed: the machine needs it; name a path inside it");
  }
  return std::make_shared<AbsentResource>(name, fields.boolean("recursive", false), fields.string("package"));
}

}  // namespace

Kind absent_kind() {
  return {"absent",
          "Nothing at a path: a file, link or directory there is removed.",
          FieldType::path,
          "What must not exist; a path of one part (/etc) is refused.",
          {{"recursive",
            FieldType::boolean,
            false,
            "Remove a directory with all its content; default: false, only an empty one.",
            {}},
           {"package",
            FieldType::string,
            false,
            "The package that ships the path, so that a plan made before its installation is right.",
            {}}},
          make_absent};
}

}  // namespace mailinabox

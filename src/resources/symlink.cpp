// A symbolic link. A file at the path is replaced (its content is journaled); a directory there is an error.
#include <utility>

#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

class SymlinkResource final : public Resource {
 public:
  SymlinkResource(std::string path, std::string target, bool create_only, bool local)
      : path_(std::move(path)), target_(std::move(target)), create_only_(create_only), local_(local) {}

  Changes diff(const View& view) const override {
    const FileKind present = view.files.info(path_).kind;
    switch (present) {
      case FileKind::absent:
        return {{"target", "", target_, false, local_}};
      case FileKind::symlink: {
        const std::string target = view.files.read_link(path_).value_or("");
        if (create_only_ || target == target_) return {};
        return {{"target", target, target_, false, local_}};
      }
      case FileKind::regular:
        if (create_only_) return {};
        return {{"type", "file", "symbolic link to " + target_, false, local_}};
      case FileKind::directory:
      case FileKind::other:
        break;
    }
    refuse_present(path_, "symbolic link", present);
  }

  void apply(System& system, const Changes& /*changes*/) const override { system.files.make_symlink(path_, target_); }

  std::vector<std::string> paths() const override { return {path_}; }
  std::vector<std::string> decides() const override { return create_only_ ? std::vector<std::string>{} : paths(); }
  Action action(const Changes& changes) const override {
    return has_change(changes, "target") && changes.front().before.empty() ? Action::create : Action::update;
  }

 private:
  std::string path_;
  std::string target_;
  bool create_only_;
  bool local_;
};

std::shared_ptr<const Resource> make_symlink(const std::string& name, const Fields& fields) {
  const std::string target = fields.string("target");
  if (target.empty()) fields.refuse("target", "a symbolic link needs a target");
  return std::make_shared<SymlinkResource>(name, target, fields.boolean("create_only", false),
                                           fields.find("target")->local);
}

}  // namespace

Kind symlink_kind() {
  return {
      "symlink",
      "A symbolic link. A file at the path is replaced; a directory there is an error.",
      FieldType::path,
      "The path of the link.",
      {{"target", FieldType::string, true, "What it leads to: a path, absolute or relative to the link.", {}},
       {"create_only", FieldType::boolean, false, "Keep any file or link that is already there; default: false.", {}}},
      make_symlink};
}

}  // namespace mailinabox

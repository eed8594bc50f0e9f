// A package of the distribution. The engine installs all packages of a run in one transaction; apply() is for a single
// one.
#include <utility>

#include "resources/kind.hpp"

namespace mailinabox {

namespace {

class PackageResource final : public Resource {
 public:
  PackageResource(std::string name, bool absent, bool local) : name_(std::move(name)), absent_(absent), local_(local) {}

  Changes diff(const View& view) const override {
    const auto version = view.packages.installed_version(name_);
    if (version.has_value() != absent_) return {};
    if (absent_) return {{"state", "installed " + *version, "absent", false, local_}};
    return {{"state", "", "installed", false, local_}};
  }

  void apply(System& system, const Changes& /*changes*/) const override {
    if (absent_) {
      system.packages.change({}, {name_}, {});
    } else {
      system.packages.change({name_}, {}, {});
    }
  }

  Action action(const Changes& /*changes*/) const override { return absent_ ? Action::remove : Action::install; }
  Phase phase() const override { return Phase::packages; }
  std::optional<WantedPackage> package() const override { return WantedPackage{name_, absent_}; }

 private:
  std::string name_;
  bool absent_;
  bool local_;
};

// Debian Policy 5.6.1: at least two characters of these, the first a letter or digit; ":arch" may follow.
bool is_package_name(const std::string& name) {
  constexpr std::string_view k_characters = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
  const std::string base = name.substr(0, name.find(':'));
  return base.size() >= 2 && base.find_first_not_of(k_characters) == std::string::npos &&
         std::string_view("+-.").find(base.front()) == std::string_view::npos;
}

std::shared_ptr<const Resource> make_package(const std::string& name, const Fields& fields) {
  if (!is_package_name(name)) {
    fields.refuse("", "\"" + name + "\" is not a package name; expected lower-case letters, digits, +, - and .");
  }
  const Field* state = fields.find("state");
  return std::make_shared<PackageResource>(name, fields.string("state", "installed") == "absent",
                                           state != nullptr && state->local);
}

}  // namespace

Kind package_kind() {
  return {"package",
          "A package of the distribution, installed without the packages it recommends, or removed; its configuration "
          "stays.",
          FieldType::string,
          "The package's name.",
          {{"state", FieldType::string, false, "Default: installed.", {"installed", "absent"}}},
          make_package};
}

}  // namespace mailinabox

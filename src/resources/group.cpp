// A group. An existing one is not renumbered: files carry the old number.
#include <fmt/core.h>

#include <optional>
#include <utility>

#include "base/error.hpp"
#include "resources/account_names.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

namespace {

class GroupResource final : public Resource {
 public:
  GroupResource(std::string name, std::optional<unsigned> gid, bool system)
      : name_(std::move(name)), gid_(gid), system_(system) {}

  Changes diff(const View& view) const override {
    const auto present = view.accounts.group(name_);
    if (!present) return {{"state", "", gid_ ? fmt::format("present, number {}", *gid_) : "present"}};
    if (gid_ && present->gid != *gid_) {
      throw Error(
          fmt::format("group {}: it has number {}, the recipe wants {}; files carry the old number, so change "
                      "it by hand (groupmod --gid {} {}, then chgrp on its files) or the recipe",
                      name_, present->gid, *gid_, *gid_, name_));
    }
    return {};
  }

  void apply(System& system, const Changes& /*changes*/) const override {
    Command command{.argv = {"groupadd"}};
    if (system_) command.argv.push_back("--system");
    if (gid_) command.argv.insert(command.argv.end(), {"--gid", std::to_string(*gid_)});
    command.argv.push_back(name_);
    static_cast<void>(run_or_throw(system.commands, command));
  }

  Lasting lasting() const override { return {.beyond_files = true}; }

  Action action(const Changes& /*changes*/) const override { return Action::create; }

 private:
  std::string name_;
  std::optional<unsigned> gid_;
  bool system_;
};

std::shared_ptr<const Resource> make_group(const std::string& name, const Fields& fields) {
  check_account_name(name, fields);
  return std::make_shared<GroupResource>(name, account_number(fields, "gid"), fields.boolean("system", true));
}

}  // namespace

Kind group_kind() {
  return {"group",
          "A group of the machine, created if missing.",
          FieldType::string,
          "The group's name.",
          {{"gid", FieldType::integer, false, "Its number; default: the system chooses.", {}},
           {"system", FieldType::boolean, false, "Number from the range for services; default: true.", {}}},
          make_group};
}

}  // namespace mailinabox

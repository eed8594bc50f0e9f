// A user account. An existing one is not renumbered (files carry the old number) and keeps its other groups; its home
// directory is not moved.
#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/account_names.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"

namespace mailinabox {

namespace {

struct UserWanted {
  std::string name{};
  std::optional<unsigned> uid{};
  std::string group{};                // primary; "": one with the user's name
  std::vector<std::string> groups{};  // supplementary
  std::string home{};
  std::string shell{};
  bool system = true;
  bool create_home = false;
};

class UserResource final : public Resource {
 public:
  explicit UserResource(UserWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const auto present = view.accounts.user(wanted_.name);
    if (!present) return diff_absent();
    if (wanted_.uid && present->uid != *wanted_.uid) {
      throw Error(
          fmt::format("user {}: it has number {}, the recipe wants {}; files carry the old number, so change "
                      "it by hand (usermod --uid {} {}, then chown on its files) or the recipe",
                      wanted_.name, present->uid, *wanted_.uid, *wanted_.uid, wanted_.name));
    }
    Changes changes;
    if (!wanted_.group.empty()) {
      const auto group = view.accounts.group(wanted_.group);
      if (!group || group->gid != present->gid) {
        changes.push_back(
            {"group", view.accounts.group_name(present->gid).value_or(std::to_string(present->gid)), wanted_.group});
      }
    }
    const auto missing = missing_groups(view.accounts, present->gid);
    if (!missing.empty()) changes.push_back({"groups", "", joined(missing, ",")});
    if (!wanted_.home.empty() && present->home != wanted_.home) {
      changes.push_back({"home", present->home, wanted_.home});
    }
    if (!wanted_.shell.empty() && present->shell != wanted_.shell) {
      changes.push_back({"shell", present->shell, wanted_.shell});
    }
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    const bool creates = has_change(changes, "state");
    Command command;
    command.argv = creates ? create_arguments(system.accounts) : change_arguments(changes);
    command.argv.push_back(wanted_.name);
    static_cast<void>(run_or_throw(system.commands, command));
  }

  Lasting lasting() const override { return {.beyond_files = true}; }

  Action action(const Changes& changes) const override {
    return has_change(changes, "state") ? Action::create : Action::update;
  }

 private:
  Changes diff_absent() const {
    Changes changes{{"state", "", wanted_.uid ? fmt::format("present, number {}", *wanted_.uid) : "present"}};
    if (!wanted_.group.empty()) changes.push_back({"group", "", wanted_.group});
    if (!wanted_.groups.empty()) changes.push_back({"groups", "", joined(wanted_.groups, ",")});
    if (!wanted_.home.empty()) changes.push_back({"home", "", wanted_.home});
    if (!wanted_.shell.empty()) changes.push_back({"shell", "", wanted_.shell});
    return changes;
  }

  std::vector<std::string> missing_groups(const AccountReader& accounts, unsigned primary) const {
    std::vector<std::string> result;
    for (const std::string& name : wanted_.groups) {
      const auto group = accounts.group(name);
      if (!group || (group->gid != primary && !contains(group->members, wanted_.name))) result.push_back(name);
    }
    return result;
  }

  std::vector<std::string> create_arguments(const AccountReader& accounts) const {
    std::vector<std::string> argv{"useradd"};
    const auto add = [&](const char* option, const std::string& value) {
      if (!value.empty()) argv.insert(argv.end(), {option, value});
    };
    if (wanted_.system) argv.emplace_back("--system");
    add("--uid", wanted_.uid ? std::to_string(*wanted_.uid) : "");
    // useradd refuses to create a group that exists.
    const bool own_group_exists = wanted_.group.empty() && accounts.group(wanted_.name).has_value();
    add("--gid", own_group_exists ? wanted_.name : wanted_.group);
    if (wanted_.group.empty() && !own_group_exists) argv.emplace_back("--user-group");
    add("--groups", joined(wanted_.groups, ","));
    add("--home-dir", wanted_.home);
    add("--shell", wanted_.shell);
    argv.emplace_back(wanted_.create_home ? "--create-home" : "--no-create-home");
    return argv;
  }

  static std::vector<std::string> change_arguments(const Changes& changes) {
    std::vector<std::string> argv{"usermod"};
    for (const Change& change : changes) {
      if (change.attribute == "group") argv.insert(argv.end(), {"--gid", change.after});
      if (change.attribute == "groups") argv.insert(argv.end(), {"--append", "--groups", change.after});
      if (change.attribute == "home") argv.insert(argv.end(), {"--home", change.after});
      if (change.attribute == "shell") argv.insert(argv.end(), {"--shell", change.after});
    }
    return argv;
  }

  UserWanted wanted_;
};

std::shared_ptr<const Resource> make_user(const std::string& name, const Fields& fields) {
  check_account_name(name, fields);
  UserWanted wanted;
  wanted.name = name;
  wanted.uid = account_number(fields, "uid");
  wanted.group = fields.string("group");
  wanted.groups = fields.strings("groups");
  wanted.home = fields.string("home");
  wanted.shell = fields.string("shell");
  wanted.system = fields.boolean("system", true);
  wanted.create_home = fields.boolean("create_home", false);
  return std::make_shared<UserResource>(std::move(wanted));
}

}  // namespace

Kind user_kind() {
  return {"user",
          "A user of the machine, created if missing. The number and the other groups of an existing one are kept.",
          FieldType::string,
          "The user's name.",
          {{"uid", FieldType::integer, false, "Its number; default: the system chooses.", {}},
           {"group", FieldType::string, false, "Its primary group; default: one with its name.", {}},
           {"groups", FieldType::strings, false, "Groups that it is added to; it leaves none.", {}},
           {"home", FieldType::path, false, "Its home directory in /etc/passwd.", {}},
           {"shell", FieldType::path, false, "Its login shell.", {}},
           {"system", FieldType::boolean, false, "Number from the range for services; default: true.", {}},
           {"create_home",
            FieldType::boolean,
            false,
            "Create the home directory together with the user; default: false.",
            {}}},
          make_user};
}

}  // namespace mailinabox

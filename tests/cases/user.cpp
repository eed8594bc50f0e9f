#include "base/error.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("user: absent", "[cases]") {
  TestHost host;
  host.commands.on({"useradd"}, [&](const Command& command) {
    CHECK(command.argv == std::vector<std::string>{"useradd", "--system", "--uid", "700", "--user-group", "--groups",
                                                   "mail,adm", "--home-dir", "/var/box", "--shell", "/bin/sh",
                                                   "--create-home", "box"});
    host.put("/etc/passwd", host.content("/etc/passwd") + "box:x:700:700::/var/box:/bin/sh\n");
    host.put("/etc/group", "mail:x:8:box\nadm:x:4:box\nbox:x:700:\n");
    return CommandResult{};
  });
  const auto user = make_resource("user", "box",
                                  {{"uid", 700},
                                   {"groups", ValueList{"mail", "adm"}},
                                   {"home", "/var/box"},
                                   {"shell", "/bin/sh"},
                                   {"create_home", true}});
  const Changes changes = converge(host, *user);
  CHECK(attributes_of(changes) == "state groups home shell");
  CHECK(user->action(changes) == Action::create);
}

TEST_CASE("user: a group of its name that is there already is used", "[cases]") {
  TestHost host;
  host.commands.answer({"useradd", "--gid", "shadow", "--no-create-home", "shadow"}, {});
  const auto user = make_resource("user", "shadow", {{"system", false}});
  System system = host.system();
  user->apply(system, user->diff(host.view()));
  CHECK(host.touched().back() == "run useradd --gid shadow --no-create-home shadow");
}

TEST_CASE("user: drifted", "[cases]") {
  TestHost host;
  host.commands.on({"usermod"}, [&](const Command& command) {
    CHECK(command.argv == std::vector<std::string>{"usermod", "--gid", "mail", "--append", "--groups", "adm", "--home",
                                                   "/var/box", "--shell", "/bin/sh", "spampd"});
    host.put("/etc/passwd", "root:x:0:0::/root:/bin/sh\nspampd:x:102:8::/var/box:/bin/sh\n");
    host.put("/etc/group", "root:x:0:\nmail:x:8:spampd\nadm:x:4:other,spampd\n");
    return CommandResult{};
  });
  const auto user = make_resource(
      "user", "spampd",
      {{"group", "mail"}, {"groups", ValueList{"mail", "adm"}}, {"home", "/var/box"}, {"shell", "/bin/sh"}});
  const Changes changes = converge(host, *user);
  CHECK(attributes_of(changes) == "group groups home shell");
  CHECK(change_of(changes, "group").before == "spampd");
  CHECK(user->action(changes) == Action::update);
}

TEST_CASE("user: in sync", "[cases]") {
  TestHost host;
  check_in_sync(host, *make_resource("user", "spampd"));
  // An account that somebody made before, with a primary group of others, is as good.
  host.put("/etc/passwd", host.content("/etc/passwd") + "own:x:1001:8::/home/own:/bin/sh\n");
  check_in_sync(host, *make_resource("user", "own"));
  check_in_sync(host, *make_resource("user", "spampd",
                                     {{"uid", 102}, {"groups", ValueList{"mail", "spampd"}}, {"group", "spampd"}}));
}

TEST_CASE("user: error", "[cases]") {
  TestHost host;
  host.commands.answer({"useradd", "--system", "--user-group", "--no-create-home", "box"},
                       {.exit_code = 1, .err = "cannot lock /etc/passwd"});
  check_error(host, *make_resource("user", "mail", {{"uid", 9}}), "has number 8, the recipe wants 9");
  check_error(host, *make_resource("user", "box"), "cannot lock /etc/passwd");
  check_refused("user", "Box", {}, "cannot be the name");
}

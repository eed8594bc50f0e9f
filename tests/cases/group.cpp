#include "base/error.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("group: absent", "[cases]") {
  TestHost host;
  host.commands.on({"groupadd"}, [&](const Command& command) {
    CHECK(command.argv == std::vector<std::string>{"groupadd", "--system", "--gid", "700", "box"});
    host.put("/etc/group", host.content("/etc/group") + "box:x:700:\n");
    return CommandResult{};
  });
  const auto group = make_resource("group", "box", {{"gid", 700}});
  const Changes changes = converge(host, *group);
  CHECK(group->action(changes) == Action::create);
}

TEST_CASE("group: drifted: somebody removed it", "[cases]") {
  TestHost host;
  host.commands.answer({"groupadd", "staff"}, {});
  const auto group = make_resource("group", "staff", {{"system", false}});
  const Changes changes = group->diff(host.view());
  host.clear_log();
  System system = host.system();
  group->apply(system, changes);
  const auto accesses = host.accesses();
  // Others have accounts there, too: a rollback must not take these away.
  CHECK(std::find(accesses.begin(), accesses.end(), "preserve /etc/group") == accesses.end());
  CHECK(accesses.back() == "run groupadd staff");
}

TEST_CASE("group: in sync", "[cases]") {
  TestHost host;
  check_in_sync(host, *make_resource("group", "mail"));
  check_in_sync(host, *make_resource("group", "mail", {{"gid", 8}}));
}

TEST_CASE("group: error", "[cases]") {
  TestHost host;
  host.commands.answer({"groupadd", "--system", "box"}, {.exit_code = 10, .err = "cannot lock /etc/group"});
  check_error(host, *make_resource("group", "mail", {{"gid", 9}}), "has number 8, the recipe wants 9");
  check_error(host, *make_resource("group", "box"), "cannot lock /etc/group");
  check_refused("group", "-box", {}, "cannot be the name");
  check_refused("group", "box", {{"gid", -1}}, "not a user or group number");
}

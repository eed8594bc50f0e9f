#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("symlink: absent", "[cases]") {
  TestHost host;
  const auto link = make_resource("symlink", "/etc/x", {{"target", "passwd"}});
  const Changes changes = converge(host, *link);
  CHECK(attributes_of(changes) == "target");
  CHECK(link->action(changes) == Action::create);
  CHECK(host.link_target("/etc/x") == "passwd");
}

TEST_CASE("symlink: drifted", "[cases]") {
  TestHost host;
  const auto link = make_resource("symlink", "/etc/x", {{"target", "passwd"}});
  SECTION("another target") {
    host.put_symlink("/etc/x", "group");
    const Changes changes = converge(host, *link);
    CHECK(change_of(changes, "target").before == "group");
    CHECK(link->action(changes) == Action::update);
  }
  SECTION("a file") {
    host.put("/etc/x", "text");
    CHECK(attributes_of(converge(host, *link)) == "type");
  }
  CHECK(host.link_target("/etc/x") == "passwd");
}

TEST_CASE("symlink: in sync", "[cases]") {
  TestHost host;
  host.put_symlink("/etc/x", "passwd");
  host.put("/etc/file", "text");
  check_in_sync(host, *make_resource("symlink", "/etc/x", {{"target", "passwd"}}));
  check_in_sync(host, *make_resource("symlink", "/etc/x", {{"target", "group"}, {"create_only", true}}));
  check_in_sync(host, *make_resource("symlink", "/etc/file", {{"target", "group"}, {"create_only", true}}));
}

TEST_CASE("symlink: error", "[cases]") {
  TestHost host;
  host.put_directory("/etc/x");
  check_error(host, *make_resource("symlink", "/etc/x", {{"target", "y"}}),
              "expected a symbolic link, found a directory");
  check_refused("symlink", "/etc/x", {{"target", ""}}, "needs a target");
}

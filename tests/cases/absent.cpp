#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("absent: drifted", "[cases]") {
  TestHost host;
  SECTION("a file") {
    host.put("/etc/x", "text");
    const auto absent = make_resource("absent", "/etc/x");
    const Changes changes = converge(host, *absent);
    CHECK(change_of(changes, "state").before == "file");
    CHECK(absent->action(changes) == Action::remove);
    CHECK(!host.exists("/etc/x"));
  }
  SECTION("a link, not what it leads to") {
    host.put_symlink("/etc/x", "passwd");
    converge(host, *make_resource("absent", "/etc/x"));
    CHECK(!host.exists("/etc/x"));
    CHECK(host.exists("/etc/passwd"));
  }
  SECTION("an empty directory") {
    host.put_directory("/etc/x");
    converge(host, *make_resource("absent", "/etc/x"));
    CHECK(!host.exists("/etc/x"));
  }
  SECTION("a directory with what it holds") {
    host.put("/etc/x/y/z", "text");
    converge(host, *make_resource("absent", "/etc/x", {{"recursive", true}}));
    CHECK(!host.exists("/etc/x"));
  }
}

TEST_CASE("absent: a package that is not installed yet brings the path", "[cases]") {
  TestHost host;
  const auto absent = make_resource("absent", "/etc/nginx/sites-enabled/default", {{"package", "nginx"}});
  CHECK(change_of(absent->diff(host.view()), "state").before == "comes with the package nginx");
  host.packages.installed["nginx"] = "1.22";
  check_in_sync(host, *absent);
  host.put("/etc/nginx/sites-enabled/default", "text");
  converge(host, *absent);
}

TEST_CASE("absent: in sync", "[cases]") {
  TestHost host;
  check_in_sync(host, *make_resource("absent", "/etc/x"));
  check_in_sync(host, *make_resource("absent", "/etc/x/below/nothing", {{"recursive", true}}));
}

TEST_CASE("absent: error", "[cases]") {
  TestHost host;
  host.put("/etc/x/y", "text");
  check_error(host, *make_resource("absent", "/etc/x"), "/etc/x: must be absent, but is a directory with content");
  for (const char* path : {"/", "/etc", "/home", "/var", "/usr", "/srv"}) {
    check_refused("absent", path, {{"recursive", true}}, "cannot be removed");
  }
}

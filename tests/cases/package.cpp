#include "base/error.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("package: absent", "[cases]") {
  TestHost host;
  const auto package = make_resource("package", "postfix");
  CHECK(package->phase() == Phase::packages);
  CHECK(package->package()->name == "postfix");
  CHECK(!package->package()->absent);
  const Changes changes = converge(host, *package);
  CHECK(change_of(changes, "state").after == "installed");
  CHECK(package->action(changes) == Action::install);
  CHECK(host.packages.installed.contains("postfix"));
}

TEST_CASE("package: drifted: there, but shall be absent", "[cases]") {
  TestHost host;
  host.packages.installed["postfix"] = "3.7.11";
  const auto package = make_resource("package", "postfix", {{"state", "absent"}});
  CHECK(package->package()->absent);
  const Changes changes = converge(host, *package);
  CHECK(change_of(changes, "state").before == "installed 3.7.11");
  CHECK(package->action(changes) == Action::remove);
  CHECK(!host.packages.installed.contains("postfix"));
}

TEST_CASE("package: in sync", "[cases]") {
  TestHost host;
  host.packages.installed["postfix"] = "3.7.11";
  check_in_sync(host, *make_resource("package", "postfix"));
  check_in_sync(host, *make_resource("package", "exim4", {{"state", "absent"}}));
}

TEST_CASE("package: error", "[cases]") {
  TestHost host;
  host.packages.unknown.insert("postfixx");
  check_error(host, *make_resource("package", "postfixx"), "Unable to locate package postfixx");
  check_refused("package", "Post fix", {}, "is not a package name");
  check_refused("package", "-y", {}, "is not a package name");
}

#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

void put_zones(TestHost& host) {
  for (const char* zone :
       {"Etc/UTC", "Europe/Berlin", "Europe/Bern", "America/Argentina/Salta", "posix/Europe/Berlim"}) {
    host.put(std::string("/usr/share/zoneinfo/") + zone, "TZif");
  }
}

}  // namespace

TEST_CASE("timezone: absent", "[cases]") {
  TestHost host;
  put_zones(host);
  const Changes changes = converge(host, *make_resource("timezone", "Europe/Berlin"));
  CHECK(attributes_of(changes) == "localtime timezone");
  CHECK(host.link_target("/etc/localtime") == "/usr/share/zoneinfo/Europe/Berlin");
  CHECK(host.content("/etc/timezone") == "Europe/Berlin\n");
}

TEST_CASE("timezone: drifted", "[cases]") {
  TestHost host;
  put_zones(host);
  const auto zone = make_resource("timezone", "Etc/UTC");
  SECTION("another zone") {
    host.put_symlink("/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin");
    host.put("/etc/timezone", "Europe/Berlin\n");
    const Changes changes = converge(host, *zone);
    CHECK(change_of(changes, "timezone").before == "Europe/Berlin");
    CHECK(host.link_target("/etc/localtime") == "/usr/share/zoneinfo/Etc/UTC");
  }
  SECTION("a copy instead of a link, which updates of the zone would not reach") {
    host.put("/etc/localtime", "TZif");
    host.put("/etc/timezone", "Etc/UTC\n");
    CHECK(attributes_of(converge(host, *zone)) == "localtime");
  }
  SECTION("only the name") {
    host.put_symlink("/etc/localtime", "/usr/share/zoneinfo/Etc/UTC");
    host.put("/etc/timezone", "UTC\n");
    CHECK(attributes_of(converge(host, *zone)) == "timezone");
  }
}

TEST_CASE("timezone: in sync", "[cases]") {
  TestHost host;
  put_zones(host);
  host.put_symlink("/etc/localtime", "../usr/share/zoneinfo/America/Argentina/Salta");
  host.put("/etc/timezone", "America/Argentina/Salta\n");
  check_in_sync(host, *make_resource("timezone", "America/Argentina/Salta"));
}

TEST_CASE("timezone: error", "[cases]") {
  TestHost host;
  put_zones(host);
  check_error(host, *make_resource("timezone", "Europe/Berlim"), "did you mean Europe/Berlin?");
  check_error(host, *make_resource("timezone", "Europe"), "does not exist in /usr/share/zoneinfo");
  check_refused("timezone", "../../etc/shadow", {}, "is not a time zone");
  check_refused("timezone", "", {}, "is not a time zone");
}

TEST_CASE("timezone: before tzdata is there a plan can still be made", "[cases]") {
  TestHost host;
  CHECK(attributes_of(make_resource("timezone", "Europe/Berlin")->diff(host.view())) == "localtime timezone");
}

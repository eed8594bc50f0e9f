#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_right =
    "127.0.0.1\tlocalhost\n"
    "127.0.1.1 box.example.com box\n"
    "# The following lines are desirable for IPv6 capable hosts\n"
    "::1     localhost ip6-localhost ip6-loopback\n";

}  // namespace

TEST_CASE("hostname: absent", "[cases]") {
  TestHost host;
  const auto hostname = make_resource("hostname", "box.example.com");
  SECTION("with a table of hosts") {
    host.put("/etc/hosts",
             "127.0.0.1\tlocalhost\n# The following lines are desirable for IPv6 capable hosts\n"
             "::1     localhost ip6-localhost ip6-loopback\n");
    CHECK(attributes_of(converge(host, *hostname)) == "hostname running name hosts");
    CHECK(host.content("/etc/hosts") == k_right);
  }
  SECTION("without one") {
    converge(host, *hostname);
    CHECK(host.content("/etc/hosts") == "127.0.0.1 localhost\n127.0.1.1 box.example.com box\n");
  }
  CHECK(host.content("/etc/hostname") == "box.example.com\n");
  CHECK(host.machine.name == "box.example.com");
}

TEST_CASE("hostname: drifted", "[cases]") {
  TestHost host;
  const auto hostname = make_resource("hostname", "box.example.com");
  host.put("/etc/hostname", "box.example.com\n");
  host.machine.name = "box.example.com";
  host.put("/etc/hosts", k_right);

  SECTION("only the file") {
    host.put("/etc/hostname", "other\n");
    const Changes changes = converge(host, *hostname);
    CHECK(attributes_of(changes) == "hostname");
    CHECK(changes[0].before == "other");
  }
  SECTION("only the running name") {
    host.machine.name = "other";
    CHECK(attributes_of(converge(host, *hostname)) == "running name");
  }
  SECTION("an old name for the address is replaced, its comment and all other lines stay") {
    host.put(
        "/etc/hosts",
        "# mine\n127.0.0.1 localhost\n10.0.0.7 box.example.com nas\n127.0.1.1 debian.localdomain debian # installer\n"
        "127.0.1.1 second\n\n::1 localhost",
        0640);
    CHECK(attributes_of(converge(host, *hostname)) == "hosts");
    CHECK(host.content("/etc/hosts") ==
          "# mine\n127.0.0.1 localhost\n10.0.0.7 box.example.com nas\n127.0.1.1 box.example.com box # installer\n"
          "\n::1 localhost\n");
    CHECK(host.info("/etc/hosts").mode == 0640);
  }
  SECTION("another address: the line of 127.0.1.1 no longer names the machine") {
    const auto public_one = make_resource("hostname", "box.example.com", {{"address", "203.0.113.5"}});
    host.put("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 box.example.com box other # why\n");
    converge(host, *public_one);
    CHECK(host.content("/etc/hosts") ==
          "127.0.0.1 localhost\n203.0.113.5 box.example.com box\n127.0.1.1 other # why\n");
    host.put("/etc/hosts", "127.0.1.1 box.example.com box\n127.0.0.1 localhost\n");
    converge(host, *public_one);
    CHECK(host.content("/etc/hosts") == "127.0.0.1 localhost\n203.0.113.5 box.example.com box\n");
  }
}

TEST_CASE("hostname: in sync", "[cases]") {
  TestHost host;
  host.put("/etc/hostname", "# set by the installer\nbox.example.com\n");
  host.machine.name = "box.example.com";
  host.put("/etc/hosts", k_right);
  const auto hostname = make_resource("hostname", "box.example.com");
  check_in_sync(host, *hostname);
  SECTION("further names on the line are somebody's own, a missing last newline is no drift") {
    host.put("/etc/hosts", "127.0.1.1\tbox.example.com\tbox mybox\n127.0.0.1 localhost");
    check_in_sync(host, *hostname);
  }
  SECTION("a container that may not set its name keeps the one it was started with") {
    host.machine.name = "9d1f0c";
    host.machine.missing_capabilities = {21};
    check_in_sync(host, *hostname);
  }
}

TEST_CASE("hostname: error", "[cases]") {
  TestHost host;
  host.put_directory("/etc/hosts");
  check_error(host, *make_resource("hostname", "box.example.com"), "/etc/hosts");
  for (const char* name : {"", "box_1.example.com", "box..example.com", "-box.example.com", "box.example.com.",
                           "box example", "bücher.example"}) {
    check_refused("hostname", name, {}, "is not a host name");
  }
  check_refused("hostname", std::string(65, 'a'), {}, "is not a host name");
  check_refused("hostname", "box", {{"address", "300.1.1.1"}}, "is not an IP address");
  check_refused("hostname", "box", {{"address", "127.0.0.1"}}, "belongs to localhost");
}

TEST_CASE("hostname: a name without dots has one line with itself", "[cases]") {
  TestHost host;
  converge(host, *make_resource("hostname", "box"));
  CHECK(host.content("/etc/hosts") == "127.0.0.1 localhost\n127.0.1.1 box\n");
}

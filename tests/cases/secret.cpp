#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("secret: absent", "[cases]") {
  TestHost host;
  const auto hex = make_resource("secret", "/etc/hex", {{"bytes", 20}, {"group", "mail"}, {"mode", 0640}});
  const Changes changes = converge(host, *hex);
  CHECK(attributes_of(changes) == "content mode owner group");
  CHECK(hex->action(changes) == Action::create);
  const std::string text = host.content("/etc/hex");
  CHECK(text.size() == 41);
  CHECK(text.find_first_not_of("0123456789abcdef") == 40);
  CHECK(host.info("/etc/hex").mode == 0640);
  CHECK(host.info("/etc/hex").gid == 8);

  SECTION("no part of it is ever shown") {
    for (const Change& change : changes) {
      CHECK((change.sensitive || change.attribute != "content"));
      CHECK(change.after.find(text.substr(0, 40)) == std::string::npos);
    }
  }
  SECTION("each is another one, in each encoding") {
    converge(host, *make_resource("secret", "/etc/hex2", {{"bytes", 20}}));
    CHECK(host.content("/etc/hex2") != text);
    CHECK(host.info("/etc/hex2").mode == 0600);
    converge(host, *make_resource("secret", "/etc/base64", {{"encoding", "base64"}}));
    CHECK(host.content("/etc/base64").size() == 45);
    CHECK(host.content("/etc/base64").back() == '\n');
    converge(host, *make_resource("secret", "/etc/letters", {{"encoding", "letters"}, {"bytes", 24}}));
    CHECK(host.content("/etc/letters").size() == 25);
  }
}

TEST_CASE("secret: drifted", "[cases]") {
  TestHost host;
  const auto secret = make_resource("secret", "/etc/x");
  host.put("/etc/x", "mine\n", 0644, 33, 33);
  CHECK(attributes_of(converge(host, *secret)) == "mode owner group");
  CHECK(host.content("/etc/x") == "mine\n");
  host.put("/etc/x", "", 0600);
  CHECK(attributes_of(converge(host, *secret)) == "content");
  CHECK(host.content("/etc/x").size() == 65);
}

TEST_CASE("secret: in sync", "[cases]") {
  TestHost host;
  host.put("/etc/x", "x", 0600);
  check_in_sync(host, *make_resource("secret", "/etc/x"));
  for (const std::string& line : host.accesses()) CHECK(line == "info /etc/x");
}

TEST_CASE("secret: error", "[cases]") {
  TestHost host;
  host.put_directory("/etc/x");
  check_error(host, *make_resource("secret", "/etc/x"), "/etc/x: expected a file, found a");
  check_error(host, *make_resource("secret", "/etc/y", {{"owner", "nosuch"}}), "no such user");
  check_refused("secret", "/etc/x", {{"mode", 0644}}, "open to every user");
  check_refused("secret", "/etc/x", {{"bytes", 4}}, "can be guessed");
}

TEST_CASE("secret: a lost one is made again, unless other data needs it", "[cases]") {
  CHECK_FALSE(make_resource("secret", "/etc/x")->irreplaceable());
  CHECK(make_resource("secret", "/etc/x", {{"irreplaceable", true}})->irreplaceable());
}

#include "os/command_allow_list.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using mailinabox::test::TestHost;

TEST_CASE("accounts and groups are found by name and number", "[os][accounts]") {
  TestHost host;
  const FileAccounts accounts(host.root());
  const auto mail = accounts.user("mail");
  REQUIRE(mail);
  CHECK(mail->uid == 8);
  CHECK(mail->gid == 8);
  CHECK(mail->home == "/var/mail");
  CHECK(mail->shell == "/usr/sbin/nologin");
  CHECK(accounts.group("mail")->members == std::vector<std::string>{"spampd"});
  CHECK(accounts.user_name(33) == "www-data");
  CHECK(accounts.group_name(42) == "shadow");
  CHECK_FALSE(accounts.user("nobody-at-all"));
  CHECK_FALSE(accounts.group_name(4711));
  auto groups = accounts.groups_of("spampd");
  std::sort(groups.begin(), groups.end());
  CHECK(groups == std::vector<unsigned>{8, 105});
  CHECK(accounts.groups_of("nobody-at-all").empty());
}

TEST_CASE("an account made during the run is seen", "[os][accounts]") {
  TestHost host;
  const FileAccounts accounts(host.root());
  CHECK_FALSE(accounts.user("new"));
  host.put("/etc/passwd", host.content("/etc/passwd") + "new:x:555:555::/:/bin/sh\n");
  CHECK(accounts.user("new")->uid == 555);
}

TEST_CASE("broken lines are no accounts, and the first of two counts", "[os][accounts]") {
  TestHost host;
  host.put("/etc/passwd",
           "# comment\n\nshort:x:1\nroot:x:zero:0::/:/\n+\nneg:x:-1:0::/:/\nbig:x:99999999999:0::/:/\n"
           "a:x:5:5::/first:/\na:x:6:5::/second:/\nlast:x:7:7::/:/bin/sh");
  host.erase("/etc/group");
  const FileAccounts accounts(host.root());
  for (const char* name : {"short", "root", "+", "neg", "big"}) CHECK_FALSE(accounts.user(name));
  CHECK(accounts.user("a")->home == "/first");
  CHECK(accounts.user("last")->shell == "/bin/sh");
  CHECK_FALSE(accounts.group("root"));
}

TEST_CASE("only what asks may be queried", "[os][commands]") {
  CHECK(may_query({.argv = {"dpkg-query", "-W"}}));
  CHECK(may_query({.argv = {"/bin/systemctl", "show", "x"}}));
  CHECK(may_query({.argv = {"postconf", "-h", "myhostname"}}));
  CHECK(may_query({.argv = {"postconf"}}));
  CHECK(may_query({.argv = {"anything"}, .guard = true}));
  CHECK_FALSE(may_query({.argv = {"systemctl", "restart", "x"}}));
  CHECK_FALSE(may_query({.argv = {"postconf", "-h", "-e", "a=b"}}));
  CHECK_FALSE(may_query({.argv = {"ufw", "enable"}}));
  CHECK_FALSE(may_query({.argv = {"rm"}}));
  CHECK_FALSE(may_query({}));
}

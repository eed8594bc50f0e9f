#include <unistd.h>

#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("directory: absent", "[cases]") {
  TestHost host;
  const auto directory = make_resource("directory", "/etc/x", {{"mode", 0750}, {"owner", "mail"}});
  const Changes changes = converge(host, *directory);
  CHECK(attributes_of(changes) == "mode owner group");
  CHECK(directory->action(changes) == Action::create);
  CHECK(host.info("/etc/x").kind == FileKind::directory);
  CHECK(host.info("/etc/x").mode == 0750);
  CHECK(host.info("/etc/x").uid == 8);

  converge(host, *make_resource("directory", "/var/a/b/c", {{"mode", 0700}, {"parents", true}}));
  CHECK(host.info("/var/a/b").mode == 0755);
  CHECK(host.info("/var/a/b/c").mode == 0700);
}

TEST_CASE("directory: drifted", "[cases]") {
  TestHost host;
  const auto directory = make_resource("directory", "/etc/x", {});
  host.put_directory("/etc/x", 0700, 8, 8);
  host.put("/etc/x/kept", "kept");
  CHECK(attributes_of(converge(host, *directory)) == "mode owner group");
  CHECK(host.content("/etc/x/kept") == "kept");
}

TEST_CASE("directory: in sync", "[cases]") {
  TestHost host;
  host.put_directory("/srv/disk");
  host.put_symlink("/etc/x", "/srv/disk");
  check_in_sync(host, *make_resource("directory", "/srv/disk"));
  check_in_sync(host, *make_resource("directory", "/etc/x"));
}

TEST_CASE("directory: what root's symbolic link leads to is compared", "[cases]") {
  TestHost host;
  host.put_directory("/etc/disk", 0700);
  host.put_symlink("/etc/x", "disk");
  CHECK(attributes_of(converge(host, *make_resource("directory", "/etc/x"))) == "mode");
  CHECK(host.info("/etc/disk").mode == 0755);
  CHECK(host.info("/etc/x").kind == FileKind::symlink);
}

TEST_CASE("directory: files from another machine get their owner and group by name", "[cases]") {
  TestHost host;
  host.put_directory("/srv/data", 0755, 0, 0);
  host.put("/srv/data/a", "a", 0660, 4711, 4711);
  host.put("/srv/data/b", "b", 0600, 8, 8);
  host.put("/srv/data/inner/c", "c", 0600, 4711, 4711);
  host.put("/srv/elsewhere", "e", 0600, 4711, 4711);
  host.put_symlink("/srv/data/link", "/srv/elsewhere");
  const auto group = make_resource("directory", "/srv/data", {{"files_group", "mail"}});
  CHECK(attributes_of(converge(host, *group)) == "files");
  CHECK(host.info("/srv/data/a").uid == 4711);
  CHECK(host.info("/srv/data/a").gid == 8);
  const auto both = make_resource("directory", "/srv/data", {{"files_owner", "mail"}, {"files_group", "mail"}});
  CHECK(attributes_of(converge(host, *both)) == "files");
  CHECK(host.info("/srv/data/a").uid == 8);
  CHECK(host.info("/srv/data/a").mode == 0660);
  CHECK(host.content("/srv/data/a") == "a");
  CHECK(host.info("/srv/data/inner/c").uid == 4711);
  CHECK(host.info("/srv/elsewhere").uid == 4711);
  check_in_sync(host, *both);
}

TEST_CASE("directory: error", "[cases]") {
  TestHost host;
  host.put("/etc/file", "text");
  host.put_symlink("/etc/nowhere", "/none");
  host.put_symlink("/etc/loop", "loop");
  check_error(host, *make_resource("directory", "/etc/file"), "expected a directory, found a file");
  check_error(host, *make_resource("directory", "/etc/nowhere"), "which does not exist");
  check_error(host, *make_resource("directory", "/etc/loop"), "more than 8 symbolic links");
  check_error(host, *make_resource("directory", "/none/x"), "/none");
  host.put_directory("/etc/disk");
  host.put_symlink("/etc/theirs", "/etc/disk");
  REQUIRE(::lchown(host.real("/etc/theirs").c_str(), 33, 33) == 0);
  check_error(host, *make_resource("directory", "/etc/theirs"), "that root does not own");
  // Whoever owns the folder around it could have moved it there.
  host.put_directory("/srv/www", 0755, 33, 33);
  host.put_symlink("/srv/www/default", "/etc/disk");
  check_error(host, *make_resource("directory", "/srv/www/default"), "to which others than root may write");
}

TEST_CASE("directory: one that a package brings is nothing to do before its installation", "[cases]") {
  TestHost host;
  const auto directory = make_resource("directory", "/etc/x", {{"package", "x"}});
  check_in_sync(host, *directory);
  host.packages.installed["x"] = "1";
  CHECK(attributes_of(converge(host, *directory)) == "mode owner group");  // it was removed
}

TEST_CASE("directory: other files than those that may stand in it go", "[cases]") {
  TestHost host;
  host.put("/etc/zones/example.com.txt", "kept");
  host.put("/etc/zones/example.org.txt", "gone");
  host.put("/etc/zones/notes", "not asked about");
  host.put("/etc/zones/folder.txt/x", "no plain file");
  const auto directory = make_resource("directory", "/etc/zones",
                                       {{"only", ValueList{"example.com.txt"}}, {"suffixes", ValueList{".txt"}}});
  const Changes changes = converge(host, *directory);
  CHECK(attributes_of(changes) == "other files");
  CHECK(changes.front().before == "example.org.txt");
  CHECK(host.exists("/etc/zones/example.com.txt"));
  CHECK(!host.exists("/etc/zones/example.org.txt"));
  CHECK(host.exists("/etc/zones/notes"));
  CHECK(host.exists("/etc/zones/folder.txt/x"));
  converge(host, *make_resource("directory", "/etc/zones", {{"only", ValueList{}}}));
  CHECK(!host.exists("/etc/zones/notes"));
  check_refused("directory", "/etc/zones", {{"suffixes", ValueList{".txt"}}}, "expected `only` beside them");
}

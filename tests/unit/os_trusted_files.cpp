// Files that will be obeyed as root: only those that nobody else can change are read.
#include "base/error.hpp"
#include "os/trusted_files.hpp"
#include "support/catch.hpp"
#include "support/model_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_own = "/etc/mailinabox/recipes.d/a.yaml";
constexpr const char* k_text = "recipe: own\nresources: []\n";

void check_refused(const TestHost& host, const std::string& path) {
  const TrustedFiles trusted(host.files);
  CHECK_THROWS_WITH(trusted.read(k_own), Contains(path + " can be changed by others than root"));
}

bool accepted(const TestHost& host) {
  const TrustedFiles trusted(host.files);
  return trusted.read(k_own).has_value() && trusted.list("/etc/mailinabox/recipes.d").size() == 1;
}

}  // namespace

TEST_CASE("trusted files: a file that others may write to, or a folder above it, is not read", "[trusted]") {
  TestHost host;
  host.put(k_own, k_text);
  CHECK(accepted(host));
  const auto [path, mode] = GENERATE(table<std::string, unsigned>(
      {{k_own, 0666}, {k_own, 0664}, {"/etc/mailinabox/recipes.d", 0777}, {"/etc/mailinabox", 01777}, {"/etc", 0775}}));
  host.files.set_attributes(path, {.mode = mode, .uid = host.info(path).uid, .gid = host.info(path).gid});
  check_refused(host, path);
}

TEST_CASE("trusted files: a link is followed, and what it leads to is looked at alike", "[trusted]") {
  TestHost host;
  host.put("/srv/mine/a.yaml", k_text);
  host.put_directory("/etc/mailinabox/recipes.d");
  SECTION("absolute") { host.put_symlink(k_own, "/srv/mine/a.yaml"); }
  SECTION("relative") { host.put_symlink(k_own, "../../../srv/mine/a.yaml"); }
  SECTION("a folder") {
    host.erase("/etc/mailinabox/recipes.d");
    host.put_symlink("/etc/mailinabox/recipes.d", "/srv/mine");
  }
  CHECK(accepted(host));
  const FileInfo info = host.info("/srv/mine");
  host.files.set_attributes("/srv/mine", {.mode = 0777, .uid = info.uid, .gid = info.gid});
  check_refused(host, "/srv/mine");
}

TEST_CASE("trusted files: links in a circle and a missing file are the reader's to report", "[trusted]") {
  TestHost host;
  host.put_directory("/etc/mailinabox/recipes.d");
  const TrustedFiles trusted(host.files);
  CHECK_FALSE(trusted.read(k_own).has_value());
  host.put_symlink(k_own, k_own);
  CHECK_THROWS_AS(trusted.read(k_own), SystemError);
}

TEST_CASE("trusted files: recipes, templates and answers that others can change end every command", "[trusted]") {
  ModelBox box;
  box.set_up();
  const std::string path = GENERATE("/etc/mailinabox.conf", "/share/recipes/web.yaml", "/share/templates/users.sql",
                                    "/local/own.yaml", "/local");
  box.host.put("/local/own.yaml", k_text);
  CHECK(box.run({"plan"}) == ExitCode::ok);
  const FileInfo info = box.host.info(path);
  box.host.files.set_attributes(path, {.mode = info.mode | 0022, .uid = info.uid, .gid = info.gid});
  CHECK_THROWS_WITH(box.run({"plan"}), Contains(path + " can be changed by others than root"));
}

TEST_CASE("storage: a link in a STORAGE_ROOT that is not root's is refused before anything is changed", "[trusted]") {
  ModelBox box;
  box.set_up();
  const std::string root = "/home/user-data";
  box.host.put_directory("/mnt/big");
  box.host.files.rename(root + "/mail", "/mnt/big/mail");
  box.host.put_symlink(root + "/mail", "../../mnt/big/mail");
  box.host.files.set_attributes(root, {0755, 1000, 1000});  // as the old box left it
  const auto before = box.host.snapshot();
  CHECK_THROWS_WITH(box.run({"setup"}), Contains("\"mail\" is a symbolic link") && Contains("user-data/mail` shows") &&
                                            Contains("`chown root:root ") && Contains("run this again"));
  CHECK(box.host.snapshot() == before);
  box.host.files.set_attributes(root, {0755, 0, 0});
  CHECK(box.run({"setup"}) == ExitCode::ok);
}

TEST_CASE("answers: a key of the administrator's own hides no name of the context", "[answers]") {
  ModelBox box;
  box.set_up();
  const std::string before = box.host.content(k_zone);
  const std::string stored = box.host.content("/etc/mailinabox.conf");
  for (const std::string key : {"ZONES", "FACTS", "PLATFORM", "DNS", "WEB_DOMAINS"}) {
    box.host.put("/etc/mailinabox.conf", stored + key + "=x\n");
    INFO(key);
    CHECK(box.run({"plan"}) == ExitCode::ok);
  }
  box.host.put("/etc/mailinabox.conf", stored + "MOTTO=hello\n");
  box.host.put("/local/own.yaml",
               "recipe: own\nresources:\n  - file: /etc/motto\n    content: \"{{answers.motto}}\"\n");
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK(box.host.content("/etc/motto") == "hello");
  CHECK(box.host.content(k_zone) == before);
}

#include <cstdlib>

#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_url = "https://downloads.example/tool";
constexpr const char* k_content = "hello\n";
constexpr const char* k_digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
constexpr const char* k_tree_url = "https://downloads.example/app-1.2.tar.gz";

void offer(TestHost& host) { host.downloader.documents[k_url] = {k_content, k_digest}; }

CommandResult run_for_real(const Command& command) {
  std::string line;
  for (const std::string& word : command.argv) line += "'" + word + "' ";
  const int code = WEXITSTATUS(std::system((line + "2>/dev/null").c_str()));
  return CommandResult{.exit_code = code, .err = code == 127 ? command.argv[0] + " is not installed\n" : ""};
}

struct Archive {
  std::string content{};
  std::string sha256{};
};

// A real archive; `inside` are paths below its single top folder.
Archive make_archive(TestHost& host, const std::string& version, const std::string& name) {
  const std::string work = host.real("/tmp/work");
  const std::string script = "rm -rf '" + work + "' && mkdir -p '" + work + "/app-" + version + "/lib' && cd '" + work +
                             "' && echo " + version + " > app-" + version + "/VERSION && touch app-" + version +
                             "/lib/code && chmod 4755 app-" + version + "/lib/code && ";
  const std::string pack = name.ends_with(".zip")
                               ? "python3 -c \"import shutil; shutil.make_archive('" + work + "/a', 'zip', '" + work +
                                     "', 'app-" + version + "')\" && mv a.zip a"
                               : "tar --owner=33 --group=33 -caf a.tar.gz app-" + version + " && mv a.tar.gz a";
  REQUIRE(std::system((script + pack + " && sha256sum a | cut -c 1-64 | tr -d '\\n' > a.sha256").c_str()) == 0);
  Archive archive{host.content("/tmp/work/a"), host.content("/tmp/work/a.sha256")};
  host.erase("/tmp/work");
  return archive;
}

std::shared_ptr<const Resource> offer_tree(TestHost& host, const std::string& version,
                                           const std::string& url = k_tree_url) {
  const Archive archive = make_archive(host, version, url);
  host.downloader.documents[url] = {archive.content, archive.sha256};
  for (const char* program : {"tar", "chown", "unzip"}) host.commands.on({program}, run_for_real);
  return make_resource("download", "/usr/lib/app",
                       {{"url", url}, {"sha256", archive.sha256}, {"unpack", true}, {"group", "www-data"}});
}

}  // namespace

TEST_CASE("download: absent", "[cases]") {
  TestHost host;
  offer(host);
  const auto tool = make_resource("download", "/usr/tool", {{"url", k_url}, {"sha256", k_digest}, {"mode", 0755}});
  SECTION("fetched, verified, installed") {
    const Changes changes = converge(host, *tool);
    CHECK(attributes_of(changes) == "content mode owner group");
    CHECK(tool->action(changes) == Action::create);
    CHECK(host.content("/usr/tool") == k_content);
    CHECK(host.info("/usr/tool").mode == 0755);
  }
  SECTION("what fetch() has brought is not fetched again") {
    System system = host.system();
    tool->fetch(system);
    CHECK_FALSE(host.exists("/usr/tool"));
    host.downloader.documents.clear();
    converge(host, *tool);
  }
  SECTION("a half or damaged file in the cache is fetched again") {
    host.put(std::string("/var/lib/mailinabox/downloads/") + k_digest, "hel", 0600);
    converge(host, *tool);
    CHECK(host.content("/usr/tool") == k_content);
  }
}

TEST_CASE("download: unpacked", "[cases]") {
  TestHost host;
  host.put_directory("/usr/lib");
  const auto tree = offer_tree(host, "1.2");
  converge(host, *tree);
  CHECK(host.content("/usr/lib/app/VERSION") == "1.2\n");
  CHECK(host.info("/usr/lib/app/VERSION").uid == 0);
  CHECK(host.info("/usr/lib/app/VERSION").gid == 33);
  CHECK((host.info("/usr/lib/app/lib/code").mode & 06000) == 0);
  const std::string first = host.link_target("/usr/lib/app");

  SECTION("a new version replaces it in one rename, and the old tree is gone") {
    const auto next = offer_tree(host, "1.3");
    const Changes changes = converge(host, *next);
    CHECK(changes[0].before == first);
    CHECK(host.content("/usr/lib/app/VERSION") == "1.3\n");
    CHECK_FALSE(host.exists("/usr/lib/" + first));
  }
  SECTION("an older installation's directory gives way") {
    host.erase("/usr/lib/app");
    host.put("/usr/lib/app/VERSION", "0.9\n");
    converge(host, *tree);
    CHECK(host.content("/usr/lib/app/VERSION") == "1.2\n");
    CHECK_FALSE(host.exists("/usr/lib/app.old"));
  }
  SECTION("a removed tree, and another owner of its top") {
    host.erase("/usr/lib/" + first);
    converge(host, *tree);
    CHECK(host.content("/usr/lib/app/VERSION") == "1.2\n");
  }
  SECTION("a failed unpacking leaves the old tree") {
    const auto next = offer_tree(host, "1.3");
    host.commands.on({"tar"}, [](const Command&) { return CommandResult{.exit_code = 2, .err = "tar: broken"}; });
    System system = host.system();
    next->fetch(system);
    check_error(host, *next, "tar: broken");
    CHECK(host.content("/usr/lib/app/VERSION") == "1.2\n");
  }
  SECTION("a zip, for whose program the recipe installs a package") {
    const auto zip = offer_tree(host, "1.4", "https://downloads.example/app.zip");
    CHECK(zip->needed_packages() == std::vector<std::string>{"unzip"});
    CHECK(tree->needed_packages().empty());
    converge(host, *zip);
    CHECK(host.content("/usr/lib/app/VERSION") == "1.4\n");
  }
  SECTION("in sync it is not looked through") {
    host.clear_log();
    check_in_sync(host, *tree);
    CHECK(host.accesses().size() == 3);
  }
}

TEST_CASE("download: drifted", "[cases]") {
  TestHost host;
  offer(host);
  const auto tool = make_resource("download", "/usr/tool", {{"url", k_url}, {"sha256", k_digest}});
  SECTION("content") {
    host.put("/usr/tool", "hello, changed\n");
    CHECK(attributes_of(converge(host, *tool)) == "content");
    CHECK(host.content("/usr/tool") == k_content);
  }
  SECTION("owner and mode: nothing is fetched") {
    host.put("/usr/tool", k_content, 0600, 33, 33);
    host.downloader.documents.clear();
    CHECK(attributes_of(converge(host, *tool)) == "mode owner group");
  }
}

TEST_CASE("download: in sync", "[cases]") {
  TestHost host;
  host.put("/usr/tool", k_content);
  check_in_sync(host, *make_resource("download", "/usr/tool", {{"url", k_url}, {"sha256", k_digest}}));
}

TEST_CASE("download: error", "[cases]") {
  TestHost host;
  host.put_directory("/var/lib/mailinabox/downloads", 0700);
  const auto tool = make_resource("download", "/usr/tool", {{"url", k_url}, {"sha256", k_digest}});
  SECTION("no network") { check_error(host, *tool, k_url); }
  SECTION("another content than expected") {
    host.downloader.documents[k_url] = {"evil\n", std::string(64, 'e')};
    check_error(host, *tool, "expected 5891b5b5");
  }
  SECTION("a directory stands there") {
    host.put_directory("/usr/tool");
    check_error(host, *tool, "expected a file, found a directory");
  }
  check_refused("download", "/usr/tool", {{"url", "ftp://x/y"}, {"sha256", k_digest}}, "is not a URL");
  check_refused("download", "/usr/tool", {{"url", k_url}, {"sha256", "abc"}}, "64 hexadecimal digits");
  check_refused("download", "/usr/tool", {{"url", k_url}, {"sha256", k_digest}, {"unpack", true}},
                "must end in .tar.gz");
}

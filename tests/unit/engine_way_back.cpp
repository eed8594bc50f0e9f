// A service that does not take its new files gets its old ones back.
#include "support/catch.hpp"
#include "support/engine_fakes.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using Ids = std::vector<std::string>;

void refuse_bad_content(FakeService& service, const std::string& path) {
  service.checker = [path](System& system) {
    const auto file = system.files.read(path);
    if (file && file->content.find("bad") != std::string::npos) throw Error("line 1: bad is no setting");
  };
}

TEST_CASE("files that a checker refuses go back, in whichever recipe", "[engine]") {
  TestHost host;
  host.put("/etc/main", "good", 0640, 33, 8);
  host.put_symlink("/etc/linked", "/etc/elsewhere");
  host.put("/etc/unrelated", "old");
  CatalogWriter recipes;
  recipes.recipe("postfix");
  recipes.file("/etc/main", "bad", {"service:postfix"});
  const auto postfix = recipes.service("postfix", {"/etc/main"});
  recipes.recipe("dkim");
  recipes.file("/etc/new", "x", {"service:postfix"});
  recipes.file("/etc/linked", "x", {"service:postfix"});
  recipes.recipe("after", {"postfix"}).service("after", {});
  recipes.recipe("other");
  recipes.file("/etc/unrelated", "new", {"service:web"});
  recipes.service("web", {"/etc/unrelated"});
  refuse_bad_content(*postfix, "/etc/main");
  RecordingReporter reporter;
  const Report report = run_apply(host, recipes.catalog, reporter);

  CHECK(host.content("/etc/main") == "good");
  CHECK(host.info("/etc/main").mode == 0640);
  CHECK(host.info("/etc/main").uid == 33);
  CHECK(host.info("/etc/main").gid == 8);
  CHECK_FALSE(host.exists("/etc/new"));
  CHECK(host.link_target("/etc/linked") == "/etc/elsewhere");
  CHECK(recipes.states["postfix"]->reloads == 0);
  CHECK(recipes.states["postfix"]->restarts == 0);

  CHECK(ids_of(report, Status::failed) == Ids{"file:/etc/main", "file:/etc/new", "file:/etc/linked"});
  CHECK(ids_of(report, Status::not_reached).empty());
  CHECK(ids_of(report, Status::changed) == Ids{"file:/etc/unrelated"});
  CHECK(report.reloaded == Ids{"web"});
  CHECK(host.content("/etc/unrelated") == "new");
  REQUIRE(report.refresh_failures.size() == 1);
  CHECK(report.refresh_failures[0].error ==
        "recipes/postfix.yaml:2:5: line 1: bad is no setting\nput back to what it was before this run: file:/etc/main "
        "(recipes/postfix.yaml:1:5), file:/etc/new (recipes/dkim.yaml:3:5), file:/etc/linked (recipes/dkim.yaml:4:5)");
  CHECK(report.exit_code() == ExitCode::failed);
  CHECK(owed_on(host).empty());
}

TEST_CASE("a key stays, whoever refuses: others have it, too", "[engine]") {
  TestHost host;
  host.put_directory("/srv");
  host.put_directory("/etc");
  CatalogWriter recipes;
  recipes.recipe("tls");
  recipes.file("/srv/key", "key", {"service:web", "service:mail"})->is_data = true;
  recipes.recipe("web", {"tls"});
  recipes.file("/etc/web", "bad", {"service:web"});
  const auto web = recipes.service("web", {"/etc/web"}, false);
  recipes.recipe("mail", {"tls"});
  recipes.file("/etc/mail", "good", {"service:mail"});
  recipes.service("mail", {"/srv/key"}, false);
  refuse_bad_content(*web, "/etc/web");
  const Report report = run_apply(host, recipes.catalog);
  CHECK(report.failed());
  CHECK(host.content("/srv/key") == "key");
  CHECK_FALSE(host.exists("/etc/web"));
  CHECK(ids_of(report, Status::not_reached).empty());
  CHECK(recipes.states["mail"]->running);
  CHECK_FALSE(recipes.states["web"]->running);
}

TEST_CASE("the next run after a corrected recipe delivers everything", "[engine]") {
  TestHost host;
  host.put("/etc/main", "good");
  CatalogWriter recipes;
  recipes.recipe("a");
  const auto file = recipes.file("/etc/main", "bad", {"service:s"});
  const auto service = recipes.service("s", {"/etc/main"});
  refuse_bad_content(*service, "/etc/main");
  CHECK(run_apply(host, recipes.catalog).failed());
  file->content = "better";
  const Report report = run_apply(host, recipes.catalog);
  CHECK_FALSE(report.failed());
  CHECK(recipes.states["s"]->read["/etc/main"] == "better");
}

TEST_CASE("a service that does not come back is restarted on its old files", "[engine]") {
  TestHost host;
  host.put("/etc/main", "good");
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/main", "accepted, but deadly", {"service:s"});
  const auto service = recipes.service("s", {"/etc/main"});
  service->on_refresh = [&](System&) {
    recipes.states["s"]->running = false;
    throw Error("nothing listens on TCP port 25");
  };
  const Report report = run_apply(host, recipes.catalog);
  CHECK(host.content("/etc/main") == "good");
  CHECK(recipes.states["s"]->restarts == 1);
  CHECK(recipes.states["s"]->running);
  CHECK(recipes.states["s"]->read["/etc/main"] == "good");
  REQUIRE(report.refresh_failures.size() == 1);
  CHECK_THAT(report.refresh_failures[0].error, Contains("nothing listens on TCP port 25") &&
                                                   Contains("file:/etc/main (recipes/a.yaml:1:5)") &&
                                                   Contains("it works again with the old files"));
  CHECK(report.exit_code() == ExitCode::failed);
  CHECK(owed_on(host).empty());
}

TEST_CASE("services already told of a file that goes back are told again", "[engine]") {
  TestHost host;
  host.put("/etc/cert", "old");
  CatalogWriter recipes;
  recipes.recipe("tls").file("/etc/cert", "new", {"service:first", "service:second"});
  recipes.recipe("one", {"tls"});
  recipes.service("first", {"/etc/cert"});
  recipes.recipe("two", {"tls"});
  const auto second = recipes.service("second", {"/etc/cert"});
  second->on_refresh = [](System&) { throw Error("no"); };
  const Report report = run_apply(host, recipes.catalog);
  CHECK(host.content("/etc/cert") == "old");
  CHECK(recipes.states["first"]->reloads == 2);
  CHECK(recipes.states["first"]->read["/etc/cert"] == "old");
  CHECK(recipes.states["second"]->read["/etc/cert"] == "old");
  CHECK(ids_of(report, Status::failed) == Ids{"file:/etc/cert"});
}

TEST_CASE("a service that accepted files which then went back is asked anew", "[engine]") {
  TestHost host;
  host.put("/etc/shared", "old");
  CatalogWriter recipes;
  recipes.recipe("shared").file("/etc/shared", "new", {"service:first", "service:second"});
  recipes.recipe("one").file("/etc/one", "needs new", {"service:first"});
  const auto first = recipes.service("first", {});
  recipes.recipe("two");
  const auto second = recipes.service("second", {});
  first->checker = [](System& system) {
    const bool needs = system.files.info("/etc/one").kind != FileKind::absent;
    if (needs && system.files.read("/etc/shared")->content != "new") throw Error("one without the new shared");
  };
  second->checker = [](System& system) {
    if (system.files.read("/etc/shared")->content == "new") throw Error("no");
  };
  const Report report = run_apply(host, recipes.catalog);
  CHECK(report.refresh_failures.size() == 2);
  CHECK(recipes.states["first"]->reloads == 0);
  CHECK(host.content("/etc/shared") == "old");
  CHECK_FALSE(host.exists("/etc/one"));
}

TEST_CASE("what a handler made of a refused file goes back with it", "[engine]") {
  TestHost host;
  host.put("/etc/aliases", "old");
  host.put("/etc/aliases.db", "old");
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/aliases", "bad", {"command:newaliases"});
  recipes.handler("newaliases", "/etc/aliases", "/etc/aliases.db", {"service:s"});
  const auto service = recipes.service("s", {"/etc/aliases.db"});
  refuse_bad_content(*service, "/etc/aliases.db");
  const Report report = run_apply(host, recipes.catalog);
  CHECK(host.content("/etc/aliases") == "old");
  CHECK(host.content("/etc/aliases.db") == "old");
  CHECK(report.refresh_failures.size() == 1);
  CHECK(owed_on(host).empty());
}

TEST_CASE("a command that had run on a file that went back runs again", "[engine]") {
  TestHost host;
  host.put("/etc/shared", "old");
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/shared", "bad", {"command:index", "service:s"});
  const auto handler = recipes.handler("index", "/etc/shared", "/var/index");
  const auto service = recipes.service("s", {});
  refuse_bad_content(*service, "/etc/shared");
  static_cast<void>(run_apply(host, recipes.catalog));
  CHECK(*handler->runs == 2);
  CHECK(host.content("/var/index") == "old");
}

TEST_CASE("a service that is not running and refuses its files is not started", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/main", "bad", {"service:s"});
  const auto service = recipes.service("s", {"/etc/main"}, false);
  service->checker = [](System&) { throw Error("no"); };
  const Report report = run_apply(host, recipes.catalog);
  CHECK(recipes.states["s"]->starts == 0);
  CHECK_FALSE(host.exists("/etc/main"));
  CHECK(outcome_of(report, "service:s").status == Status::failed);
  CHECK(report.refresh_failures.empty());
}

TEST_CASE("a failed command keeps its recipe's services from being told", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/aliases", "x", {"command:newaliases", "service:s"});
  recipes.handler("newaliases", "/etc/aliases", "/etc/aliases.db")->on_refresh = [] { throw Error("no"); };
  recipes.service("s", {});
  recipes.recipe("b", {"a"}).file("/etc/b", "x", {"service:t"});
  recipes.service("t", {});
  const Report report = run_apply(host, recipes.catalog);
  CHECK(report.refresh_failures.size() == 1);
  CHECK(ids_of(report, Status::not_reached) == Ids{"service:s"});
  CHECK(report.reloaded == Ids{"t"});  // the other recipe needs the resources of this one, and those are there
  CHECK(owed_on(host).size() == 2);
}

TEST_CASE("what earlier runs owe a service that refuses stays owed", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/main", "bad", {"service:s"});
  const auto service = recipes.service("s", {"/etc/main"});
  refuse_bad_content(*service, "/etc/main");
  {
    const auto journal = std::make_unique<Journal>(host.files, host.clock, k_state_directory, "0.1.0");
    journal->begin("setup");
    journal->owe({{"service", "s"}, {{"file", "/etc/other"}, {"content"}}});
    static_cast<void>(journal->end(true, 0));
  }
  SECTION("by an entry that is not of this run") { static_cast<void>(run_apply(host, recipes.catalog)); }
  SECTION("by an entry whose change of this run goes back") {
    const auto journal = std::make_unique<Journal>(host.files, host.clock, k_state_directory, "0.1.0");
    journal->begin("setup");
    journal->settle({"service", "s"});
    journal->owe({{"service", "s"}, {{"file", "/etc/main"}, {"content"}}});
    static_cast<void>(journal->end(true, 0));
    static_cast<void>(run_apply(host, recipes.catalog));
  }
  CHECK_FALSE(owed_on(host).empty());
}

}  // namespace

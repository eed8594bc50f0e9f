#include <csignal>

#include "engine/journal_records.hpp"
#include "support/catch.hpp"
#include "support/engine_fakes.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using Ids = std::vector<std::string>;

TEST_CASE("a first run changes what differs, a second one touches nothing", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a");
  recipes.file("/etc/one", "1\n", {"service:s"});
  recipes.file("/etc/two", "2\n", {"service:s"});
  recipes.service("s", {"/etc/one", "/etc/two"});
  RecordingReporter reporter;
  const Report first = run_apply(host, recipes.catalog, reporter);
  CHECK(ids_of(first, Status::changed) == Ids{"file:/etc/one", "file:/etc/two"});
  CHECK(first.reloaded == Ids{"s"});
  CHECK(first.generation == 1);
  CHECK(first.exit_code() == ExitCode::ok);
  CHECK(recipes.states["s"]->reloads == 1);
  CHECK(recipes.states["s"]->notices.size() == 2);
  CHECK(recipes.states["s"]->read["/etc/two"] == "2\n");
  CHECK(reporter.started == Ids{"create file:/etc/one", "create file:/etc/two"});
  CHECK(reporter.outcomes.size() == 3);

  const auto before = host.snapshot();
  host.clear_log();
  const Report second = run_apply(host, recipes.catalog);
  CHECK(second.count(Status::in_sync) == 3);
  CHECK(second.reloaded.empty());
  CHECK_FALSE(second.generation);
  CHECK(host.touched().empty());
  CHECK(host.snapshot() == before);
  CHECK(recipes.states["s"]->reloads == 1);
}

TEST_CASE("a healthy box that never ran has no journal afterwards", "[engine]") {
  TestHost host;
  host.put("/etc/one", "1\n");
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1\n");
  int looks = 0;
  std::static_pointer_cast<FakeFile>(std::const_pointer_cast<Resource>(recipes.catalog.entries[0].resource))->on_diff =
      [&] { ++looks; };
  static_cast<void>(run_apply(host, recipes.catalog));
  CHECK_FALSE(host.exists(k_state_directory));
  CHECK(looks == 1);
}

TEST_CASE("a failed entry ends its recipe and what requires it; others go on", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("base");
  recipes.file("/etc/base1", "x", {"service:elsewhere"});
  recipes.file("/etc/base2", "x", {"service:elsewhere"})->on_apply = [] { throw Error("the disk says no"); };
  recipes.file("/etc/base3", "x");
  recipes.recipe("middle", {"base"}).file("/etc/middle", "x");
  recipes.recipe("top", {"middle"}).file("/etc/top", "x");
  recipes.recipe("other").file("/etc/other", "x");
  recipes.service("elsewhere", {});
  const Report report = run_apply(host, recipes.catalog);
  CHECK(ids_of(report, Status::changed) == Ids{"file:/etc/base1", "file:/etc/other"});
  CHECK(ids_of(report, Status::failed) == Ids{"file:/etc/base2"});
  CHECK(ids_of(report, Status::not_reached) == Ids{"file:/etc/base3", "file:/etc/middle", "file:/etc/top"});
  CHECK(outcome_of(report, "file:/etc/base2").error == "recipes/base.yaml:2:5: the disk says no");
  CHECK(outcome_of(report, "file:/etc/top").error == "file:/etc/base2 failed");
  CHECK(report.exit_code() == ExitCode::failed);
  // The notice of the change that was made is delivered, that of the failed one stays owed.
  CHECK(recipes.states["elsewhere"]->reloads == 1);
  REQUIRE(owed_on(host).size() == 1);
  CHECK(owed_on(host).begin()->notice.cause.text() == "file:/etc/base2");
}

TEST_CASE("an entry that still differs after its change has failed", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1")->idle = true;
  const Report report = run_apply(host, recipes.catalog);
  CHECK(ids_of(report, Status::failed) == Ids{"file:/etc/one"});
  CHECK_THAT(report.outcomes[0].error, Contains("did not converge"));
}

TEST_CASE("what an earlier change did to a later entry counts", "[engine]") {
  TestHost host;
  host.put("/etc/second", "2");
  host.put("/etc/third", "drifted");
  CatalogWriter recipes;
  recipes.recipe("a");
  recipes.file("/etc/first", "1")->on_apply = [&] {
    host.put("/etc/second", "undone");
    host.put("/etc/third", "3");
  };
  recipes.file("/etc/second", "2");
  recipes.file("/etc/third", "3", {"service:s"});
  recipes.service("s", {});
  const Report report = run_apply(host, recipes.catalog);
  CHECK(ids_of(report, Status::changed) == Ids{"file:/etc/first", "file:/etc/second"});
  CHECK(host.content("/etc/second") == "2");
  // The third was announced with the first, but needed no change: its service has nothing to take in, now or later.
  CHECK(report.reloaded.empty());
  CHECK(owed_on(host).empty());
}

TEST_CASE("a change, its notices and what was there are on the disk before it is made", "[engine]") {
  TestHost host;
  const std::string journal = k_state_directory + "/journal/journal.jsonl";
  CatalogWriter recipes;
  recipes.recipe("a");
  std::vector<JournalRecords> seen;
  const auto look = [&] { seen.push_back(read_journal(host.content(journal))); };
  recipes.file("/etc/one", "1", {"service:s"})->on_apply = look;
  const auto silent = recipes.file("/etc/two", "2", {"service:t"});
  silent->tells_paths = false;
  silent->on_apply = look;
  recipes.service("s", {});
  recipes.service("t", {})->on_refresh = [&](System&) { look(); };
  static_cast<void>(run_apply(host, recipes.catalog));
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].owed.size() == 2);
  REQUIRE(seen[0].paths.size() == 1);
  CHECK(seen[0].paths[0].path == "/etc/one");
  CHECK(seen[2].paths.size() == 2);
  std::vector<std::string> order;
  for (const std::string& line : host.touched()) {
    if (line == "append " + journal || line.find("write /etc") == 0) order.push_back(line.substr(0, 10));
  }
  // begin, both announcements, and the path that was not named beforehand
  CHECK(order == Ids{"append /va", "append /va", "write /etc", "append /va", "write /etc", "append /va"});
}

TEST_CASE("a change that touches no file is announced, too", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a");
  const auto resource = recipes.file("/etc/one", "1", {"service:s"});
  resource->tells_paths = false;
  resource->idle = true;
  std::size_t owed = 0;
  resource->on_apply = [&] {
    owed = read_journal(host.content(k_state_directory + "/journal/journal.jsonl")).owed.size();
  };
  recipes.service("s", {});
  static_cast<void>(run_apply(host, recipes.catalog));
  CHECK(owed == 1);
}

TEST_CASE("a special exit code comes through", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1")->on_apply = [] { throw Error("full", ExitCode::no_space); };
  CHECK(run_apply(host, recipes.catalog).exit_code() == ExitCode::no_space);
}

TEST_CASE("packages are one transaction, before the resources", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1");
  recipes.package("p1");
  recipes.recipe("b").package("p2");
  const Report report = run_apply(host, recipes.catalog);
  CHECK(report.count(Status::changed) == 3);
  std::vector<std::string> packages;
  for (const std::string& line : host.touched()) {
    if (line.find("p1") != std::string::npos || line == "write /etc/one") packages.push_back(line);
  }
  REQUIRE(packages.size() == 3);
  CHECK(packages[0].rfind("fetch-packages", 0) == 0);
  CHECK(packages[1].rfind("install", 0) == 0);
  CHECK(packages[1].find("p2") != std::string::npos);
  CHECK(packages[2] == "write /etc/one");
}

TEST_CASE("what apt removes besides is told by plan and run, and recorded", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").package("there");
  host.packages.installed["there"] = "1";
  host.packages.also.removed = {{"exim4", "4.96", "it conflicts with missing"}};
  CHECK(run_plan(host, recipes.catalog).packages.removed.empty());
  CHECK(run_apply(host, recipes.catalog).packages.removed.empty());
  recipes.package("missing");
  REQUIRE(run_plan(host, recipes.catalog).packages.removed.size() == 1);
  CHECK(host.touched().empty());
  RecordingReporter reporter;
  const Report report = run_apply(host, recipes.catalog, reporter);
  REQUIRE(report.packages.removed.size() == 1);
  CHECK(report.packages.removed[0].name == "exim4");
  REQUIRE(reporter.notes.size() == 1);
  CHECK_THAT(reporter.notes[0], StartsWith("apt removes exim4 4.96: it conflicts with missing"));
  CHECK_THAT(host.content(k_state_directory + "/generations/1/journal.jsonl"), Contains("exim4"));
}

TEST_CASE("a failed transaction keeps recipes with missing packages from going on", "[engine]") {
  TestHost host;
  host.packages.installed["there"] = "1";
  host.packages.on_installed = [](const std::string&) { throw Error("dpkg failed", ExitCode::packages_locked); };
  CatalogWriter recipes;
  recipes.recipe("a").package("missing");
  recipes.package("missing2");
  recipes.file("/etc/a", "x");
  recipes.recipe("b").package("there");
  recipes.file("/etc/b", "x");
  const Report report = run_apply(host, recipes.catalog);
  CHECK(ids_of(report, Status::failed) == Ids{"package:missing"});
  CHECK(ids_of(report, Status::not_reached) == Ids{"package:missing2", "file:/etc/a"});
  CHECK(ids_of(report, Status::changed) == Ids{"file:/etc/b"});
  CHECK(report.exit_code() == ExitCode::packages_locked);
}

TEST_CASE("what the network has is fetched before anything changes", "[engine]") {
  TestHost host;
  host.downloader.documents["https://example.org/x"] = {"archive", "00"};
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/first", "x");
  std::vector<std::string> touched_before;
  recipes.file("/etc/fetched", "x")->on_fetch = [&](System& system) {
    touched_before = host.touched();
    system.downloader.fetch("https://example.org/missing", "00", "/var/archive", nullptr);
  };
  recipes.package("p");
  const auto before = host.snapshot();
  try {
    static_cast<void>(run_apply(host, recipes.catalog));
    FAIL("a failed download must end the run");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::no_network);
    CHECK_THAT(error.what(), StartsWith("recipes/a.yaml:2:5: "));
  }
  CHECK(touched_before.empty());
  CHECK(host.snapshot() == before);
  CHECK(host.packages.installed.empty());
}

TEST_CASE("handlers run once, after the resources, and notify in turn", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a");
  recipes.file("/etc/aliases", "root: me\n", {"command:newaliases"});
  recipes.file("/etc/more", "x", {"command:newaliases"});
  const auto handler = recipes.handler("newaliases", "/etc/aliases", "/etc/aliases.db", {"service:s"});
  recipes.service("s", {"/etc/aliases.db"});
  const Report planned = run_plan(host, recipes.catalog);
  const Report report = run_apply(host, recipes.catalog);
  CHECK(*handler->runs == 1);
  CHECK(recipes.states["s"]->read["/etc/aliases.db"] == "root: me\n");
  CHECK(ids_of(report, Status::changed) == Ids{"file:/etc/aliases", "file:/etc/more", "command:newaliases"});
  CHECK(ids_of(planned, Status::would_change) == ids_of(report, Status::changed));
  CHECK(planned.reloaded == report.reloaded);
}

TEST_CASE("a service that has to be started takes the changes by that", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1", {"service:s"});
  recipes.service("s", {"/etc/one"}, false);
  const Report planned = run_plan(host, recipes.catalog);
  const Report report = run_apply(host, recipes.catalog);
  CHECK(recipes.states["s"]->starts == 1);
  CHECK(recipes.states["s"]->reloads == 0);
  CHECK(recipes.states["s"]->validations == 1);
  CHECK(report.reloaded.empty());
  CHECK(planned.reloaded.empty());
  CHECK(ids_of(planned, Status::would_change) == ids_of(report, Status::changed));
  CHECK(owed_on(host).empty());
}

TEST_CASE("all services are asked before the first is told", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1", {"service:s", "service:t"});
  std::vector<std::string> order;
  const auto s = recipes.service("s", {});
  const auto t = recipes.service("t", {});
  s->checker = [&](System&) { order.push_back("ask s"); };
  t->checker = [&](System&) { order.push_back("ask t"); };
  s->on_refresh = [&](System&) { order.push_back("tell s"); };
  t->on_refresh = [&](System&) { order.push_back("tell t"); };
  static_cast<void>(run_apply(host, recipes.catalog));
  CHECK(order == Ids{"ask s", "ask t", "tell s", "tell t"});
}

TEST_CASE("what waits for the services comes after them, and not where they failed", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1", {"service:s"});
  recipes.file("/etc/resolv.conf", "nameserver 127.0.0.1\n");
  recipes.catalog.entries.back().after_services = true;
  const auto service = recipes.service("s", {});
  bool there = true;
  service->on_refresh = [&](System& system) { there = system.files.read("/etc/resolv.conf").has_value(); };
  SECTION("they took their changes") {
    static_cast<void>(run_apply(host, recipes.catalog));
    CHECK_FALSE(there);
    CHECK(host.exists("/etc/resolv.conf"));
  }
  SECTION("they did not") {
    service->checker = [](System&) { throw Error("bad"); };
    const Report report = run_apply(host, recipes.catalog);
    CHECK(ids_of(report, Status::not_reached) == Ids{"file:/etc/resolv.conf"});
    CHECK_FALSE(host.exists("/etc/resolv.conf"));
  }
}

TEST_CASE("a service that does not start keeps no other recipe's from starting", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("system").file("/etc/jail", "x", {"service:guard"});
  recipes.service("guard", {}, false)->checker = [](System&) { throw Error("jail.d/own.conf: bad line"); };
  recipes.service("log", {}, false);
  recipes.file("/etc/waits", "x");
  recipes.catalog.entries.back().after_services = true;
  recipes.recipe("mail", {"system"}).file("/etc/mail", "x", {"service:mail"});
  recipes.service("mail", {"/etc/mail"}, false);
  recipes.file("/etc/last", "x");
  recipes.catalog.entries.back().after_services = true;
  const Report report = run_apply(host, recipes.catalog);
  CHECK(report.exit_code() == ExitCode::failed);
  CHECK(recipes.states["log"]->starts == 1);
  CHECK(recipes.states["mail"]->starts == 1);
  CHECK(host.exists("/etc/last"));
  CHECK(ids_of(report, Status::failed) == Ids{"file:/etc/jail", "service:guard"});
  CHECK(ids_of(report, Status::not_reached) == Ids{"file:/etc/waits"});
}

TEST_CASE("a signal ends a run between two entries; the next one goes on", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1", {"service:s"})->on_apply = [] { std::raise(SIGTERM); };
  recipes.file("/etc/two", "2");
  recipes.service("s", {"/etc/one"});
  CHECK_THROWS_AS(run_apply(host, recipes.catalog), Interrupted);
  CHECK(host.exists("/etc/one"));
  CHECK_FALSE(host.exists("/etc/two"));
  CHECK(recipes.states["s"]->reloads == 0);
  CHECK(host.exists(k_state_directory + "/generations/1/journal.jsonl"));
  const Report report = run_apply(host, recipes.catalog);
  CHECK(ids_of(report, Status::changed) == Ids{"file:/etc/two"});
  CHECK(report.reloaded == Ids{"s"});
}

TEST_CASE("notices of earlier runs are delivered though nothing changes", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1", {"service:s"});
  const auto service = recipes.service("s", {});
  service->on_refresh = [](System&) { throw Error("does not answer"); };
  host.put("/etc/one", "old");
  recipes.states["s"]->running = true;
  {
    const auto journal = std::make_unique<Journal>(host.files, host.clock, k_state_directory, "0.1.0");
    journal->begin("setup");
    journal->owe({{"service", "s"}, {{"file", "/etc/one"}, {"content"}}});
    journal->owe({{"service", "gone"}, {{"file", "/etc/one"}, {"content"}}});
    journal->sync();
  }
  host.put("/etc/one", "1");
  service->on_refresh = nullptr;
  const Report planned = run_plan(host, recipes.catalog);
  CHECK(planned.reloaded == Ids{"s"});
  CHECK(planned.left_over == Ids{"s"});
  RecordingReporter reporter;
  const Report report = run_apply(host, recipes.catalog, reporter);
  CHECK(report.reloaded == Ids{"s"});
  CHECK(report.left_over == Ids{"s"});
  CHECK(report.count(Status::changed) == 0);
  CHECK_FALSE(report.generation);
  CHECK(owed_on(host).empty());
  REQUIRE(reporter.notes.size() == 2);
  CHECK_THAT(reporter.notes[0], Contains("was cut off"));
  CHECK_THAT(reporter.notes[1], Contains("service:gone"));
  host.clear_log();
  static_cast<void>(run_apply(host, recipes.catalog));
  CHECK(host.touched().empty());
}

TEST_CASE("a run with nothing to change closes what an earlier one left", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1");
  {
    const auto journal = std::make_unique<Journal>(host.files, host.clock, k_state_directory, "0.1.0");
    journal->begin("setup");
    journal->change({"file", "/etc/one"}, "a", Action::create, {}, {});
    journal->keep("/etc/one");
    journal->sync();
  }
  host.put("/etc/one", "1");
  const Report report = run_apply(host, recipes.catalog);
  CHECK(report.count(Status::changed) == 0);
  CHECK_FALSE(host.exists(k_state_directory + "/journal"));
  CHECK(host.exists(k_state_directory + "/generations/1/journal.jsonl"));
}

TEST_CASE("a partial run leaves what it owes elsewhere for the next whole one", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("tls").file("/etc/cert", "1", {"service:web"});
  recipes.recipe("web", {"tls"}).service("web", {"/etc/cert"});
  const Catalog part = only(recipes.catalog, {"tls"});
  CHECK_NOTHROW(validate(part));
  static_cast<void>(run_apply(host, part));
  CHECK(owed_on(host).size() == 1);
  RecordingReporter reporter;
  static_cast<void>(run_apply(host, part, reporter));
  CHECK(owed_on(host).size() == 1);
  CHECK(reporter.notes.size() == 1);
  CHECK(run_apply(host, recipes.catalog).reloaded == Ids{"web"});
  CHECK(owed_on(host).empty());
}

TEST_CASE("a plan touches nothing and shows an entry that cannot be compared as failed", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1")->on_diff = [] { throw Error("unreadable"); };
  recipes.file("/etc/two", "2");
  const auto before = host.snapshot();
  host.clear_log();
  const Report report = run_plan(host, recipes.catalog);
  CHECK(ids_of(report, Status::failed) == Ids{"file:/etc/one"});
  CHECK(ids_of(report, Status::would_change) == Ids{"file:/etc/two"});
  CHECK(report.outcomes[0].error == "recipes/a.yaml:1:5: unreadable");
  CHECK(host.touched().empty());
  CHECK(host.snapshot() == before);
}

TEST_CASE("a journal that cannot be written keeps the machine as it is", "[engine]") {
  TestHost host;
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1");
  host.files.fail_on["write " + k_state_directory + "/journal/journal.jsonl"] = ENOSPC;
  host.files.fail_on["append " + k_state_directory + "/journal/journal.jsonl"] = ENOSPC;
  try {
    static_cast<void>(run_apply(host, recipes.catalog));
    FAIL("without a journal nothing may change");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::no_space);
  }
  CHECK_FALSE(host.exists("/etc/one"));
}

}  // namespace

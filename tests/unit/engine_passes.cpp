// A run of several passes: one journal, one generation, and each pass's own way back.
#include <cstddef>
#include <new>

#include "engine/generations.hpp"
#include "engine/journaling_files.hpp"
#include "support/catch.hpp"
#include "support/engine_fakes.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_passes_state = "/var/lib/mailinabox";

struct Passes {
  TestHost host{};
  System system = host.system();
  Reporter reporter{};
  std::unique_ptr<Journal> journal = std::make_unique<Journal>(host.files, host.clock, k_passes_state, "1.0");

  Report apply_rollback_of(const Catalog& present, std::int64_t number) {
    const Rollback rollback = make_rollback(present, host.files, k_passes_state, number);
    return apply(rollback.catalog, system, *journal, reporter, "rollback");
  }
  std::vector<std::int64_t> generations() { return generation_numbers(host.files, k_passes_state); }
  JournalRecords records(std::int64_t number) { return read_generation(host.files, k_passes_state, number).records; }
};

CatalogWriter service_with(const std::string& content) {
  CatalogWriter recipes;
  recipes.recipe("a");
  recipes.file("/etc/main", content, {"service:s"});
  recipes.service("s", {"/etc/main"});
  return recipes;
}

}  // namespace

TEST_CASE("two passes are one generation, and a rollback goes to before the first", "[engine]") {
  Passes run;
  run.host.put("/etc/main", "zero");
  const CatalogWriter first = service_with("one");
  CatalogWriter second = service_with("two");
  second.file("/etc/late", "x");
  Run both(run.system, *run.journal, run.reporter, "setup");
  CHECK(both.pass(first.catalog).count(Status::changed) == 1);
  CHECK(both.pass(second.catalog).count(Status::changed) == 2);
  const Report report = both.close();
  CHECK(report.count(Status::changed) == 2);  // each resource once
  CHECK(report.generation == 1);
  CHECK(run.generations() == std::vector<std::int64_t>{1});
  REQUIRE_FALSE(run.apply_rollback_of(second.catalog, 1).failed());
  CHECK(run.host.content("/etc/main") == "zero");
  CHECK_FALSE(run.host.exists("/etc/late"));
}

TEST_CASE("what a service refuses in the second pass goes back to what the first made", "[engine]") {
  Passes run;
  run.host.put("/etc/main", "zero");
  const CatalogWriter first = service_with("one");
  CatalogWriter second;
  second.recipe("a");
  second.file("/etc/main", "bad", {"service:s"});
  second.service("s", {"/etc/main"})->checker = [](System& system) {
    if (system.files.read("/etc/main")->content == "bad") throw Error("line 1: bad");
  };
  Run both(run.system, *run.journal, run.reporter, "setup");
  REQUIRE_FALSE(both.pass(first.catalog).failed());
  CHECK(both.pass(second.catalog).failed());
  const Report report = both.close();
  CHECK(run.host.content("/etc/main") == "one");
  CHECK(report.failed());
  CHECK(report.generation == 1);
  const JournalRecords records = run.records(1);
  CHECK(records.restored.empty());  // before the run it was another one still
  CHECK(records.result == "failed");
  REQUIRE_FALSE(run.apply_rollback_of(first.catalog, 1).failed());
  CHECK(run.host.content("/etc/main") == "zero");
}

TEST_CASE("passes with nothing to do write nothing", "[engine]") {
  Passes run;
  run.host.put("/etc/main", "one");
  const CatalogWriter recipes = service_with("one");
  run.host.clear_log();
  Run both(run.system, *run.journal, run.reporter, "setup");
  static_cast<void>(both.pass(recipes.catalog));
  static_cast<void>(both.pass(recipes.catalog));
  CHECK_FALSE(both.close().generation);
  CHECK(run.host.touched().empty());
}

TEST_CASE("a run that is left by an error closes its journal as failed", "[engine]") {
  Passes run;
  run.host.put("/etc/main", "zero");
  const CatalogWriter first = service_with("one");
  {
    Run unfinished(run.system, *run.journal, run.reporter, "setup");
    static_cast<void>(unfinished.pass(first.catalog));
  }
  REQUIRE(run.generations() == std::vector<std::int64_t>{1});
  CHECK(run.records(1).result == "failed");
  CHECK_FALSE(run.host.exists(std::string(k_passes_state) + "/journal"));
}

TEST_CASE("a run killed between its passes is closed by the next one", "[engine]") {
  Passes run;
  run.host.put("/etc/main", "zero");
  const CatalogWriter first = service_with("one");
  // Never destroyed, as by SIGKILL.
  alignas(Run) static std::byte place[sizeof(Run)];
  Run* const killed = new (place) Run(run.system, *run.journal, run.reporter, "setup");
  static_cast<void>(killed->pass(first.catalog));
  run.journal->sync();
  const CatalogWriter second = service_with("two");
  const auto next = std::make_unique<Journal>(run.host.files, run.host.clock, k_passes_state, "1.0");
  const Report report = apply(second.catalog, run.system, *next, run.reporter, "setup");
  CHECK_FALSE(report.failed());
  CHECK(run.generations() == std::vector<std::int64_t>{1, 2});
  CHECK(run.host.content("/etc/main") == "two");
}

TEST_CASE("what the second pass changes inside a tree that the first put in place goes with the tree", "[engine]") {
  Passes run;
  run.host.put("/opt/tree.new/in", "shipped");
  run.journal->begin("setup");
  JournalingFileSystem files(run.host.files, *run.journal);
  files.rename("/opt/tree.new", "/opt/tree");
  run.journal->next_pass();
  files.write("/opt/tree/in", "changed", {0644, 0, 0});
  REQUIRE(run.journal->end(true, 1) == 1);
  CHECK_FALSE(run.apply_rollback_of(Catalog{}, 1).failed());
  CHECK_FALSE(run.host.exists("/opt/tree"));
}

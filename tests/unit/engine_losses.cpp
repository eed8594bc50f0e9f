// What cannot be made again, and is gone: a run stops before it changes anything.
#include "support/catch.hpp"
#include "support/engine_fakes.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

struct KeyBox {
  TestHost host{};
  CatalogWriter recipes{};

  explicit KeyBox(const std::string& key = "/srv/key") {
    host.put_directory("/srv");
    host.put_directory("/other");
    recipes.recipe("keys").file("/etc/one", "1");
    recipes.file(key, "made once")->made_once = true;
  }
};

// A run that may make new ones.
Report run_replacing(TestHost& host, const Catalog& catalog) {
  Journal journal(host.files, host.clock, k_state_directory, "0.1.0");
  System system = host.system();
  Reporter nobody;
  Run run(system, journal, nobody, "setup", {.replace_lost = true});
  static_cast<void>(run.pass(catalog));
  return run.close();
}

}  // namespace

TEST_CASE("what was made once and is gone is not made again unasked", "[engine][losses]") {
  KeyBox box;
  CHECK(run_apply(box.host, box.recipes.catalog).count(Status::changed) == 2);
  CHECK(box.host.content(k_state_directory + "/irreplaceable") == "keys file:/srv/key\n");
  CHECK(run_apply(box.host, box.recipes.catalog).count(Status::changed) == 0);
  box.host.files.remove("/srv/key", false);
  box.host.put("/etc/one", "drift");
  const Report planned = run_plan(box.host, box.recipes.catalog);
  CHECK(planned.failed());
  CHECK_THAT(planned.outcomes[1].error, Contains("file:/srv/key existed at the last run and is missing now"));
  CHECK_THROWS_WITH(run_apply(box.host, box.recipes.catalog),
                    Contains("file:/srv/key existed at the last run and is missing now.\nNothing has been changed.") &&
                        Contains("setup --replace-lost"));
  CHECK(box.host.content("/etc/one") == "drift");
  SECTION("put back") {
    box.host.put("/srv/key", "made once");
    CHECK(run_apply(box.host, box.recipes.catalog).count(Status::changed) == 1);
  }
  SECTION("lost for good") {
    CHECK(run_replacing(box.host, box.recipes.catalog).count(Status::changed) == 2);
    CHECK(box.host.content(k_state_directory + "/irreplaceable") == "keys file:/srv/key\n");
  }
}

TEST_CASE("what was made once is not made anew in another place", "[engine][losses]") {
  KeyBox box;
  static_cast<void>(run_apply(box.host, box.recipes.catalog));
  KeyBox moved("/other/key");
  for (const char* path : {"/srv/key", "/var/lib/mailinabox/irreplaceable"}) {
    moved.host.put(path, box.host.content(path));
  }
  CHECK_THROWS_WITH(run_apply(moved.host, moved.recipes.catalog),
                    Contains("file:/other/key does not exist; at the last run it was at /srv/key"));
  moved.host.put("/other/key", "made once");
  CHECK(run_apply(moved.host, moved.recipes.catalog).count(Status::changed) == 1);
  CHECK(moved.host.content(k_state_directory + "/irreplaceable") == "keys file:/other/key\n");
}

TEST_CASE("a partial run and a failed entry forget nothing", "[engine][losses]") {
  KeyBox box;
  static_cast<void>(run_apply(box.host, box.recipes.catalog));
  CatalogWriter other;
  other.recipe("web").file("/etc/two", "2");
  other.catalog.partial = true;
  static_cast<void>(run_apply(box.host, other.catalog));
  CHECK(box.host.content(k_state_directory + "/irreplaceable") == "keys file:/srv/key\n");
  CatalogWriter failing;
  failing.recipe("keys").file("/etc/one", "3")->idle = true;
  failing.file("/srv/key", "made once")->made_once = true;
  CHECK(run_apply(box.host, failing.catalog).failed());
  CHECK(box.host.content(k_state_directory + "/irreplaceable") == "keys file:/srv/key\n");
}

TEST_CASE("leave to replace what is lost ends with its run", "[engine][losses]") {
  KeyBox box;
  static_cast<void>(run_apply(box.host, box.recipes.catalog));
  CatalogWriter failing;
  failing.recipe("keys").file("/etc/one", "3")->idle = true;
  const std::string place = GENERATE("/srv/key", "/other/key");
  failing.file(place, "made once")->made_once = true;
  if (place == "/srv/key") box.host.erase(place);
  CHECK(run_replacing(box.host, failing.catalog).failed());
  CHECK_FALSE(box.host.exists(place));
  CHECK(box.host.content(k_state_directory + "/irreplaceable") == "keys file:/srv/key\n");
  CHECK_THROWS_WITH(run_apply(box.host, failing.catalog), Contains("Nothing has been changed"));
}

TEST_CASE("leave to replace what is lost covers only what was replaced", "[engine][losses]") {
  KeyBox box;
  static_cast<void>(run_apply(box.host, box.recipes.catalog));
  CatalogWriter others;
  others.recipe("other").file("/srv/other", "made once")->made_once = true;
  others.catalog.partial = true;
  box.host.erase("/srv/key");
  CHECK(run_replacing(box.host, others.catalog).count(Status::changed) == 1);
  CHECK_THROWS_WITH(run_apply(box.host, box.recipes.catalog), Contains("file:/srv/key existed at the last run"));
}

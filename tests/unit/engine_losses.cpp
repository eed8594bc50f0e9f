// What cannot be made again, and is gone: a run stops before it changes anything.
#include <catch2/catch.hpp>

#include "support/engine_fakes.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using Catch::Matchers::Contains;

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
    std::make_unique<Journal>(box.host.files, box.host.clock, k_state_directory, "0.1.0")->see({});
    CHECK(run_apply(box.host, box.recipes.catalog).count(Status::changed) == 2);
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

#include "support/catch.hpp"
#include "support/engine_fakes.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

std::string refusal_of(const Catalog& catalog) {
  try {
    validate(catalog);
  } catch (const RecipeError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("two entries with one id are refused", "[engine]") {
  CatalogWriter recipes;
  recipes.recipe("a").file("/etc/one", "1");
  recipes.recipe("b").file("/etc/one", "2");
  CHECK_THAT(refusal_of(recipes.catalog),
             StartsWith("recipes/b.yaml:2:5: ") && Contains("file:/etc/one") && Contains("recipes/a.yaml:1:5"));
}

TEST_CASE("a notify must lead to something that can be refreshed, later", "[engine]") {
  CatalogWriter recipes;
  recipes.recipe("a");
  recipes.service("postfix", {});
  SECTION("a good one") {
    recipes.file("/etc/one", "1", {"service:postfix"});
    CHECK(refusal_of(recipes.catalog).empty());
  }
  SECTION("misspelt") {
    recipes.file("/etc/one", "1", {"service:posfix"});
    CHECK_THAT(refusal_of(recipes.catalog),
               StartsWith("recipes/a.yaml:2:5: ") && Contains("did you mean service:postfix?"));
  }
  SECTION("a file") {
    recipes.file("/etc/one", "1", {"file:/etc/two"});
    recipes.file("/etc/two", "1");
    CHECK_THAT(refusal_of(recipes.catalog), Contains("nothing to refresh"));
  }
  SECTION("a command that has had its turn") {
    recipes.handler("first", "/a", "/b");
    recipes.handler("second", "/a", "/b", {"command:first"});
    CHECK_THAT(refusal_of(recipes.catalog), Contains("has had its turn"));
  }
}

TEST_CASE("a resource whose program no package brings is refused", "[engine]") {
  struct Unpacked final : Resource {
    Changes diff(const View& /*view*/) const override { return {}; }
    void apply(System& /*system*/, const Changes& /*changes*/) const override {}
    Action action(const Changes& /*changes*/) const override { return Action::create; }
    std::vector<std::string> needed_packages() const override { return {"unzip"}; }
  };
  CatalogWriter recipes;
  recipes.recipe("a").add("download", "/usr/lib/app", std::make_shared<Unpacked>());
  CHECK_THROWS_WITH(validate(recipes.catalog), Contains("download:/usr/lib/app") && Contains("package unzip"));
  recipes.package("unzip");
  CHECK_NOTHROW(validate(recipes.catalog));
}

TEST_CASE("only() takes what is named and what that requires", "[engine]") {
  CatalogWriter recipes;
  recipes.recipe("system").file("/etc/s", "1");
  recipes.recipe("tls", {"system"}).file("/etc/t", "1");
  recipes.recipe("web", {"tls"}).file("/etc/w", "1");
  recipes.recipe("dns", {"system"}).file("/etc/d", "1");
  const Catalog part = only(recipes.catalog, {"tls"});
  REQUIRE(part.recipes.size() == 2);
  CHECK(part.recipes[1].name == "tls");
  CHECK(part.entries.size() == 2);
  CHECK(part.partial);
  CHECK_FALSE(only(recipes.catalog, {"web", "dns"}).partial);
  try {
    static_cast<void>(only(recipes.catalog, {"wbe"}));
    FAIL("an unknown recipe must be refused");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK_THAT(error.what(), Contains("did you mean \"web\"?"));
  }
}

}  // namespace

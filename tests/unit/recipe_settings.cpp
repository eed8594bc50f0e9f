#include "base/error.hpp"
#include "support/catch.hpp"
#include "unit/recipe_fixture.hpp"

using namespace mailinabox;
using mailinabox::test::RecipeHost;

namespace {

// The settings a catalog wants for a file that does not exist yet: "key=value", local ones with a star.
std::vector<std::string> settings_of(RecipeHost& box, const Catalog& catalog, const std::string& id) {
  std::vector<std::string> result;
  for (const CatalogEntry& entry : catalog.entries) {
    if (entry.id.text() != id) continue;
    for (const Change& change : entry.resource->diff(box.host.view())) {
      if (change.attribute == "mode" || change.attribute == "owner" || change.attribute == "group") continue;
      result.push_back(change.attribute + "=" + change.after + (change.local ? " *" : ""));
    }
  }
  return result;
}

std::string settings_error(RecipeHost& box) {
  try {
    box.load();
  } catch (const RecipeError& error) {
    return box.shortened(error.what());
  }
  return "accepted";
}

bool begins_with(const std::string& text, const std::string& beginning) { return text.rfind(beginning, 0) == 0; }

const char* const k_shipped =
    "recipe: mail\n"
    "resources:\n"
    "  - settings: /etc/main.cf\n"
    "    format: equals\n"
    "    values:\n"
    "      one: \"1\"\n"
    "      two: \"2\"\n"
    "      \"{{key}}\": \"3\"\n"
    "    unset: [old, older]\n";

}  // namespace

TEST_CASE("recipes.d: values are overridden key by key, and only those are local") {
  RecipeHost box;
  box.recipe("mail", k_shipped);
  box.local("own", "recipe: mail\nresources:\n  - settings: /etc/main.cf\n    values: {two: \"22\", four: \"4\"}\n");
  const Catalog catalog = box.load({{"key", "three"}});
  CHECK(settings_of(box, catalog, "settings:/etc/main.cf") ==
        std::vector<std::string>{"four=4 *", "one=1", "three=3", "two=22 *"});
  CHECK(catalog.entries[0].local);
}

TEST_CASE("recipes.d: unset adds up; a key set anew is no longer unset, and one unset is no longer set") {
  RecipeHost box;
  box.recipe("mail", k_shipped);
  box.host.put("/etc/main.cf", "old = a\nolder = b\noldest = c\n");
  box.local("own",
            "recipe: mail\nresources:\n  - settings: /etc/main.cf\n    values: {old: kept}\n"
            "    unset: [oldest, one]\n");
  const Catalog catalog = box.load({{"key", "three"}});
  CHECK(settings_of(box, catalog, "settings:/etc/main.cf") ==
        std::vector<std::string>{"old=kept *", "three=3", "two=2", "older=", "oldest= *"});
}

TEST_CASE("recipes.d: sections are overridden key by key, too") {
  RecipeHost box;
  box.recipe("mail",
             "recipe: mail\nresources:\n  - settings: /etc/x.ini\n    format: ini\n"
             "    values: {main: {a: \"1\", b: \"2\"}, other: {a: \"3\"}}\n");
  box.local("own", "recipe: mail\nresources:\n  - settings: /etc/x.ini\n    values: {main: {b: \"5\"}}\n");
  CHECK(settings_of(box, box.load(), "settings:/etc/x.ini") ==
        std::vector<std::string>{"main.a=1", "main.b=5 *", "other.a=3"});
}

TEST_CASE("parts: several recipes set keys of one file; an override names the part") {
  RecipeHost box;
  box.recipe("mail", "recipe: mail\nresources:\n  - {settings: /etc/main.cf, format: equals, values: {a: \"1\"}}\n");
  box.recipe("sign",
             "recipe: sign\nresources:\n"
             "  - {settings: /etc/main.cf, part: dkim, format: equals, values: {b: \"2\"}, unset: [c]}\n");
  box.local("own", "recipe: sign\nresources:\n  - {settings: /etc/main.cf, part: dkim, values: {b: \"3\"}}\n");
  const Catalog catalog = box.load();
  CHECK(box.ids(catalog) == std::vector<std::string>{"settings:/etc/main.cf", "settings:/etc/main.cf#dkim"});
  CHECK(settings_of(box, catalog, "settings:/etc/main.cf#dkim") == std::vector<std::string>{"b=3 *"});
}

TEST_CASE("parts: one key in two of them is an error at the second's key") {
  RecipeHost box;
  const std::string first =
      "recipe: mail\nresources:\n  - {settings: /etc/main.cf, format: equals, values: {a: \"1\"}, unset: [u]}\n";
  box.recipe("mail", first);
  box.recipe("sign",
             "recipe: sign\nresources:\n  - settings: /etc/main.cf\n    part: dkim\n    format: equals\n"
             "    values:\n      b: \"2\"\n      a: \"2\"\n");
  CHECK(
      settings_error(box) ==
      "sign.yaml:8:7: \"a\" of /etc/main.cf is set in settings:/etc/main.cf too, at mail.yaml:3:55; expected each key "
      "in one part only");
  box.recipe("sign",
             "recipe: sign\nresources:\n  - settings: /etc/main.cf\n    part: dkim\n    format: equals\n"
             "    values: {u: x}\n");
  CHECK(begins_with(settings_error(box), "sign.yaml:6:14: \"u\" of /etc/main.cf is unset in"));
  box.recipe("sign",
             "recipe: sign\nresources:\n  - settings: /etc/main.cf\n    part: dkim\n    format: equals\n"
             "    values: {x: y}\n    unset: [u]\n");
  CHECK(settings_error(box) == "accepted");
  box.recipe("sign", "recipe: sign\nresources:\n  - {settings: /etc/main.cf, format: equals, values: {b: \"1\"}}\n");
  CHECK(settings_error(box) ==
        "sign.yaml:3:6: settings:/etc/main.cf is declared twice, first at mail.yaml:3:6; expected each resource once "
        "(several settings of one file need a `part: NAME` each)");
}

TEST_CASE("values: what is no text or mapping is an error at its place") {
  RecipeHost box;
  const auto error_of = [&](const std::string& values, const ValueMap& /*context*/ = {}) {
    box.recipe("a", "recipe: a\nresources:\n  - settings: /x\n    format: equals\n    values: " + values + "\n");
    return settings_error(box);
  };
  CHECK(error_of("[a]") == "a.yaml:5:13: `values`: expected a mapping, found a list");
  CHECK(error_of("{a: [b]}") == "a.yaml:5:17: `values`: expected a text or a mapping after \"a\", found a list");
  CHECK(error_of("{a: \"{{nowhere}}\"}").rfind("a.yaml:5:18: unknown name \"nowhere\"", 0) == 0);
}

#include "base/error.hpp"
#include "support/catch.hpp"
#include "unit/recipe_fixture.hpp"

using namespace mailinabox;
using mailinabox::test::RecipeHost;

namespace {

std::string service_error(RecipeHost& box, const ValueMap& context = {}) {
  try {
    box.load(context);
  } catch (const RecipeError& error) {
    return box.shortened(error.what());
  }
  return "accepted";
}

const CatalogEntry& entry(const Catalog& catalog, const std::string& id) {
  for (const CatalogEntry& found : catalog.entries) {
    if (found.id.text() == id) return found;
  }
  throw std::logic_error("no entry " + id);
}

std::vector<std::string> notified(const Catalog& catalog, const std::string& id) {
  std::vector<std::string> targets;
  for (const ResourceId& target : entry(catalog, id).notifies) targets.push_back(target.text());
  return targets;
}

bool begins(const std::string& text, const std::string& beginning) { return text.rfind(beginning, 0) == 0; }

}  // namespace

TEST_CASE("packages and services are short forms; services stand after the resources, local resources before them") {
  RecipeHost box;
  box.recipe("web",
             "recipe: web\n"
             "services:\n"
             "  nginx:\n"
             "    unit: \"{{platform.units.postfix}}\"\n"
             "    listens: [80, \"{{port}}\"]\n"
             "  other:\n"
             "packages: [nginx, \"{{extra}}\"]\n"
             "resources:\n"
             "  - file: /x\n"
             "    content: y\n"
             "    notify: nginx\n");
  box.local("mine", "recipe: web\npackages: [own]\nresources: [{directory: /own}]\nservices: {mine: {}}\n");
  const Catalog catalog = box.load({{"port", 443}, {"extra", "php"}});
  CHECK(box.ids(catalog) == std::vector<std::string>{"package:nginx", "package:php", "file:/x", "package:own",
                                                     "directory:/own", "service:nginx", "service:other",
                                                     "service:mine"});
  CHECK(box.shortened(to_string(entry(catalog, "package:php").where)) == "web.yaml:7:19");
  CHECK(box.shortened(to_string(entry(catalog, "service:nginx").where)) == "web.yaml:3:3");
  CHECK(notified(catalog, "file:/x") == std::vector<std::string>{"service:nginx"});
  CHECK(entry(catalog, "service:mine").local);
}

TEST_CASE("notify names services or commands, of any recipe") {
  RecipeHost box;
  box.recipe("a",
             "recipe: a\nresources:\n"
             "  - {file: /x, content: y, notify: [command:build maps, web, \"{{which}}\"]}\n"
             "  - command: build maps\n    run: [make]\n    on_notify: true\n    notify: mail\n");
  box.recipe("z", "recipe: z\nservices: {web: {}, mail: {}}\n");
  const Catalog catalog = box.load({{"which", "mail"}});
  CHECK(notified(catalog, "file:/x") == std::vector<std::string>{"command:build maps", "service:web", "service:mail"});
  CHECK(notified(catalog, "command:build maps") == std::vector<std::string>{"service:mail"});
}

TEST_CASE("notify: unknown targets and those that cannot be notified are errors") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nservices: {postfix: {}}\nresources:\n  - {file: /x, content: y, notify: [postfx]}\n");
  CHECK(service_error(box) == "a.yaml:4:37: there is no service \"postfx\" to notify; did you mean \"postfix\"?");
  box.recipe("a", "recipe: a\nservices: {postfix: {}}\nresources:\n  - {file: /x, content: y, notify: zzzzzzz}\n");
  CHECK(service_error(box) == "a.yaml:4:36: there is no service \"zzzzzzz\" to notify; expected one of postfix");
  box.recipe("a",
             "recipe: a\nresources:\n  - {file: /x, content: y, notify: \"file:/y\"}\n  - {file: /y, content: z}\n");
  CHECK(begins(service_error(box), "a.yaml:3:36: file:/y cannot be notified; expected a service's name"));
  box.recipe("a",
             "recipe: a\nresources:\n  - {file: /x, content: y, notify: command:b}\n"
             "  - {command: b, run: [x], creates: /y}\n");
  CHECK(begins(service_error(box), "a.yaml:3:36: command:b cannot be notified"));
}

TEST_CASE("notify: a target that `when` left out is not told, and is no error") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nresources:\n  - {file: /x, content: y, notify: [one, two, three]}\n");
  box.recipe("b", "recipe: b\nresources: [{service: one, when: no}]\nservices: {two: {when: \"no\"}, three: {}}\n");
  box.recipe("c", "recipe: c\nwhen: no\nservices: {four: {}}\n");
  box.recipe("d", "recipe: d\nresources:\n  - {file: /y, content: y, notify: four}\n");
  const Catalog catalog = box.load({{"no", false}});
  CHECK(notified(catalog, "file:/x") == std::vector<std::string>{"service:three"});
  CHECK(notified(catalog, "file:/y").empty());
}

TEST_CASE("fields of services and commands: types, missing ones") {
  RecipeHost box;
  const auto error_of = [&](const std::string& text) {
    box.recipe("a", "recipe: a\n" + text);
    return service_error(box, {{"ports", ValueList{80, 443}}, {"words", ValueList{"x", ValueList{}}}});
  };
  CHECK(error_of("services: {x: {listens: \"{{ports}}\"}}\n") == "accepted");
  CHECK(error_of("services: {x: {listens: [25, \"{{ports}}\"]}}\n") == "accepted");
  CHECK(error_of("services: {x: {listens: [25, web]}}\n") ==
        "a.yaml:2:30: `listens`: expected a list of whole numbers, found \"web\"");
  CHECK(error_of("services: {x: {listens: }}\n") ==
        "a.yaml:2:25: `listens`: expected a list of whole numbers, found nothing");
  CHECK(begins(error_of("services: {x: {listens: [[25]]}}\n"), "a.yaml:2:26: `listens`: expected a list of whole"));
  CHECK(begins(error_of("services: {x: {validate: [\"{{words}}\"]}}\n"),
               "a.yaml:2:27: `validate`: expected a list of texts, found a list of lists"));
  CHECK(error_of("services: {x: {timeout: 3s}}\n") == "a.yaml:2:25: `timeout`: expected a whole number, found \"3s\"");
  CHECK(error_of("services: {x: {on_change: reloaded}}\n") ==
        "a.yaml:2:27: `on_change`: expected one of reload and restart, found \"reloaded\"; did you mean \"reload\"?");
  CHECK(begins(error_of("services: {x: {unti: y}}\n"), "a.yaml:2:16: unknown field \"unti\" of service"));
  CHECK(begins(error_of("services: {x: y}\n"), "a.yaml:2:15: expected a mapping with the fields of the service"));
  CHECK(begins(error_of("resources: [{command: x, creates: /y}]\n"),
               "a.yaml:2:14: the field `run` of command:x is missing; expected a list of texts"));
  CHECK(begins(error_of("resources: [{command: {creates: /y, run: z}, run: w}]\n"),
               "a.yaml:2:46: \"run\" appears twice in this resource; expected it once"));
  CHECK(begins(error_of("packages: [[x]]\n"), "a.yaml:2:12: expected the name of a package, found a list"));
}

TEST_CASE("a mapping instead of a name: the resource has the recipe's name") {
  RecipeHost box;
  box.recipe("mail", "recipe: mail\nresources:\n  - service: {listens: [25]}\n    when: yes\n");
  CHECK(box.ids(box.load({{"yes", true}})) == std::vector<std::string>{"service:mail"});
}

TEST_CASE("recipes.d: an override may replace notify and add services") {
  RecipeHost box;
  box.recipe(
      "a",
      "recipe: a\nresources:\n  - {file: /x, content: y, notify: one}\nservices:\n  one: {listens: [1], timeout: 5}\n"
      "  two: {}\n");
  box.local("own", "recipe: a\nresources:\n  - {file: /x, notify: [two]}\nservices:\n  one: {timeout: 7}\n");
  const Catalog catalog = box.load();
  CHECK(notified(catalog, "file:/x") == std::vector<std::string>{"service:two"});
  CHECK(entry(catalog, "service:one").local);
  CHECK_FALSE(entry(catalog, "service:two").local);
}

#include "recipe/loader.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "engine/catalog.hpp"
#include "support/catch.hpp"
#include "unit/recipe_fixture.hpp"

using namespace mailinabox;
using mailinabox::test::RecipeHost;

namespace {

// The error's first line, with the folder of the recipes cut away.
std::string catalog_error(RecipeHost& box, const ValueMap& context = {}) {
  try {
    box.load(context);
  } catch (const RecipeError& error) {
    return box.shortened(error.what());
  }
  return "accepted";
}

std::string recipe_error(const std::string& resources, const ValueMap& context = {}) {
  RecipeHost box;
  box.recipe("a", "recipe: a\nsummary: s\nresources:\n" + resources);
  return catalog_error(box, context);
}

bool starts(const std::string& text, const std::string& beginning) { return text.rfind(beginning, 0) == 0; }
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a recipe becomes a catalog: names replaced, in the order of the file, with places") {
  RecipeHost box;
  box.recipe("web",
             "recipe: web\n"
             "summary: Pages\n"
             "variables:\n"
             "  root: \"/srv/{{primary_hostname}}\"\n"
             "  page: \"{{web.root}}/index.html\"\n"
             "resources:\n"
             "  - directory: \"{{web.root}}\"\n"
             "    mode: \"0750\"\n"
             "  - file: \"{{web.page}}\"\n"
             "    content: \"{{primary_hostname}} {{platform.php}}\\n\"\n"
             "  - file: /srv/list\n"
             "    template: web/list\n");
  box.host.put("/usr/share/mailinabox/templates/web/list", "{{#names}}\n- {{.}}\n{{/names}}\n");
  const Catalog catalog = box.load({{"primary_hostname", "box.test"}, {"names", ValueList{"x", "y"}}});
  CHECK(box.ids(catalog) ==
        std::vector<std::string>{"directory:/srv/box.test", "file:/srv/box.test/index.html", "file:/srv/list"});
  CHECK(box.content(catalog, "/srv/box.test/index.html") == "box.test 8.2\n");
  CHECK(box.content(catalog, "/srv/list") == "- x\n- y\n");
  CHECK(box.attribute(catalog, "directory:/srv/box.test", "mode") == "0750");
  CHECK(catalog.entries[1].recipe == "web");
  CHECK(box.shortened(to_string(catalog.entries[1].where)) == "web.yaml:9:5");
  CHECK_FALSE(catalog.entries[1].local);
  CHECK(catalog.recipes[0].summary == "Pages");
}

TEST_CASE("recipes stand after those they require, otherwise in the order of their names") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nrequires: [z, c]\nresources: [{file: /a, content: \"{{z.v}}\"}]\n");
  box.recipe("b", "recipe: b\nresources: [{file: /b, content: x}]\n");
  box.recipe("c", "recipe: c\nresources: [{file: /c, content: x}]\n");
  box.recipe("z", "recipe: z\nvariables: {v: from z}\nrequires: []\n");
  const Catalog catalog = box.load();
  CHECK(box.ids(catalog) == std::vector<std::string>{"file:/c", "file:/a", "file:/b"});
  REQUIRE(catalog.recipes.size() == 4);
  CHECK(catalog.recipes[0].name == "z");
  CHECK(catalog.recipes[2].requires_recipes == std::vector<std::string>{"z", "c"});
  CHECK(box.content(catalog, "/a") == "from z");
}

TEST_CASE("for_each makes one resource for each item, under its name; when is asked for each") {
  RecipeHost box;
  box.recipe("a",
             "recipe: a\n"
             "resources:\n"
             "  - file: /x/{{domain.name}}\n"
             "    for_each: domains\n"
             "    as: domain\n"
             "    when: domain.name != primary_hostname\n"
             "    content: \"{{domain.mail}}@{{primary_hostname}}\"\n"
             "  - directory: /y/{{item}}\n"
             "    for_each: words\n"
             "  - directory: /none/{{item}}\n"
             "    for_each: nothing\n");
  const Catalog catalog = box.load({{"primary_hostname", "b.test"},
                                    {"words", ValueList{"one", "two"}},
                                    {"nothing", ValueList{}},
                                    {"domains", ValueList{ValueMap{{"name", "a.test"}, {"mail", "m"}},
                                                          ValueMap{{"name", "b.test"}, {"mail", "n"}}}}});
  CHECK(box.ids(catalog) == std::vector<std::string>{"file:/x/a.test", "directory:/y/one", "directory:/y/two"});
  CHECK(box.content(catalog, "/x/a.test") == "m@b.test");
}

TEST_CASE("an entry names what it depends on: its texts, its loop, its conditions, variables; not its neighbours'") {
  RecipeHost box;
  box.recipe("one",
             "recipe: one\nsummary: one\nvariables: {mixed: \"{{name}}\"}\nresources:\n"
             "  - file: /a\n    content: \"{{#domains}}{{.}}{{/domains}}\"\n"
             "  - file: /b\n    content: \"\"\n"
             "  - file: \"/c/{{item}}\"\n    for_each: domains\n    content: \"{{one.mixed}}\"\n"
             "  - file: /d\n    content: \"\"\n    when: not name\n"
             "  - file: /e\n    content: \"\"\n");
  const Catalog catalog =
      box.load({{"domains", ValueList{Value("x"), Value("y")}}, {"name", Value("n")}, {"other", Value("o")}});
  std::vector<std::string> found;
  for (const CatalogEntry& entry : catalog.entries) {
    found.push_back(entry.id.name + ":" + joined(std::vector(entry.uses.begin(), entry.uses.end()), ","));
  }
  CHECK(found ==
        std::vector<std::string>{"/a:domains", "/b:", "/c/x:domains,name,one", "/c/y:domains,name,one", "/e:"});
  CHECK(catalog.recipes.front().uses.contains("name"));
}

TEST_CASE("conditions") {
  const auto present = [](const std::string& when) {
    RecipeHost box;
    box.recipe("a", "recipe: a\nresources:\n  - directory: /x\n    when: " + when + "\n");
    return box.load({{"facts", ValueMap{{"yes", true}, {"no", false}, {"os", "debian-12"}, {"empty", ""}}},
                     {"other", "debian-12"},
                     {"port", 25}})
               .entries.size() == 1;
  };
  CHECK(present("facts.yes"));
  CHECK_FALSE(present("facts.no"));
  CHECK_FALSE(present("facts.empty"));
  CHECK(present("not facts.no"));
  CHECK_FALSE(present("not facts.yes"));
  CHECK(present("facts.os == debian-12"));
  CHECK_FALSE(present("facts.os == debian-13"));
  CHECK(present("facts.os != debian-13"));
  CHECK(present("facts.os == other"));
  CHECK(present("port == 25"));
  CHECK(present("facts.empty == \"\""));
  CHECK_FALSE(present("facts.os == \"\""));
  CHECK(present("'facts.empty == \"\"'"));
  CHECK(present("[facts.yes, not facts.no, facts.os == debian-12]"));
  CHECK_FALSE(present("[facts.yes, facts.no]"));
  CHECK(recipe_error("  - directory: /x\n    when: not facts.yse\n", {{"facts", ValueMap{{"yes", true}}}}) ==
        "a.yaml:5:15: unknown name \"facts.yse\"; did you mean \"facts.yes\"?");
  CHECK(starts(recipe_error("  - directory: /x\n    when: a and b\n", {{"a", true}}),
               "a.yaml:5:11: \"a and b\" is not a condition; expected `NAME`"));
  CHECK(starts(recipe_error("  - directory: /x\n    when: {a: b}\n"), "a.yaml:5:11: expected a condition"));
}

TEST_CASE("a recipe whose condition does not hold has no resources") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nwhen: facts.systemd\nresources: [{directory: /x}]\n");
  CHECK(box.load({{"facts", ValueMap{{"systemd", true}}}}).entries.size() == 1);
  const Catalog catalog = box.load({{"facts", ValueMap{{"systemd", false}}}});
  CHECK(catalog.entries.empty());
  CHECK(catalog.recipes.size() == 1);
}

TEST_CASE("errors of the grammar name place, what was expected and the nearest spelling") {
  const auto error_of = [](const std::string& text) {
    RecipeHost box;
    box.recipe("a", text);
    return catalog_error(box);
  };
  CHECK(has(error_of("recipe: a\nresource: []\n"), "a.yaml:2:1: unknown key \"resource\""));
  CHECK(has(error_of("recipe: a\nresource: []\n"), "did you mean \"resources\"?"));
  CHECK(error_of("recipe: b\n") == "a.yaml:1:9: the recipe is called \"b\"; expected \"a\", the name of its file");
  CHECK(error_of("summary: x\n") == "a.yaml:1:1: the key `recipe` is missing; expected `recipe: a`");
  CHECK(starts(error_of("- x\n"), "a.yaml:1:1: expected a mapping that begins with `recipe: NAME`, found a list"));
  CHECK(starts(error_of(""), "a.yaml:1:1: expected a mapping that begins with `recipe: NAME`, found nothing"));
  CHECK(error_of("recipe: a\npackages: nginx\n") == "a.yaml:2:11: expected a list after `packages`, found a text");
  CHECK(error_of("recipe: a\nresources: {}\n") == "a.yaml:2:12: expected a list after `resources`, found a mapping");
  CHECK(error_of("recipe: a\nservices: []\n") == "a.yaml:2:11: expected a mapping after `services`, found a list");
  CHECK(error_of("recipe: a\nsummary: [x]\n") == "a.yaml:2:10: expected a text after `summary`, found a list");
  CHECK(starts(error_of("recipe: a\nvariables: {1x: y}\n"), "a.yaml:2:13: \"1x\" cannot be a variable's name"));
  CHECK(starts(error_of("recipe: a\nresources:\n  - x\n"), "a.yaml:3:5: expected a resource (`KIND: NAME`"));
  CHECK(error_of("recipe: a\nresources:\n  - {file: /x, content: a, content: b}\n") ==
        "a.yaml:3:28: \"content\" appears twice in this mapping (first in line 3); expected each key once");
  CHECK(has(error_of("recipe: a\nresources: [\n"), "not valid YAML"));
  CHECK(error_of("recipe: a\nresources:\npackages:\nvariables:\nservices:\nrequires:\n") == "accepted");
}

TEST_CASE("errors of resources name place, what was expected and the nearest spelling") {
  CHECK(has(recipe_error("  - fiel: /x\n"), "a.yaml:4:5: unknown kind of resource \"fiel\""));
  CHECK(has(recipe_error("  - fiel: /x\n"), "did you mean \"file\"?"));
  CHECK(has(recipe_error("  - file: /x\n    contnet: y\n"), "a.yaml:5:5: unknown field \"contnet\" of file"));
  CHECK(has(recipe_error("  - file: /x\n    contnet: y\n"), "did you mean \"content\"?"));
  CHECK(starts(recipe_error("  - file: [a]\n"), "a.yaml:4:11: expected the name of the file"));
  CHECK(starts(recipe_error("  - file:\n    content: x\n"), "a.yaml:5:5: expected the name of the file"));
  CHECK(starts(recipe_error("  - file: x/y\n    content: x\n"),
               "a.yaml:4:11: expected an absolute path without \"..\", \"//\" and a slash at the end, found \"x/y\""));
  for (const char* path : {"/a/../b", "/a//b", "/a/", "/a/.."})
    CHECK(starts(recipe_error(std::string("  - directory: ") + path + "\n"), "a.yaml:4:16: expected an absolute path"));
  CHECK(starts(recipe_error("  - file: /x\n"), "a.yaml:4:5: a file needs one of content, template and source"));
  CHECK(starts(recipe_error("  - file: /x\n    content: [a]\n"),
               "a.yaml:5:14: `content`: expected a text, found a list"));
  CHECK(starts(recipe_error("  - file: /x\n    content: x\n    create_only: yes\n"),
               "a.yaml:6:18: `create_only`: expected true or false, found \"yes\""));
}

TEST_CASE("a mode must be quoted") {
  CHECK(recipe_error("  - file: /x\n    content: y\n    mode: 0644\n") ==
        "a.yaml:6:11: `mode`: a mode must be quoted, because YAML reads 0644 as a number; expected mode: "
        "\"0644\"");
  CHECK(starts(recipe_error("  - file: /x\n    content: y\n    mode: \"0689\"\n"),
               "a.yaml:6:11: `mode`: expected a file mode in quotes such as \"0640\", found \"0689\""));
  CHECK(starts(recipe_error("  - file: /x\n    content: y\n    mode: \"77777\"\n"), "a.yaml:6:11: `mode`"));
  CHECK(recipe_error("  - file: /x\n    content: y\n    mode: '4755'\n") == "accepted");
}

TEST_CASE("unknown names in recipes are errors at their tag") {
  CHECK(recipe_error("  - file: /x\n    content: \"a {{primary_hostnam}}\"\n", {{"primary_hostname", "x"}}) ==
        "a.yaml:5:17: unknown name \"primary_hostnam\"; did you mean \"primary_hostname\"?");
  CHECK(recipe_error("  - file: /x/{{domian}}\n    content: x\n", {{"domain", "x"}}) ==
        "a.yaml:4:14: unknown name \"domian\"; did you mean \"domain\"?");
  CHECK(recipe_error("  - file: /x\n    content: |\n      one\n      two {{hots}}\n", {{"host", "x"}}) ==
        "a.yaml:7:11: unknown name \"hots\"; did you mean \"host\"?");
  CHECK(starts(recipe_error("  - directory: /x/{{item}}\n    for_each: domans\n", {{"domains", ValueList{}}}),
               "a.yaml:5:15: unknown name \"domans\"; did you mean \"domains\"?"));
  CHECK(starts(recipe_error("  - directory: /x/{{item}}\n    for_each: domain\n", {{"domain", "x"}}),
               "a.yaml:5:15: \"domain\" is a text; expected the name of a list"));
  CHECK(starts(recipe_error("  - directory: /x\n    as: y\n"), "a.yaml:5:9: `as` names the items of `for_each`"));
  CHECK(starts(recipe_error("  - directory: \"/x{{#a}}b{{/a}}\"\n", {{"a", true}}),
               "a.yaml:4:19: sections are allowed only in `content`"));
  CHECK(recipe_error("  - file: /x\n    content: \"{{#a}}b{{/a}}\"\n", {{"a", true}}) == "accepted");
}

TEST_CASE("templates: unknown and unreadable files at the field, errors within at their own place") {
  CHECK(starts(recipe_error("  - file: /x\n    template: nope/file\n"),
               "a.yaml:5:15: `template`: there is no file /usr/share/mailinabox/templates/nope/file"));
  CHECK(starts(recipe_error("  - file: /x\n    template: ../secret\n"),
               "a.yaml:5:15: `template`: expected a name below"));
  RecipeHost box;
  box.recipe("a", "recipe: a\nresources:\n  - file: /x\n    template: nginx/site.cnf\n");
  box.host.put("/usr/share/mailinabox/templates/nginx/site.conf", "server {\n  name {{hots}};\n}\n");
  CHECK(has(catalog_error(box), "a.yaml:4:15: `template`: there is no file"));
  CHECK(has(catalog_error(box), "did you mean \"nginx/site.conf\"?"));
  box.recipe("a", "recipe: a\nresources:\n  - file: /x\n    template: nginx/site.conf\n");
  CHECK(catalog_error(box, {{"host", "h"}}) ==
        "/usr/share/mailinabox/templates/nginx/site.conf:2:8: unknown name \"hots\"; did you mean \"host\"? (the "
        "template "
        "is used at a.yaml:4:15)");
  box.host.files.fail_on["read /usr/share/mailinabox/templates/nginx/site.conf"] = EACCES;
  CHECK(has(catalog_error(box), "a.yaml:4:15: `template`: cannot be used: "));
}

TEST_CASE("a source file is taken byte by byte") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nresources:\n  - file: /x\n    source: raw\n");
  box.host.put("/usr/share/mailinabox/templates/raw", "{{nothing}} \xff\n");
  CHECK(box.content(box.load(), "/x") == "{{nothing}} \xff\n");
}

TEST_CASE("two resources with one id are an error at the second") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nresources:\n  - {file: /x, content: a}\n");
  box.recipe("b", "recipe: b\nresources:\n  - {file: /x, content: a}\n");
  CHECK(catalog_error(box) ==
        "b.yaml:3:6: file:/x is declared twice, first at a.yaml:3:6; expected each resource once");
}

TEST_CASE("requires: unknown recipes and circles are errors") {
  RecipeHost box;
  box.recipe("tls", "recipe: tls\n");
  box.recipe("web", "recipe: web\nrequires: [tsl]\n");
  CHECK(catalog_error(box) == "web.yaml:2:12: there is no recipe \"tsl\"; did you mean \"tls\"?");
  box.recipe("web", "recipe: web\nrequires: [tls]\n");
  box.recipe("tls", "recipe: tls\nrequires: [dns]\n");
  box.recipe("dns", "recipe: dns\nrequires: [web]\n");
  CHECK(catalog_error(box) ==
        "dns.yaml:2:12: recipes require each other in a circle: dns requires web (dns.yaml:2:12), web requires tls "
        "(web.yaml:2:12), tls requires dns (tls.yaml:2:12); remove one of these from `requires`");
  box.recipe("dns", "recipe: dns\nrequires: [dns]\n");
  CHECK(has(catalog_error(box), "dns requires dns"));
}

TEST_CASE("an unreadable recipe is an error, and the others are checked all the same") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nresources: []\n");
  box.recipe("b", "recipe: b\nresources:\n  - {file: /x, contents: y}\n");
  box.recipe("c", "recipe: c\nrequires: [a]\nresources:\n  - {file: /y, content: \"{{a.variable}}\"}\n");
  box.host.files.fail_on["read " + box.recipes + "/a.yaml"] = EACCES;
  try {
    box.load();
    FAIL("accepted");
  } catch (const RecipeError& error) {
    const std::string text = box.shortened(error.what());
    CHECK(starts(text, "a.yaml:1:1: the file cannot be used: "));
    CHECK(has(text, "\nb.yaml:3:16: unknown field \"contents\" of file"));
    CHECK_FALSE(has(text, "c.yaml"));  // what depends on the unreadable one is not judged
  }
}

TEST_CASE("all errors of all recipes are told at once") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nresources:\n  - {file: /x, contnt: y}\n  - {directory: x}\n");
  box.recipe("b", "recipe: b\nresources:\n  - {fil: /x}\n");
  const std::string text = catalog_error(box);
  CHECK(starts(text, "a.yaml:3:16: "));
  CHECK(has(text, "\na.yaml:4:17: "));
  CHECK(has(text, "\nb.yaml:3:6: "));
}

TEST_CASE("variables: errors and clashes") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nvariables: {x: \"{{nowhere}}\", y: \"{{a.x}}\"}\n");
  const std::string text = catalog_error(box);
  CHECK(starts(text, "a.yaml:2:17: unknown name \"nowhere\""));
  CHECK_FALSE(has(text, "\n"));
  box.recipe("a", "recipe: a\nvariables: {x: y}\n");
  CHECK(starts(catalog_error(box, {{"a", "taken"}}), "a.yaml:2:13: the variables of recipe a would hide \"a\""));
  box.recipe("a", "recipe: a\nresources: [{file: /x, content: \"{{b_c.v}}\"}]\nrequires: [b-c]\n");
  box.recipe("b-c", "recipe: b-c\nvariables: {v: dashes}\n");
  CHECK(box.content(box.load(), "/x") == "dashes");
}

TEST_CASE("the platform's file is part of the context; an unknown platform is not this machine") {
  RecipeHost box;
  box.host.put(box.recipes + "/platforms/ubuntu-22.04.yaml", "php: \"8.1\"\n");
  CHECK(platforms(box.host.files, box.sources) == std::vector<std::string>{"debian-12", "ubuntu-22.04"});
  CHECK(load_platform(box.host.files, box.sources, "ubuntu-22.04").find("php")->as_string() == "8.1");
  try {
    load_catalog(box.host.files, box.sources, Value(ValueMap{}), "plan9-4");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::unsuitable);
    CHECK(has(error.what(), "plan9-4"));
    CHECK(has(error.what(), "debian-12 and ubuntu-22.04"));
  }
}

TEST_CASE("load_yaml gives a tree of texts, lists and maps") {
  RecipeHost box;
  box.host.put("/etc/x.yaml", "a: [yes, 1]\nb: {c: null, d: }\n");
  CHECK(load_yaml(box.host.files, "/etc/x.yaml") ==
        Value(ValueMap{{"a", ValueList{"yes", "1"}}, {"b", ValueMap{{"c", "null"}, {"d", ""}}}}));
  CHECK_THROWS_WITH(load_yaml(box.host.files, "/etc/y.yaml"), "/etc/y.yaml:1:1: the file does not exist");
  box.host.put("/etc/x.yaml", "a: [\n");
  CHECK_THROWS_AS(load_yaml(box.host.files, "/etc/x.yaml"), RecipeError);
}

TEST_CASE("recipes.d: a file's fields replace the shipped ones, new resources are added, all marked local") {
  RecipeHost box;
  box.recipe("web",
             "recipe: web\nsummary: s\nvariables: {port: \"80\", name: x}\nresources:\n"
             "  - {file: /a, content: \"{{web.port}}{{web.name}}\", mode: \"0600\", owner: mail}\n"
             "  - {file: /b, content: b}\n");
  box.local("10-mine",
            "recipe: web\nvariables: {port: \"8080\"}\nresources:\n"
            "  - {file: /a, mode: \"0644\"}\n"
            "  - {directory: /new}\n");
  const Catalog catalog = box.load();
  CHECK(box.ids(catalog) == std::vector<std::string>{"file:/a", "file:/b", "directory:/new"});
  CHECK(box.content(catalog, "/a") == "8080x");
  CHECK(box.attribute(catalog, "file:/a", "mode") == "0644");
  CHECK(box.attribute(catalog, "file:/a", "owner") == "mail");
  CHECK(box.change(catalog, "file:/a", "mode").local);
  CHECK_FALSE(box.change(catalog, "file:/a", "owner").local);
  CHECK(catalog.entries[0].local);
  CHECK_FALSE(catalog.entries[1].local);
  CHECK(catalog.entries[2].local);
  CHECK(catalog.entries[2].recipe == "web");
  CHECK(box.shortened(to_string(catalog.entries[0].where)) == "web.yaml:5:6");
}

TEST_CASE("recipes.d: content, template and source replace each other; a new name is a new recipe") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nresources:\n  - {file: /a, template: t}\n");
  box.host.put("/usr/share/mailinabox/templates/t", "shipped");
  box.local("zz",
            "recipe: mine\nrequires: [a]\nresources:\n  - {file: /a, content: own}\n  - {file: /c, content: c}\n");
  const Catalog catalog = box.load();
  CHECK(box.content(catalog, "/a") == "own");
  CHECK(box.change(catalog, "file:/a", "content").local);
  CHECK(catalog.recipes.back().name == "mine");
  CHECK(catalog.recipes.back().local);
  CHECK(catalog.entries.back().recipe == "mine");
}

TEST_CASE("recipes.d: errors name the local file; an override of what `when` left out is left out too") {
  RecipeHost box;
  box.recipe("a", "recipe: a\nresources:\n  - {file: /a, content: x, when: facts.yes}\n");
  box.local("own", "recipe: a\nresources:\n  - {file: /a, mode: \"0600\"}\n");
  const ValueMap no{{"facts", ValueMap{{"yes", false}}}};
  CHECK(box.load(no).entries.empty());
  const Catalog merged = box.load({{"facts", ValueMap{{"yes", true}}}});
  REQUIRE(merged.entries.size() == 1);
  CHECK(box.shortened(place_of(merged.entries[0])) == "a.yaml:3:6 with /etc/mailinabox/recipes.d/own.yaml:3:6");
  box.local("own", "recipe: a\nresources:\n  - {file: /a, mode: \"0600\"}\n  - {file: /a, owner: mail}\n");
  CHECK(starts(catalog_error(box, {{"facts", ValueMap{{"yes", true}}}}),
               "/etc/mailinabox/recipes.d/own.yaml:4:6: file:/a is declared twice"));
  box.local("own", "recipe: a\nresources:\n  - {file: /b, mod: \"0600\"}\n");
  CHECK(starts(catalog_error(box, no), "/etc/mailinabox/recipes.d/own.yaml:3:16: unknown field \"mod\""));
  box.local("own", "# nothing yet\n");
  CHECK(box.load(no).entries.empty());
  box.host.put("/etc/mailinabox/recipes.d/other.yml", "recipe: a\n");
  CHECK(starts(catalog_error(box, no), "/etc/mailinabox/recipes.d/other.yml:1:1: names of recipes end in .yaml"));
}

TEST_CASE("sensitive and after_services reach the catalog") {
  RecipeHost box;
  box.recipe("a",
             "recipe: a\nresources:\n  - {file: /a, content: x, sensitive: true}\n"
             "  - {file: /b, content: x, after_services: true}\n");
  const Catalog catalog = box.load();
  CHECK(box.change(catalog, "file:/a", "content").sensitive);
  CHECK_FALSE(catalog.entries[0].after_services);
  CHECK(catalog.entries[1].after_services);
  CHECK(starts(recipe_error("  - {file: /b, content: x, after_services: true, notify: x}\n"),
               "a.yaml:4:58: a resource that is applied after the services cannot notify one"));
}

TEST_CASE("recipes.d: a variable that replaces none and that nothing reads is an error") {
  RecipeHost box;
  box.recipe("web",
             "recipe: web\nvariables: {port: \"80\", greeting: x}\nresources:\n"
             "  - {file: /a, content: \"{{web.port}}{{web.greeting}}\"}\n");
  box.recipe("plain", "recipe: plain\n");
  const std::string place = "/etc/mailinabox/recipes.d/own.yaml:";
  box.local("own", "recipe: web\nvariables:\n  port: \"81\"\n  greting: hello\n");
  CHECK(catalog_error(box) == place +
                                  "4:3: nothing reads the variable \"greting\", and recipe web has none of that name; "
                                  "it has greeting and port");
  box.local("own", "recipe: plain\nvariables: {x: y}\n");
  CHECK(catalog_error(box) == place + "2:13: nothing reads the variable \"x\", and recipe plain has no variables");
  box.local("own", "recipe: wep\nvariables: {port: \"81\"}\n");
  CHECK(catalog_error(box) == place +
                                  "2:13: nothing reads the variable \"port\"; there is no shipped recipe \"wep\"; "
                                  "did you mean \"web\"?");
}

TEST_CASE("recipes.d: a new variable that something there reads is none of the recipe's business") {
  RecipeHost box;
  box.recipe("web-site", "recipe: web-site\nvariables: {port: \"80\"}\n");
  for (const std::string use :
       {"{file: /a, content: \"{{web_site.name}}\"}", "{file: /a, content: x, when: web_site.name == y}",
        "{file: /a, content: \"{{#web_site}}{{name}}{{/web_site}}\"}", "{directory: /a, when: not web_site.name}"}) {
    CAPTURE(use);
    box.local("own", "recipe: web-site\nvariables: {name: x}\n");
    box.local("user", "recipe: mine\nrequires: [web-site]\nresources:\n  - " + use + "\n");
    CHECK_NOTHROW(box.load());
  }
  box.local("user", "recipe: mine\nresources:\n  - {file: /a, content: \"{{web_site.port}} web_site.names\"}\n");
  CHECK(starts(catalog_error(box), "/etc/mailinabox/recipes.d/own.yaml:2:13: nothing reads"));
}

TEST_CASE("recipes.d: a resource that is nearly a shipped one, or a second one for its path, is warned of") {
  RecipeHost box;
  box.recipe("web",
             "recipe: web\npackages: [nginx]\nresources:\n  - {file: /etc/web/10-site.conf, content: a}\n"
             "  - {settings: /etc/web/main.cf, format: equals, values: {a: b}}\n");
  const auto warnings = [&](const std::string& resource) {
    box.local("own", "recipe: mine\nresources:\n  - " + resource + "\n");
    return box.load().warnings;
  };
  CHECK(warnings("{file: /etc/web/10-site.conf, mode: \"0600\"}").empty());
  CHECK(warnings("{file: /etc/web/20-site.conf, content: b}").empty());
  CHECK(warnings("{file: /etc/web/10-shop.conf, content: b}").empty());
  CHECK(warnings("{package: nginy}").empty());
  const std::vector<std::string> typing = warnings("{file: /etc/web/10-stie.conf, content: b}");
  REQUIRE(typing.size() == 1);
  CHECK(box.shortened(typing[0]) ==
        "/etc/mailinabox/recipes.d/own.yaml:3:6: there was no file:/etc/web/10-stie.conf before, so it is a new "
        "resource; did you mean to override file:/etc/web/10-site.conf (web.yaml:4:6)?");
  const std::vector<std::string> second = warnings("{file: /etc/web/main.cf, content: b}");
  REQUIRE(second.size() == 1);
  CHECK(has(second[0], "second resource for the path of settings:/etc/web/main.cf"));
  box.local("own", "recipe: mine\nresources:\n  - {settings: /etc/web/mian.cf, values: {a: c}}\n");
  CHECK(has(catalog_error(box), "the field `format`"));
  CHECK(has(catalog_error(box), "did you mean to override"));
}

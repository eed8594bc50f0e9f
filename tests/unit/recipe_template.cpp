#include "recipe/template.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

namespace {

Value template_context() {
  return ValueMap{
      {"host", "box.example.com"},
      {"empty", ""},
      {"number", 25},
      {"yes", true},
      {"no", false},
      {"nothing", ValueList{}},
      {"words", ValueList{"a", "b", "c"}},
      {"platform", ValueMap{{"units", ValueMap{{"postfix", "postfix.service"}, {"web", "nginx.service"}}}}},
      {"sites", ValueList{ValueMap{{"name", "one"}, {"root", "/1"}, {"names", ValueList{"x", "y"}}},
                          ValueMap{{"name", "two"}, {"root", "/2"}, {"names", ValueList{}}}}},
  };
}

std::string rendered(const std::string& text) {
  const Value context = template_context();
  Renderer renderer(context);
  return renderer.render(text, {intern_file("t"), 1, 1});
}

std::string template_error(const std::string& text) {
  try {
    return "accepted: " + rendered(text);
  } catch (const RecipeError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("names are replaced and nothing is escaped") {
  CHECK(rendered("no tags <&>\n") == "no tags <&>\n");
  CHECK(rendered("{{host}}") == "box.example.com");
  CHECK(rendered("a {{ host }} b {{{host}}} c {{&host}}.") == "a box.example.com b box.example.com c box.example.com.");
  CHECK(rendered("{{platform.units.postfix}}:{{number}}:{{yes}}:{{empty}}|") == "postfix.service:25:true:|");
  const Value context = ValueMap{{"x", "<a href=\"b\">&'"}};
  CHECK(Renderer(context).render("{{x}}{{{x}}}", Sections::allowed) == "<a href=\"b\">&'<a href=\"b\">&'");
  CHECK(rendered("one { two } three }}") == "one { two } three }}");
}

TEST_CASE("sections repeat, test and nest; blanks and empty lines stay as written") {
  CHECK(rendered("{{#words}}{{.}},{{/words}}") == "a,b,c,");
  CHECK(rendered("{{#sites}}{{name}}={{root}} {{/sites}}") == "one=/1 two=/2 ");
  CHECK(rendered("{{#sites}}{{name}}:{{#names}}{{.}}@{{name}} {{/names}};{{/sites}}") == "one:x@one y@one ;two:;");
  CHECK(rendered("{{#yes}}1{{/yes}}{{#no}}2{{/no}}{{#nothing}}3{{/nothing}}{{#empty}}4{{/empty}}{{#host}}5{{/host}}") ==
        "15");
  CHECK(rendered("{{^yes}}1{{/yes}}{{^no}}2{{/no}}{{^nothing}}3{{/nothing}}{{^empty}}4{{/empty}}") == "234");
  CHECK(rendered("{{#platform}}{{#units}}{{postfix}} {{host}}{{/units}}{{/platform}}") ==
        "postfix.service box.example.com");
  CHECK(rendered("{{#host}}<{{.}}>{{/host}}") == "<box.example.com>");
  CHECK(rendered("{{#yes}} {{/yes}}") == " ");
  CHECK(rendered("{{#yes}}\n{{/yes}}") == "");
}

TEST_CASE("a section or comment alone on its line takes the line with it") {
  CHECK(rendered("a\n{{#words}}\n- {{.}}\n{{/words}}\nb\n") == "a\n- a\n- b\n- c\nb\n");
  CHECK(rendered("a\n  {{#no}}\n  x\n  {{/no}}\nb\n") == "a\nb\n");
  CHECK(rendered("a\n  {{! why }}  \nb\n") == "a\nb\n");
  CHECK(rendered("a {{! why }} b\n") == "a  b\n");
  CHECK(rendered("{{#yes}}\n\nx\n\n{{/yes}}\n") == "\nx\n\n");
  CHECK(rendered("{{#yes}}\r\nx\r\n{{/yes}}\r\ny") == "x\r\ny");
  CHECK(rendered("x\n{{#yes}}\ny\n{{/yes}}") == "x\ny\n");
}

TEST_CASE("delimiters can be changed for texts that have braces themselves") {
  CHECK(rendered("{{=<% %>=}}\nmap {{ x }} <% host %>\n<%={{ }}=%>\n{{number}}") == "map {{ x }} box.example.com\n25");
}

TEST_CASE("a name that is missing is an error with its place and the nearest spelling") {
  CHECK(template_error("a\nb {{hots}}") == "t:2:3: unknown name \"hots\"; did you mean \"host\"?");
  CHECK(template_error("{{platform.units.postfx}}") ==
        "t:1:1: unknown name \"platform.units.postfx\"; did you mean \"platform.units.postfix\"?");
  CHECK(template_error("x{{platform.packages.a}}") ==
        "t:1:2: unknown name \"platform.packages.a\"; \"platform\" has units");
  CHECK(template_error("{{host.name}}") == "t:1:1: unknown name \"host.name\": \"host\" has no names in it");
  CHECK(template_error("{{#sites}}\n{{nmae}}\n{{/sites}}") == "t:2:1: unknown name \"nmae\"; did you mean \"name\"?");
  CHECK(template_error("{{#nowhere}}x{{/nowhere}}").rfind("t:1:1: unknown name \"nowhere\"", 0) == 0);
  CHECK(template_error("{{^nowhere}}x{{/nowhere}}").rfind("t:1:1: unknown name \"nowhere\"", 0) == 0);
  // Within a section that is not shown nothing is looked up.
  CHECK(rendered("{{#no}}{{nowhere}}{{/no}}") == "");
}

TEST_CASE("a broken template is an error with its place") {
  CHECK(template_error("ok\n  {{host") == "t:2:3: this tag is not closed; expected }} after its name");
  CHECK(template_error("{{#words}}x") == "t:1:1: the section \"words\" is not closed; expected {{/words}} after it");
  CHECK(template_error("{{#words}}x{{/sites}}") == "t:1:12: \"sites\" ends here, but the open section is \"words\"");
  CHECK(template_error("x{{/words}}") == "t:1:2: \"words\" ends here, but no section is open");
  CHECK(template_error("{{words}}").rfind("t:1:1: \"words\" is a list; expected a text", 0) == 0);
  CHECK(template_error("{{>other}}").rfind("t:1:1: partials are not supported", 0) == 0);
  CHECK(template_error("{{}}").rfind("t:1:1: expected a name", 0) == 0);
  CHECK(template_error("${{a b}}").rfind("t:1:2: expected a name", 0) == 0);
  CHECK(template_error("{{.}}").rfind("t:1:1: {{.}} is outside", 0) == 0);
  CHECK(template_error("{{=x=}}").rfind("t:1:1: expected two delimiters", 0) == 0);
  CHECK(template_error("{{").rfind("t:1:1: this tag is not closed", 0) == 0);
  CHECK(template_error("{{{host}}").rfind("t:1:1: this tag is not closed", 0) == 0);
}

TEST_CASE("loop variables hide the context until they are removed; the same text renders anew each time") {
  Value context = template_context();
  Renderer renderer(context);
  const Value first("first");
  const Value second(ValueMap{{"name", "second"}});
  renderer.push("host", first);
  CHECK(renderer.render("{{host}}", Sections::allowed) == "first");
  renderer.push("item", second);
  CHECK(renderer.render("{{item.name}} {{host}}", Sections::allowed) == "second first");
  REQUIRE(renderer.find("item.name") != nullptr);
  renderer.pop();
  CHECK(renderer.find("item") == nullptr);
  renderer.pop();
  CHECK(renderer.render("{{host}}", Sections::allowed) == "box.example.com");
  context.as_map()["later"] = Value("known");
  CHECK(renderer.render("{{later}}", Sections::allowed) == "known");
}

TEST_CASE("where sections are refused the place of the first is given") {
  const Value context = template_context();
  Renderer renderer(context);
  CHECK(renderer.render("{{host}}", Sections::refused) == "box.example.com");
  try {
    renderer.render("ab {{#yes}}x{{/yes}}", Sections::refused);
    FAIL("accepted");
  } catch (const TemplateFault& fault) {
    CHECK(fault.offset == 3);
  }
}

#include "base/yaml_tree.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

namespace {

std::string yaml_error(const std::string& text) {
  try {
    parse_yaml(text, "t.yaml");
  } catch (const RecipeError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a YAML tree knows where everything stands, counted from 1") {
  const auto document = parse_yaml("a: 1\nlist:\n  - x\n  - {k: \"v\"}\n", "t.yaml");
  const YamlNode* list = document->root.find("list");
  REQUIRE(list != nullptr);
  CHECK(to_string(document->at(*list)) == "t.yaml:3:3");
  CHECK(to_string(document->at(list->children[1].children[1])) == "t.yaml:4:9");
  CHECK(document->root.children[0].text == "a");
  CHECK(document->root.find("nothing") == nullptr);
}

TEST_CASE("scalars are texts, whatever they look like") {
  const auto document = parse_yaml("[yes, null, ~, 0644, '0644', 1.0, \"\", ]", "t.yaml");
  std::vector<std::string> texts;
  for (const YamlNode& item : document->root.children) texts.push_back(item.text);
  CHECK(texts == std::vector<std::string>{"yes", "null", "~", "0644", "0644", "1.0", ""});
  CHECK(document->root.children[3].plain);
  CHECK_FALSE(document->root.children[4].plain);
}

TEST_CASE("a value that is left out is an empty text, also before a key that begins with null") {
  const auto document = parse_yaml("a:\nnull_client: x\nb:\n", "t.yaml");
  CHECK(document->root.find("a")->text.empty());
  CHECK(document->root.find("b")->empty_scalar());
  CHECK(document->root.find("null_client")->text == "x");
}

TEST_CASE("what the recipes' YAML does not have is refused with its place") {
  CHECK(yaml_error("a: 1\nb: 2\na: 3\n") ==
        "t.yaml:3:1: \"a\" appears twice in this mapping (first in line 1); expected each key once");
  CHECK(yaml_error("x:\n  - {k: 1, k: 2}\n").rfind("t.yaml:2:12: \"k\" appears twice", 0) == 0);
  CHECK(yaml_error("a: &x 1\n").rfind("t.yaml:1:4: anchors", 0) == 0);
  CHECK(yaml_error("a: &x {}\nb: *x\n").rfind("t.yaml:1:4: anchors", 0) == 0);
  CHECK(yaml_error("a: 1\n---\nb: 2\n").find(": a second document begins here") != std::string::npos);
  CHECK(yaml_error("a: !!int 1\n").find("tags (!name) are not supported") != std::string::npos);
  CHECK(yaml_error("? [a, b]\n: c\n").find("expected a text as a key, found a list") != std::string::npos);
}

TEST_CASE("invalid YAML is an error at its place") {
  CHECK(yaml_error("a: [1, 2\nb: 3\n").rfind("t.yaml:2:", 0) == 0);
  CHECK(yaml_error("a:\n\t- x\n").find("not valid YAML") != std::string::npos);
  CHECK(yaml_error("a: b: c\n").find("not valid YAML") != std::string::npos);
  CHECK(yaml_error(std::string(3000, '[')).find("not valid YAML") != std::string::npos);
  CHECK(yaml_error("a: \"unterminated\n") == "t.yaml:1:4: not valid YAML: this quote is not closed");
  CHECK(yaml_error("a: 'it''s\n") == "t.yaml:1:4: not valid YAML: this quote is not closed");
  CHECK(yaml_error("a: \"x\\\"\n") == "t.yaml:1:4: not valid YAML: this quote is not closed");
  CHECK(yaml_error("a: \"x\\\"\"\nb: 'it''s'\n") == "accepted");
}

TEST_CASE("a file of comments is empty; a byte order mark is no content") {
  CHECK(parse_yaml("# nothing\n", "t.yaml")->empty);
  CHECK(parse_yaml("", "t.yaml")->empty);
  CHECK(parse_yaml("\xEF\xBB\xBF"
                   "a: 1\n",
                   "t.yaml")
            ->root.find("a")
            ->text == "1");
}

TEST_CASE("a place within a scalar is found in every style") {
  const std::string source =
      "plain: one {{two}}\n"
      "double: \"a\\tb {{x}} {{y}}\"\n"
      "single: 'it''s {{x}}'\n"
      "block: |\n"
      "  first {{x}}\n"
      "    second {{y}}\n"
      "folded: >-\n"
      "  words\n"
      "  {{z}}\n";
  const auto document = parse_yaml(source, "t.yaml");
  const auto place = [&](const char* key, const char* tag) {
    const YamlNode* node = document->root.find(key);
    return to_string(document->at(*node, node->text.find(tag)));
  };
  CHECK(place("plain", "{{two") == "t.yaml:1:12");
  CHECK(place("double", "{{x") == "t.yaml:2:15");
  CHECK(place("double", "{{y") == "t.yaml:2:21");
  CHECK(place("single", "{{x") == "t.yaml:3:16");
  CHECK(place("block", "{{x") == "t.yaml:5:9");
  CHECK(place("block", "{{y") == "t.yaml:6:12");
  CHECK(place("folded", "{{z") == "t.yaml:9:3");
}

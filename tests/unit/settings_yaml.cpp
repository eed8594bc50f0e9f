#include "settings_support.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("settings yaml: set, change, keep", "[settings]") {
  CHECK(edited("yaml", "", {{"a", "1"}, {"b", ValueMap{{"c", "x y"}}}}) == "a: 1\nb:\n  c: x y\n");
  CHECK(edited("yaml", "---\n# head\na: 1 # why\nb: 2\n", {{"a", "3"}}) == "---\n# head\na: 3 # why\nb: 2\n");
  CHECK(edited("yaml", "a: \"1\"\n", {{"a", "1"}}) == "a: \"1\"\n");
  CHECK(edited("yaml", "a: 'it''s'\n", {{"a", "it's"}}) == "a: 'it''s'\n");
  CHECK(edited("yaml", "a: 'x'\n", {{"a", "y"}}) == "a: \"y\"\n");
  CHECK(edited("yaml", "a:\n", {{"a", ""}}) == "a:\n");
  CHECK(edited("yaml", "a: # none\nb: 1\n", {{"a", "x"}}) == "a: x # none\nb: 1\n");
  CHECK(edited("yaml", "\"a b\": 1\n", {{"a b", "2"}}) == "\"a b\": 2\n");
  CHECK(changes_of("yaml", "a:\n  b: 1\n", {{"a", ValueMap{{"b", "2"}, {"c", "3"}}}}) == "a.b: 1 -> 2\na.c:  -> 3\n");
}

TEST_CASE("settings yaml: nested keys", "[settings]") {
  const std::string text =
      "server:\n"
      "    # the port\n"
      "    port: 53\n"
      "    #verbosity: 1\n"
      "\n"
      "    list:\n"
      "    - port: 1\n"
      "    - x\n"
      "# about other\n"
      "other:\n"
      "    port: 54\n"
      "last: 1\n";
  CHECK(edited("yaml", text, {{"server", ValueMap{{"port", "55"}, {"verbosity", "2"}, {"zone", "a"}}}}) ==
        "server:\n"
        "    # the port\n"
        "    port: 55\n"
        "    #verbosity: 1\n"
        "    verbosity: 2\n"
        "\n"
        "    list:\n"
        "    - port: 1\n"
        "    - x\n"
        "    zone: a\n"
        "# about other\n"
        "other:\n"
        "    port: 54\n"
        "last: 1\n");
  CHECK(
      edited("yaml", "a:\n  b:\n    c: 1\n", {{"a", ValueMap{{"b", ValueMap{{"d", "2"}}}, {"e", "3"}}}, {"f", "4"}}) ==
      "a:\n  b:\n    c: 1\n    d: 2\n  e: 3\nf: 4\n");
  // What is deeper belongs to what stands before it, in whichever order the keys are asked for.
  CHECK(edited("yaml", "server:\n  b: 2\n", {{"other", "x"}, {"server", ValueMap{{"a", "1"}}}}) ==
        "server:\n  b: 2\n  a: 1\nother: x\n");
  CHECK(edited("yaml", "a:\nb: 1\n", {{"a", ValueMap{{"x", ValueMap{{"y", "1"}}}}}}) == "a:\n  x:\n    y: 1\nb: 1\n");
  CHECK(edited("yaml", "a:\n  b: 1\n#c: 2\n  d: 3\n", {{"c", "4"}}) == "a:\n  b: 1\n#c: 2\n  d: 3\nc: 4\n");
  CHECK(edited("yaml", "a: 1\n\n#c: 2\nd: 3\n", {{"c", "4"}}) == "a: 1\n\n#c: 2\nc: 4\nd: 3\n");
}

TEST_CASE("settings yaml: what it steps over", "[settings]") {
  const std::string text =
      "%YAML 1.2\n"
      "---\n"
      "text: |\n"
      "  key: 1\n"
      "# not a comment of the text\n"
      "folded: >-\n"
      "   a: b\n"
      "\n"
      "   c\n"
      "flow: {key: 1, b: [2,\n"
      "  3], \"}\": 4}\n"
      "base: &base\n"
      "  key: 1\n"
      "use:\n"
      "  <<: *base\n"
      "  x: 1\n"
      "long: one\n"
      "  two three\n"
      "quoted: \"one\n"
      "\n"
      "  key: 5\"\n"
      "below:\n"
      "  value\n"
      "items:\n"
      "- key: 6\n"
      "  other: 7\n"
      "-\n"
      "  key: 8\n";
  CHECK(edited("yaml", text, {{"key", "9"}}) == text + "key: 9\n");
  CHECK(edited("yaml", text, {{"long", "one two three"}, {"quoted", "one\nkey: 5"}}) == text);
  CHECK_THAT(edited("yaml", text, {{"long", "4"}}), Catch::Contains("x: 1\nlong: 4\nquoted"));
  CHECK_THAT(edited("yaml", text, {}, {"items"}), Catch::EndsWith("below:\n  value\n"));
  CHECK_THAT(error_of("yaml", text, {{"flow", ValueMap{{"key", "2"}}}}),
             Catch::StartsWith("/etc/x:10: flow holds a flow"));
  CHECK_THAT(error_of("yaml", text, {{"base", ValueMap{{"key", "2"}}}}),
             Catch::StartsWith("/etc/x:12: base holds an anch"));
  CHECK_THAT(error_of("yaml", text, {{"text", "2"}}), Catch::StartsWith("/etc/x:3: text holds a block of text"));
  CHECK_THAT(error_of("yaml", text, {{"items", "2"}}), Catch::StartsWith("/etc/x:24: items holds a list"));
  CHECK_THAT(error_of("yaml", text, {{"use", "2"}}), Catch::StartsWith("/etc/x:14: use holds a mapping"));
  CHECK_THAT(error_of("yaml", text, {{"long", ValueMap{{"a", "2"}}}}), Catch::Contains("long holds a single value"));
}

TEST_CASE("settings yaml: values that need quotes", "[settings]") {
  CHECK(
      edited("yaml", "", {{"a", "x: y"}, {"b", "# c"}, {"c", "it's"}, {"d", "- x"}, {"e", "a \"q\" \\"}, {"f", ""}}) ==
      "a: \"x: y\"\nb: \"# c\"\nc: it's\nd: \"- x\"\ne: a \"q\" \\\nf: \"\"\n");
  CHECK(edited("yaml", "", {{"a", "one\ntwo\tü"}, {"b", "*x"}, {"c", "http://x/#y"}, {"d", "x #y"}}) ==
        "a: \"one\\ntwo\\tü\"\nb: \"*x\"\nc: http://x/#y\nd: \"x #y\"\n");
}

TEST_CASE("settings yaml: repeated keys", "[settings]") {
  CHECK(edited("yaml", "a: 1\nb: 2\na: 3\n", {{"a", "1"}}) == "b: 2\na: 1\n");
  CHECK_THAT(error_of("yaml", "a:\n  b: 1\na:\n  c: 1\n", {{"a", ValueMap{{"b", "2"}}}}),
             Catch::StartsWith("/etc/x:3: "));
  CHECK(edited("yaml", "a:\n  b: 1\n  c: 2\n", {}, {"a.b", "x.y"}) == "a:\n  c: 2\n");
}

TEST_CASE("settings yaml: what cannot be edited safely", "[settings]") {
  for (const char* text : {"a: 1\n\tb: 2\n", "a: 1\n---\nb: 2\n", "a: 1\n  b: 2: 3\n", "a: 1\n- x\n"}) {
    INFO(text);
    CHECK_THAT(error_of("yaml", text, {{"z", "1"}}), Catch::StartsWith("/etc/x:2: "));
  }
  for (const char* text :
       {"- a\n", "just text\n", "{a: 1}\n", "a: \"x\n", "a: [1,\n", "? a\n: b\n", "&x a: 1\n", "a: b: c\n"}) {
    INFO(text);
    CHECK_THAT(error_of("yaml", text, {{"z", "1"}}), Catch::StartsWith("/etc/x:1: "));
  }
}

TEST_CASE("settings yaml: nasty texts", "[settings]") {
  CHECK(edited("yaml", "a: 1\r\nb: 2\r\n", {{"b", "3"}, {"c", ValueMap{{"d", "1"}}}}) ==
        "a: 1\r\nb: 3\r\nc:\r\n  d: 1\r\n");
  CHECK(edited("yaml", "a: 1", {{"b", "2"}}) == "a: 1\nb: 2\n");
  CHECK(edited("yaml", "a:\n  b: 1", {{"a", ValueMap{{"b", "2"}}}}) == "a:\n  b: 2");
  CHECK(edited("yaml", "\n# nothing\n\n", {{"a", "1"}}) == "\n# nothing\n\na: 1\n");
}

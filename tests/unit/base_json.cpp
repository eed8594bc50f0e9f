#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("json: text", "[base]") {
  const Json tree = {{"z", 1}, {"a", {"ä", true, nullptr}}};
  CHECK(json_text(tree, -1) == R"({"z":1,"a":["ä",true,null]})");
  CHECK(json_text(Json{{"z", 1}}) == "{\n  \"z\": 1\n}");
  CHECK(json_text(nlohmann::json{{"z", 1}, {"a", 2}}, -1) == R"({"a":2,"z":1})");
}

TEST_CASE("json: bytes that are not UTF-8 are replaced", "[base]") {
  const std::string broken = "/srv/\xff\xfe/\xc3";
  Json tree;
  tree[broken] = broken;
  CHECK(json_text(tree, -1) == "{\"/srv/\uFFFD\uFFFD/\uFFFD\":\"/srv/\uFFFD\uFFFD/\uFFFD\"}");
  CHECK(json_text(nlohmann::json(broken), -1) == "\"/srv/\uFFFD\uFFFD/\uFFFD\"");
  CHECK_NOTHROW(parse_json(json_text(tree), "it"));
}

TEST_CASE("json: read", "[base]") {
  CHECK(parse_json(R"({"b": 1, "a": "x"})", "it").dump() == R"({"b":1,"a":"x"})");
  for (const char* text : {"", "{", "{\"a\": \xff}", "\"\xff\"", "{} {}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_json(text, "the answer"), Error);
    CHECK_THROWS_WITH(parse_json(text, "the answer"), StartsWith("the answer is not valid JSON: "));
  }
}

TEST_CASE("JSON: what is nested too deeply for the stack", "[base]") {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  CHECK(parse_json(nested(100), "It").is_array());
  CHECK_THROWS_WITH(parse_json(nested(101), "It"), "It is nested deeper than 100 levels.");
  CHECK_THROWS_WITH(parse_json(std::string(1'000'000, '['), "It"), "It is nested deeper than 100 levels.");
  const std::string in_texts =
      R"({"a": ")" + std::string(500, '[') + R"(", "b\"[": "\\", "c": "\")" + std::string(500, '{') + "\"}";
  CHECK(parse_json(in_texts, "It").size() == 3);
  std::string wide = "[0";
  for (int i = 0; i < 1000; ++i) wide += ",[{}]";
  CHECK(parse_json(wide + "]", "It").size() == 1001);
}

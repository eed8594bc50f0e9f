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

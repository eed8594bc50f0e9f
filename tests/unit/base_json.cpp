#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/plain_json.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("json: text", "[base]") {
  const Json tree = {{"z", 1}, {"a", {"ä", true, nullptr}}};
  CHECK(json_text(tree, -1) == R"({"z":1,"a":["ä",true,null]})");
  CHECK(json_text(Json{{"z", 1}}) == "{\n  \"z\": 1\n}");
  CHECK(json_text(nlohmann::json{{"z", 1}, {"a", 2}}, -1) == R"({"a":2,"z":1})");
}

TEST_CASE("json: which texts are plain", "[base]") {
  CHECK(is_plain_in_json(""));
  for (int byte = 0; byte < 256; ++byte) {
    const bool plain = byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
    for (std::size_t at = 0; at < 19; ++at) {
      INFO(byte << " at " << at);
      for (const char other : {'a', ' ', '~'}) {
        std::string text(19, other);
        text[at] = static_cast<char>(byte);
        CHECK(is_plain_in_json(text) == plain);
      }
    }
  }
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
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{\"a\": \xff}"), std::string("\"\xff\""), std::string("{} {}"),
        std::string("{}\0{", 4), std::string("\"a\0\"", 4)}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_json(text, "the answer"), Error);
    CHECK_THROWS_WITH(parse_json(text, "the answer"), StartsWith("the answer is not valid JSON: "));
  }
  // What stands there may be a secret, or no text.
  CHECK_THROWS_WITH(parse_json("{\"password\": \"correct horse\\q\"}", "It"),
                    !Contains("correct horse") && Contains("line 1, column 29"));
  CHECK_THROWS_WITH(parse_json("[\"\xff\"]", "It"), !Contains("\xff") && Contains("column 3"));
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

TEST_CASE("JSON: an object of so many members that reading it would take long", "[base]") {
  const auto object = [](std::size_t members) {
    std::string text = "{";
    for (std::size_t i = 0; i < members; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\": \":\"";
    return text + "}";
  };
  CHECK(parse_json(object(1000), "It").size() == 1000);
  CHECK_THROWS_WITH(parse_json(object(1001), "It"), "It has an object of more than 1000 members.");
  CHECK(parse_json(object(1001), "It", 1001).size() == 1001);
  CHECK_THROWS_WITH(parse_json(object(200'000), "It"), "It has an object of more than 1000 members.");
  // Of each object, not of all together.
  CHECK(parse_json("[" + object(600) + "," + object(600) + "]", "It").size() == 2);
  CHECK(parse_json("{\"a\": " + object(1000) + ", \"b\": " + object(1000) + "}", "It").size() == 2);
}

#include "base/secret.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using Views = std::vector<std::string_view>;

TEST_CASE("text: trimmed and in another case", "[base]") {
  CHECK(trim(" \t\r\n\f\va b\n") == "a b");
  CHECK(trim(" \n ").empty());
  CHECK(trim("").empty());
  CHECK(trim("'a'", "'") == "a");
  CHECK(lower_case("BOX.Ünder_9") == "box.Ünder_9");  // letters outside of ASCII stay
  CHECK(upper_case("box.ünder_9z") == "BOX.üNDER_9Z");
  CHECK(is_ascii("~ \x7f"));
  CHECK_FALSE(is_ascii("a\x80"));
}

TEST_CASE("text: replaced", "[base]") {
  CHECK(replaced("aXbX", "X", "--") == "a--b--");
  CHECK(replaced("aaa", "aa", "a") == "aa");
  CHECK(replaced("x", "x", "xx") == "xx");
  CHECK(replaced("abc", "d", "e") == "abc");
  CHECK(replaced("", "d", "e").empty());
}

TEST_CASE("text: parts, lines and words", "[base]") {
  CHECK(split("a,,b", ',') == Views{"a", "", "b"});
  CHECK(split(",", ',') == Views{"", ""});
  CHECK(split("", ',') == Views{""});
  CHECK(lines_of("a\r\n\nb") == Views{"a\r", "", "b"});
  CHECK(lines_of("a\nb\n") == Views{"a", "b"});
  CHECK(lines_of("\n") == Views{""});
  CHECK(lines_of("").empty());
  CHECK(words_of("  a\tb\r\n") == Views{"a", "b"});
  CHECK(words_of(" \n").empty());
  CHECK(words_of("a b;c", ";") == Views{"a b", "c"});
  CHECK(first_word("\n ab c") == "ab");
  CHECK(first_word(" ").empty());
  CHECK(first_word("a").size() == 1);
}

TEST_CASE("text: last part of a path", "[base]") {
  CHECK(base_name("/usr/sbin/nsd") == "nsd");
  CHECK(base_name("nsd") == "nsd");
  CHECK(base_name("/usr/").empty());
}

TEST_CASE("text: lists that people type", "[base]") {
  CHECK(split_list(" a , b c\r\n,\nd") == std::vector<std::string>{"a", "b c", "d"});
  CHECK(split_list(" , \n").empty());
  CHECK(joined(std::vector<std::string>{"a", "", "b"}, ", ") == "a, , b");
  CHECK(joined(Views{"a"}, ", ") == "a");
  CHECK(joined(std::vector<std::string>{"", "a"}, ",") == ",a");
  CHECK(joined(Views{}, ", ").empty());
}

TEST_CASE("text: neighbours and members", "[base]") {
  CHECK(beside("/a/b", "c") == "/a/c");
  CHECK(beside("/a/b", "") == "/a/");
  CHECK(beside("b", "c") == "c");
  CHECK(contains(Views{"a", "b"}, "b"));
  CHECK_FALSE(contains(std::vector<std::string>{"ab"}, std::string_view("a")));
}

TEST_CASE("text: numbers", "[base]") {
  CHECK(parse_number<std::uint16_t>("65535") == 65535);
  CHECK(parse_number<int>("-7") == -7);
  CHECK(parse_number<unsigned>("0755", 8) == 0755U);
  CHECK(parse_number<unsigned>("fF", 16) == 255U);
  for (const char* text : {"", "65536", "-1", "+1", " 1", "1 ", "1x", "0x1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number<std::uint16_t>(text));
  }
}

TEST_CASE("text: fractions", "[base]") {
  CHECK(parse_fraction("12") == 12.0);
  CHECK(parse_fraction("0.25") == 0.25);
  for (const char* text : {"", ".", "1,5", " 1", "1 ", "1e3", "+1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_fraction(text));
  }
}

TEST_CASE("text: characters of UTF-8", "[base]") {
  CHECK(characters_in("") == 0);
  CHECK(characters_in("Mülheim") == 7);
  CHECK(characters_in("\xff"
                      "a") == 2);
  CHECK(shortened("Mülheim", 8) == "Mülheim");
  CHECK(shortened("Mülheim", 7) == "Mülhei…");
  CHECK(shortened("Mülheim", 2) == "M…");
  CHECK(without_blanks(" 12 3\t4\n") == "1234");
}

TEST_CASE("text: compared in constant time", "[base]") {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(equal_in_constant_time("abc", "ab"));
}

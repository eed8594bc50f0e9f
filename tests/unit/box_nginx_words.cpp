// Texts of an administrator's as words of nginx' configuration.
#include "box/web/nginx_words.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

std::string location_of(const std::string& text) {
  const NginxLocation location = nginx_location(text);
  return location.modifier.empty() ? location.match : location.modifier + " " + location.match;
}

int fault_line(const std::string& text) {
  const auto fault = snippet_fault(text);
  return fault ? fault->line : 0;
}

}  // namespace

TEST_CASE("nginx words: quoted, with backslashes as they are") {
  CHECK(nginx_word("^/(.*)$") == R"("^/(.*)$")");
  CHECK(nginx_word(R"(^/(\d{4})/;x y)") == R"("^/(\d{4})/;x y")");
  CHECK(nginx_word(R"(a"b)") == R"("a\"b")");
  CHECK(nginx_word(R"(a\"b)") == R"("a\"b")");
  CHECK(nginx_word(R"(a\\"b)") == R"("a\\\"b")");
  CHECK(nginx_word("it's") == "\"it's\"");
  CHECK(nginx_word("müller") == "\"müller\"");
}

TEST_CASE("nginx words: quotes that are there already are nginx' own") {
  CHECK(nginx_word(R"("^/a{2}")") == R"("^/a{2}")");
  CHECK(nginx_word("'^/a b'") == "'^/a b'");
  CHECK(nginx_word(R"('a\'b')") == R"('a\'b')");
  for (const char* open : {"\"a", "'a", "\"", "'a'b", R"("a\")", "\"a\" \"b\""}) {
    INFO(open);
    CHECK_THROWS_AS(nginx_word(open), Error);
  }
}

TEST_CASE("nginx words: what cannot be in one") {
  for (const std::string& text : {std::string(), std::string("a\nb"), std::string("a\tb"), std::string("\x7F"),
                                  std::string(1, '\0'), std::string("a\\"), std::string("\\")}) {
    INFO(text);
    CHECK_THROWS_AS(nginx_word(text), Error);
  }
  CHECK(nginx_word("a\\\\") == "\"a\\\\\"");
}

TEST_CASE("nginx locations: a path, or a modifier and what it is for") {
  CHECK(location_of("/blog/") == "\"/blog/\"");
  CHECK(location_of("= /blog") == "= \"/blog\"");
  CHECK(location_of("=/blog") == "= \"/blog\"");
  CHECK(location_of("^~ /blog") == "^~ \"/blog\"");
  CHECK(location_of("~ ^/(a|b)/") == "~ \"^/(a|b)/\"");
  CHECK(location_of("~* \\.php$") == "~* \"\\.php$\"");
  CHECK(location_of("~ \"^/a{2}\"") == "~ \"^/a{2}\"");
  CHECK(location_of("/a { deny all; } location /b") == "\"/a { deny all; } location /b\"");
  for (const char* text : {"", "blog", "@named", "=", "= blog", "^~ x", "~", "~*  ", "*"}) {
    INFO(text);
    CHECK_THROWS_WITH(nginx_location(text), Contains("expected a path that begins with /"));
  }
}

TEST_CASE("nginx snippets: one that ends the server block is found, with its line") {
  CHECK(fault_line("") == 0);
  CHECK(fault_line("location / {\n  deny all;\n}\n") == 0);
  CHECK(fault_line("}\nserver {\n") == 1);
  CHECK(fault_line("location / {\n}\n}\n") == 3);
  CHECK(fault_line("a \"}\";\n# }\nb '}';\nc \\};\n") == 0);
  CHECK(fault_line("a it's;\n}\n") == 2);     // a quote within a word is a letter
  CHECK(fault_line("a b#c;\n} # d\n") == 2);  // so is a hash
  CHECK(fault_line("a ${name}x};\n") == 0);   // nginx reads one word
  CHECK(fault_line("a ${name}; }\n") == 1);
  CHECK(fault_line("a ${name};\n") == 0);
  CHECK(fault_line("gzip_types ${ x; } server {\n") == 1);  // what a blank ends is no variable
  CHECK(fault_line("a ${b;} server {\n") == 1);
  CHECK(fault_line("a ${b{}} server {\n") == 1);
  CHECK(fault_line("a $ {}} server {\n") == 1);
  CHECK(fault_line("a \\${ }} server {\n") == 1);
  CHECK(fault_line("a \"b\\\"}\";\n}") == 2);
  CHECK(fault_line("a;{}}") == 1);
}

#include "settings_support.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("settings equals: set, change, keep, with the file's own blanks", "[settings]") {
  CHECK(edited("equals", "", {{"ssl", "required"}}) == "ssl = required\n");
  CHECK(edited("equals", "a=1\nb=2\n", {{"b", "3"}, {"c", "4"}}) == "a=1\nb=3\nc=4\n");
  CHECK(edited("equals", "  a\t=  1\n", {{"a", "2"}}) == "  a\t=  2\n");
  CHECK(edited("equals", "a =\n", {{"a", ""}}) == "a =\n");
  CHECK(edited("equals", "a =\n", {{"a", "x"}}) == "a = x\n");
  CHECK(edited("equals", "a = x\n", {{"a", ""}}) == "a =\n");
  CHECK(changes_of("equals", "a = 1\n", {{"a", "2"}}) == "a: 1 -> 2\n");
}

TEST_CASE("settings equals: blocks are another's", "[settings]") {
  const std::string text =
      "protocol imap {\n"
      "  #mail_plugins = old\n"
      "  mail_plugins = inner\n"
      "}\n"
      "#mail_plugins = \n"
      "!include conf.d/*.conf\n";
  CHECK(edited("equals", text, {{"mail_plugins", "quota"}}) ==
        "protocol imap {\n"
        "  #mail_plugins = old\n"
        "  mail_plugins = inner\n"
        "}\n"
        "#mail_plugins = \n"
        "mail_plugins = quota\n"
        "!include conf.d/*.conf\n");
  CHECK_THAT(error_of("equals", "a {\n  b = 1\n", {{"c", "1"}}), StartsWith("/etc/x:1: this block does not end"));
  CHECK_THAT(error_of("equals", "a = 1\n}\n", {{"c", "1"}}), StartsWith("/etc/x:2: this ends a block"));
}

TEST_CASE("settings equals: repeated keys end as one, in the place of the last", "[settings]") {
  CHECK(edited("equals", "#a = 0\na = 1\nb = 2\na = 3\n", {{"a", "1"}}) == "#a = 0\nb = 2\na = 1\n");
  CHECK(edited("equals", "a = 1\nb = 2\na = 3\n", {}, {"a"}) == "b = 2\n");
}

TEST_CASE("settings equals: continued lines", "[settings]") {
  CHECK(edited("equals", "a = 1 \\\n  2\nb = 3\n", {{"a", "1 2"}}) == "a = 1 \\\n  2\nb = 3\n");
  CHECK(edited("equals", "a = 1 \\\n  2\nb = 3\n", {{"a", "9"}}) == "a = 9\nb = 3\n");
  CHECK_THAT(error_of("equals", "a = 1 \\\n", {{"b", "1"}}), StartsWith("/etc/x:1: a backslash"));
}

TEST_CASE("settings equals: nasty texts", "[settings]") {
  CHECK(edited("equals", "a = 1\r\n\r\n#b = 2\r\nc = 3", {{"b", "ü"}, {"d", "4"}}) ==
        "a = 1\r\n\r\n#b = 2\r\nb = ü\r\nc = 3\r\nd = 4\r\n");
  CHECK(edited("equals", "\n\n", {{"a", "1"}}) == "\n\na = 1\n");
  CHECK(edited("equals", "a = x=y\n", {{"a", "x=z"}}) == "a = x=z\n");
  CHECK_THAT(refusal_of("equals", {{"a", "1\n2"}}), Contains("one line"));
  CHECK_THAT(refusal_of("equals", {{"a", "1 \\"}}), Contains("backslash"));
}

#include "settings_support.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("settings postfix: a key is set, changed, kept", "[settings]") {
  CHECK(edited("postfix", "", {{"biff", "no"}}) == "biff = no\n");
  CHECK(edited("postfix", "a = 1\nbiff = yes\nb = 2\n", {{"biff", "no"}}) == "a = 1\nbiff = no\nb = 2\n");
  CHECK(edited("postfix", "biff=no\n", {{"biff", "no"}}) == "biff=no\n");
  CHECK(edited("postfix", "a = 1", {{"biff", "no"}}) == "a = 1\nbiff = no\n");
  CHECK(edited("postfix", "relayhost =\n", {{"relayhost", ""}}) == "relayhost =\n");
  CHECK(edited("postfix", "relayhost = x\n", {{"relayhost", ""}}) == "relayhost =\n");
  CHECK(changes_of("postfix", "message_size_limit = 10\n", {{"message_size_limit", "20"}, {"new", "x"}}) ==
        "message_size_limit: 10 -> 20\nnew:  -> x\n");
}

TEST_CASE("settings postfix: continuation lines", "[settings]") {
  const std::string text =
      "a = 1\n"
      "list = one,\n"
      "# a comment in between\n"
      "\n"
      "\ttwo,\n"
      "   three\n"
      "b = 2\n";
  CHECK(edited("postfix", text, {{"list", "one, two, three"}}) == text);
  CHECK(edited("postfix", text, {{"list", "one\n  ,\ttwo"}}) ==
        "a = 1\nlist = one , two\n# a comment in between\n\nb = 2\n");
  CHECK(edited("postfix", text, {}, {"list"}) == "a = 1\n# a comment in between\n\nb = 2\n");
  // A new key must not come between a line and its continuation.
  CHECK(edited("postfix", "list = one,\n#biff = yes\n  two\nb = 2\n", {{"biff", "no"}}) ==
        "list = one,\n#biff = yes\n  two\nb = 2\nbiff = no\n");
  CHECK(edited("postfix", "list = one,\n  two", {{"z", "1"}}) == "list = one,\n  two\nz = 1\n");
}

TEST_CASE("settings postfix: a file that the original's line editor worked on", "[settings]") {
  const std::string text =
      "# See /usr/share/postfix/main.cf.dist\n"
      "#myorigin = /etc/mailname\n"
      "#smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)\n"
      "smtpd_banner=$myhostname ESMTP Hi, I'm a Mail-in-a-Box\n"
      "#mydestination = localhost\n"
      "mydestination=localhost\n"
      "mydestination = box, localhost\n"
      "inet_interfaces = all\n"
      "inet_interfaces = all\n";
  CHECK(edited("postfix", text,
               {{"smtpd_banner", "$myhostname ESMTP"}, {"mydestination", "localhost"}, {"inet_interfaces", "all"}}) ==
        "# See /usr/share/postfix/main.cf.dist\n"
        "#myorigin = /etc/mailname\n"
        "#smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)\n"
        "smtpd_banner = $myhostname ESMTP\n"
        "#mydestination = localhost\n"
        "mydestination = localhost\n"
        "inet_interfaces = all\n");
  CHECK(changes_of("postfix", text, {{"inet_interfaces", "all"}}) == "inet_interfaces: all, then all -> all\n");
}

TEST_CASE("settings postfix: a new key stands behind its commented-out version", "[settings]") {
  CHECK(edited("postfix", "a = 1\n#myorigin = /etc/mailname\nb = 2\n", {{"myorigin", "x"}}) ==
        "a = 1\n#myorigin = /etc/mailname\nmyorigin = x\nb = 2\n");
  CHECK(edited("postfix", "a = 1\n# myorigin=/etc/mailname", {{"myorigin", "x"}}) ==
        "a = 1\n# myorigin=/etc/mailname\nmyorigin = x\n");
}

TEST_CASE("settings postfix: unset removes every active line", "[settings]") {
  CHECK(edited("postfix", "a = 1\nx = 2\n  3\n#x = 4\nx = 5\n", {}, {"x", "y"}) == "a = 1\n#x = 4\n");
  CHECK(changes_of("postfix", "x = 2\nx = 5\n", {}, {"x"}) == "x: 2, then 5 -> \n");
}

TEST_CASE("settings postfix: nasty texts", "[settings]") {
  CHECK(edited("postfix", "a = 1\r\nb = 2\r\n", {{"b", "3"}, {"c", "4"}}) == "a = 1\r\nb = 3\r\nc = 4\r\n");
  CHECK(edited("postfix",
               "\xEF\xBB\xBF"
               "a = 1\n",
               {{"a", "2"}}) ==
        "\xEF\xBB\xBF"
        "a = 2\n");
  CHECK(edited("postfix", "banner = Grüße\n", {{"banner", "Grüße an 日本"}}) == "banner = Grüße an 日本\n");
  CHECK(edited("postfix", "a\t=\t1 \t\nb = 2", {{"a", "1"}, {"b", "3"}}) == "a\t=\t1 \t\nb = 3");
  CHECK(edited("postfix", "empty =\nempty = \n", {{"empty", ""}}) == "empty =\n");
  CHECK(edited("postfix", "a = b = c\n", {{"a", "b = c"}}) == "a = b = c\n");
}

TEST_CASE("settings postfix: what Postfix would not read", "[settings]") {
  CHECK_THAT(error_of("postfix", "a = 1\nnonsense\n", {{"a", "1"}}), StartsWith("/etc/x:2: expected \"name = "));
  CHECK_THAT(error_of("postfix", "  a = 1\n", {{"a", "1"}}), StartsWith("/etc/x:1: a continuation line"));
  CHECK_THAT(error_of("postfix", std::string("a = 1\n\0", 7), {{"a", "1"}}), StartsWith("/etc/x:2: "));
  CHECK_THAT(refusal_of("postfix", {{"a b", "1"}}), Contains("cannot be a key"));
  CHECK_THAT(refusal_of("postfix", {{"a", ValueMap{}}}), Contains("must be a text"));
}

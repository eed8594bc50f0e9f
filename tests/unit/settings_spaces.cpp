#include "settings_support.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("settings spaces: set, change, keep", "[settings]") {
  CHECK(edited("spaces", "", {{"Port", "22"}}) == "Port 22\n");
  CHECK(edited("spaces", "Port\t\t22\nX y\n", {{"Port", "23"}}) == "Port\t\t23\nX y\n");
  CHECK(edited("spaces", "FAIL_DELAY\t\t3\n", {{"FAIL_DELAY", "3"}}) == "FAIL_DELAY\t\t3\n");
  CHECK(edited("spaces", "passwordauthentication yes\n", {{"PasswordAuthentication", "no"}}) ==
        "passwordauthentication no\n");
  CHECK(edited("spaces", "Flag\n", {{"Flag", ""}}) == "Flag\n");
  CHECK(edited("spaces", "Flag x\n", {{"Flag", ""}}) == "Flag\n");
}

TEST_CASE("settings spaces: repeated keys end as one", "[settings]") {
  CHECK(edited("spaces", "Port 22\nPort 2222\nx y\n", {{"Port", "22"}}) == "Port 22\nx y\n");
  CHECK(edited("spaces", "!include a\nx = y\n!include b\n#!include c\n", {}, {"!include"}) == "x = y\n#!include c\n");
}

TEST_CASE("settings spaces: a new key stands behind its commented-out version", "[settings]") {
  CHECK(edited("spaces", "# Port is where it listens\n#Port 22\nx y\n", {{"Port", "23"}}) ==
        "# Port is where it listens\n#Port 22\nPort 23\nx y\n");
}

TEST_CASE("settings spaces: what follows a Match line is conditional", "[settings]") {
  const std::string text = "A 1\n\n# For guests\nMatch User guest\n  Port 1\n  #B 1\n";
  CHECK(edited("spaces", text, {{"B", "2"}, {"Port", "22"}}) ==
        "A 1\nB 2\nPort 22\n\n# For guests\nMatch User guest\n  Port 1\n  #B 1\n");
}

TEST_CASE("settings spaces: nasty texts", "[settings]") {
  CHECK(edited("spaces", "A 1\r\nB 2", {{"C", "ü x"}}) == "A 1\r\nB 2\r\nC ü x\r\n");
  CHECK_THAT(refusal_of("spaces", {{"A b", "1"}}), Contains("cannot be a key"));
}

TEST_CASE("settings spaces: one key in two spellings is refused", "[settings]") {
  CHECK_THAT(refusal_of("spaces", {{"Port", "22"}, {"port", "23"}}), Contains("are the same key in this format"));
}

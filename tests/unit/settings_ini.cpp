#include "settings_support.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {
ValueMap in(const std::string& section, const std::string& key, const std::string& value) {
  return {{section, ValueMap{{key, value}}}};
}
}  // namespace

TEST_CASE("settings ini: set, change, keep within its section", "[settings]") {
  const std::string text = "top = 0\n\n[a]\nx = 1\n\n# About b\n[b]\nx = 2\n";
  CHECK(edited("ini", text, in("a", "x", "1")) == text);
  CHECK(edited("ini", text, in("b", "x", "3")) == "top = 0\n\n[a]\nx = 1\n\n# About b\n[b]\nx = 3\n");
  CHECK(edited("ini", text, in("a", "y", "3")) == "top = 0\n\n[a]\nx = 1\ny = 3\n\n# About b\n[b]\nx = 2\n");
  CHECK(edited("ini", text, in("b", "y", "3")) == "top = 0\n\n[a]\nx = 1\n\n# About b\n[b]\nx = 2\ny = 3\n");
  CHECK(edited("ini", text, in("", "top", "1")) == "top = 1\n\n[a]\nx = 1\n\n# About b\n[b]\nx = 2\n");
  CHECK(edited("ini", text, in("", "new", "1")) == "top = 0\nnew = 1\n\n[a]\nx = 1\n\n# About b\n[b]\nx = 2\n");
  CHECK(edited("ini", text, {{"c", ValueMap{{"x", "1"}, {"y", "2"}}}}) == text + "\n[c]\nx = 1\ny = 2\n");
  CHECK(edited("ini", "", in("c", "x", "1")) == "[c]\nx = 1\n");
  CHECK(edited("ini", "# About a\n[a]\nx=1\n", in("", "new", "1")) == "new=1\n# About a\n[a]\nx=1\n");
  CHECK(edited("ini", "[a]\n[b]\n", in("a", "x", "1")) == "[a]\nx = 1\n[b]\n");
  CHECK(changes_of("ini", text, {{"a", ValueMap{{"x", "9"}}}, {"", ValueMap{{"top", "8"}}}}) ==
        "top: 0 -> 8\na.x: 1 -> 9\n");
}

TEST_CASE("settings ini: an unusual key is never indented", "[settings]") {
  CHECK(edited("ini", "a = 0\n b=4\n", in("", ")x", "5")) == "a = 0\n b=4\n)x=5\n");
  CHECK(edited("ini", "a = 0\n b=4\n", in("", "x", "5")) == "a = 0\n b=4\n x=5\n");
}

TEST_CASE("settings ini: a new key stands behind its commented-out version of the same section", "[settings]") {
  CHECK(edited("ini", "[a]\n;x = 1\ny = 2\n[b]\n;x = 3\nz = 4\n", in("b", "x", "5")) ==
        "[a]\n;x = 1\ny = 2\n[b]\n;x = 3\nx = 5\nz = 4\n");
}

TEST_CASE("settings ini: continued values", "[settings]") {
  const std::string text = "[DEFAULT]\nignoreip = 127.0.0.1\n           10.0.0.0/8\n# kept\n           ::1\nx = 1\n";
  CHECK(edited("ini", text, in("DEFAULT", "ignoreip", "127.0.0.1\n10.0.0.0/8\n::1\n")) == text);
  CHECK(edited("ini", text, in("DEFAULT", "ignoreip", "127.0.0.1\n::1")) ==
        "[DEFAULT]\nignoreip = 127.0.0.1\n    ::1\n# kept\nx = 1\n");
  CHECK(edited("ini", text, {}, {"DEFAULT.ignoreip"}) == "[DEFAULT]\n# kept\nx = 1\n");
  CHECK(edited("ini", "[a]\n\tx = 1\n\ty = 2\n", in("a", "y", "3")) == "[a]\n\tx = 1\n\ty = 3\n");
}

TEST_CASE("settings ini: an indented line below a key without a value does not become part of a value", "[settings]") {
  const std::string text = "a = 1\nkey\n#new = 1\n  c: x\n";
  CHECK(error_of("ini", text, in("", "key", "value")) ==
        "/etc/x:2: the indented line below it would become part of its value; remove its indentation");
  CHECK_THAT(error_of("ini", text, {}, {"key"}), StartsWith("/etc/x:2: "));
  CHECK(edited("ini", text, in("", "a", "2")) == "a = 2\nkey\n#new = 1\n  c: x\n");
  CHECK(edited("ini", text, in("", "new", "2")) == "a = 1\nkey\n#new = 1\n  c: x\nnew = 2\n");
  CHECK(edited("ini", "[s]\n#new = 1\n  c: x\n", in("s", "new", "2")) == "[s]\n#new = 1\n  c: x\nnew = 2\n");
}

TEST_CASE("settings ini: repeated keys and sections", "[settings]") {
  CHECK(edited("ini", "[a]\nx = 1\n[b]\n[a]\nx = 2\nx = 3\n", in("a", "x", "2")) == "[a]\n[b]\n[a]\nx = 2\n");
  CHECK(edited("ini", "[a]\nx = 1\n[b]\nx = 1\n[a]\nx = 2\n", {}, {"a.x", "b.none"}) == "[a]\n[b]\nx = 1\n[a]\n");
  CHECK(edited("ini", "[a.b]\nc.d = 1\n", {}, {"a.b.c.d"}) == "[a.b]\n");
  CHECK(edited("ini", "x = 1\n[a]\nx = 1\n", {}, {"x"}) == "[a]\nx = 1\n");
}

TEST_CASE("settings ini: nasty texts", "[settings]") {
  CHECK(edited("ini", "\v.f=1\n", in("", "a", "2")) == "\v.f=1\n\va=2\n");  // an indentation that is no blank
  CHECK(edited("ini", "[a]\r\nx = 1\r\n", in("b", "ü", "2")) == "[a]\r\nx = 1\r\n\r\n[b]\r\nü = 2\r\n");
  CHECK(edited("ini", "[a]\nskip\nx =\n\n\n", in("a", "x", "2")) == "[a]\nskip\nx = 2\n\n\n");
  CHECK(edited("ini", "[a] ; why\nx=1", in("a", "y", "")) == "[a] ; why\nx=1\ny=\n");
  CHECK_THAT(error_of("ini", "x = 1\n[a\n", in("a", "x", "2")), StartsWith("/etc/x:2: expected \"[section]\""));
  CHECK_THAT(refusal_of("ini", {{"a", "b"}}), Contains("must be a section"));
  CHECK_THAT(refusal_of("ini", in("a", "x", "1\n# 2")), Contains("would not be read as part of it"));
}

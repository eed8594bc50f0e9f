#include <cstdio>

#include "settings_support.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("settings shell: set, change, keep", "[settings]") {
  CHECK(edited("shell", "", {{"OPTS", "--a --b"}}) == "OPTS=\"--a --b\"\n");
  CHECK(edited("shell", "OPTS='--a --b'\n", {{"OPTS", "--a --b"}}) == "OPTS='--a --b'\n");
  CHECK(edited("shell", "OPTS=--a\\ --b\n", {{"OPTS", "--a --b"}}) == "OPTS=--a\\ --b\n");
  CHECK(edited("shell", "OPTS='a'\"b\"c\n", {{"OPTS", "abc"}}) == "OPTS='a'\"b\"c\n");
  CHECK(edited("shell", "export OPTS=a # why\n", {{"OPTS", "b"}}) == "export OPTS=\"b\" # why\n");
  CHECK(edited("shell", "#OPTS=\"\"\nX=1\n", {{"OPTS", "b"}}) == "#OPTS=\"\"\nOPTS=\"b\"\nX=1\n");
  CHECK(edited("shell", "OPTS=\nOPTS=x\n", {{"OPTS", ""}}) == "OPTS=\"\"\n");
  CHECK(edited("shell", "OPTS=\n", {{"OPTS", ""}}) == "OPTS=\n");
  CHECK(edited("shell", "A=1\nB=2\nA=3\n", {}, {"A"}) == "B=2\n");
}

TEST_CASE("settings shell: values that the shell would compute", "[settings]") {
  CHECK(edited("shell", "OPTS=\"$HOME/x\"\n", {{"OPTS", "$HOME/x"}}) == "OPTS=\"\\$HOME/x\"\n");
  CHECK(edited("shell", "OPTS='$HOME/x'\n", {{"OPTS", "$HOME/x"}}) == "OPTS='$HOME/x'\n");
  CHECK_THAT(error_of("shell", "A=1\nOPTS=$(hostname -f)\n", {{"OPTS", "x"}}), StartsWith("/etc/x:2: expected"));
  CHECK_THAT(error_of("shell", "OPTS=a; OTHER=b\n", {{"OPTS", "x"}}), StartsWith("/etc/x:1: expected"));
  CHECK_THAT(error_of("shell", "OPTS=a OTHER=b\n", {}, {"OPTS"}), StartsWith("/etc/x:1: expected"));
  CHECK(edited("shell", "OTHER=$(hostname -f)\n", {{"OPTS", "x"}}) == "OTHER=$(hostname -f)\nOPTS=\"x\"\n");
}

TEST_CASE("settings shell: assignments inside of commands are another's", "[settings]") {
  const std::string text =
      "if [ -f /etc/y ]; then\n"
      "  OPTS=inner\n"
      "  #OPTS=template\n"
      "fi\n"
      "case \"$1\" in\n"
      "  a) OPTS=1 ;;\n"
      "esac\n"
      "start() {\n"
      "  OPTS=2\n"
      "}\n"
      "for x in 1 2; do\n"
      "  OPTS=$x\n"
      "done\n"
      "OPTS=3 printenv\n"
      "echo \"it's\" 'if' # isn't\n"
      "test -x /bin/y || exit 0\n";
  CHECK(edited("shell", text, {{"OPTS", "x"}}) == text + "OPTS=\"x\"\n");
  CHECK_THAT(error_of("shell", "if true; then\nA=1\n", {{"OPTS", "x"}}), StartsWith("/etc/x:1: this (if, case"));
}

TEST_CASE("settings shell: quotes over several lines", "[settings]") {
  CHECK(edited("shell", "A=\"one\n#OPTS=no\ntwo\"\nB=1\n", {{"OPTS", "x"}}) ==
        "A=\"one\n#OPTS=no\ntwo\"\nB=1\nOPTS=\"x\"\n");
  CHECK(edited("shell", "A=\"one \\\n  two\"\nB=1\n", {{"A", "x"}}) == "A=\"x\"\nB=1\n");
  CHECK_THAT(error_of("shell", "A=1\nB=\"x\nC=2\n", {{"A", "x"}}), StartsWith("/etc/x:2: this quote"));
  CHECK_THAT(error_of("shell", "A='x\n", {{"A", "x"}}), StartsWith("/etc/x:1: this quote"));
  CHECK_THAT(error_of("shell", "cat <<E\nA=1\nE\n", {{"A", "x"}}), StartsWith("/etc/x:1: files with here-documents"));
}

TEST_CASE("settings shell: what sh reads is what was wanted", "[settings]") {
  const std::vector<std::string> nasty{"a b", "$HOME `id` \"q\" 'q' \\ \\\\ !x", "--x=\"y z\"", "ü 日本", "a;b&c|d>e#f",
                                       "*"};
  for (const std::string& value : nasty) {
    const std::string text = edited("shell", "#V=1\n", {{"V", value}});
    FILE* file = ::popen(("sh <<'END_OF_SCRIPT'\n" + text + "printf %s \"$V\"\nEND_OF_SCRIPT\n").c_str(), "r");
    REQUIRE(file != nullptr);
    std::string read;
    char buffer[256];
    while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, file)) read.append(buffer, count);
    CHECK(::pclose(file) == 0);
    CHECK(read == value);
  }
}

TEST_CASE("settings shell: nasty texts", "[settings]") {
  CHECK(edited("shell", "A=1\r\n", {{"B", "2"}}) == "A=1\r\nB=\"2\"\r\n");
  CHECK(edited("shell", "A=1", {{"A", "2"}}) == "A=\"2\"");
  CHECK(edited("shell", "\tA=1\\\n2\n", {{"A", "12"}, {"B", "2"}}) == "\tA=1\\\n2\nB=\"2\"\n");
  CHECK_THAT(error_of("shell", "B=1\nA=1\\\n", {{"B", "2"}}), StartsWith("/etc/x:2: a backslash"));
  CHECK_THAT(error_of("shell", "x\\", {{"B", "2"}}), StartsWith("/etc/x:1: a backslash"));
  CHECK_THAT(refusal_of("shell", {{"A-B", "1"}}), Contains("cannot be a variable"));
  CHECK_THAT(refusal_of("shell", {{"A", "1\n2"}}), Contains("one line"));
}

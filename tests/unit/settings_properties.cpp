// Promises that hold for every text: made from a grammar of nasty pieces with a fixed seed.
#include <random>

#include "settings_support.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::vector<std::string>& pieces_of(const std::string& format) {
  static const std::map<std::string, std::vector<std::string>> k_pieces{
      {"postfix",
       {"a = 1", "a=2", "b =", "b = x y", "#a = 0", "# b=1", "  more", "\tmore, still", "", "# comment", "c = ü", "#",
        "  "}},
      {"postfix-master",
       {"a inet n - - - - x", "a inet n - y - - x -o p=1", "b unix - - - - - y", "  -o p=1 -o q=2",
        "#a inet n - - - - x", "#  -o p=1", "", "# comment", "  # comment", "b unix - - - 5 - y argv=z"}},
      {"equals",
       {"a = 1", "a=2", "  b\t= x", "#a = 0", ";b = 1", "block {\n  a = 9\n}", "!include x", "", "c = 1 \\\n  2",
        "b ="}},
      {"spaces",
       {"a 1", "A\t2", "b", "  b x y", "#a 0", "# b is", "Match x\n a 9", "", "block {\n a 9\n}", "!include x"}},
      {"shell",
       {"a=1", "export a='2'", "b=\"x y\" # why", "#a=0", "if x; then\n  a=9\nfi", "", "# it's", "b=\"$HOME\"",
        "b=", "c=\"1\n#a=1\n2\"", "exit 0", "a=1 run"}},
      {"ini",
       {"a = 1", "a=2", "[s]", "[t]", "b = x\n    y", ";a = 0", "#b = 1", "", "skip", "  b = z", "[s]\na = 3",
        "# comment"}},
  };
  return k_pieces.at(format);
}

ValueMap wanted_of(const std::string& format, const std::string& value) {
  if (format == "ini") {
    return {{"s", ValueMap{{"a", value}, {"b", "2"}}}, {"", ValueMap{{"a", "0"}}}, {"new", ValueMap{{"a", value}}}};
  }
  if (format == "postfix-master") {
    return {{"a/inet", ValueMap{{"command", "x"}, {"options", ValueMap{{"p", value}}}}},
            {"b/unix", ValueMap{{"command", "y"}, {"process_limit", "1"}}}};
  }
  return {{"a", value}, {"b", "2"}};
}

// All lines of a text that are comments, in order: none may be lost.
std::vector<std::string> comments_of(const std::string& text) {
  std::vector<std::string> result;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    if (line.starts_with('#') || line.starts_with(';')) result.push_back(line.substr(0, line.find('\r')));
    start = end + 1;
  }
  return result;
}

}  // namespace

TEST_CASE("settings: every format is idempotent and loses no comment", "[settings]") {
  std::mt19937 random(20261123);
  for (const SettingsFormat& format : settings_formats()) {
    const std::string name(format.name);
    const auto& pieces = pieces_of(name);
    int edits = 0;
    for (int round = 0; round < 1500; ++round) {
      const std::string end = random() % 4 == 0 ? "\r\n" : "\n";
      std::string text;
      for (std::size_t count = random() % 8; count > 0; --count) {
        std::string piece = pieces[random() % pieces.size()];
        for (std::size_t at = 0; end != "\n" && (at = piece.find('\n', at)) != std::string::npos; at += 2) {
          piece.replace(at, 1, end);
        }
        text += piece + (count == 1 && random() % 3 == 0 ? "" : end);
      }
      const WantedSettings wanted{wanted_of(name, random() % 2 == 0 ? "1" : "x y"), {"c"}, "#"};
      EditedText first;
      try {
        first = format.edit("/etc/x", text, wanted);
      } catch (const std::exception& error) {
        CHECK(std::string(error.what()).starts_with("/etc/x:"));
        continue;
      }
      ++edits;
      INFO(name << "\n--- before\n" << text << "\n--- after\n" << first.text);
      REQUIRE(first.changes.empty() == (first.text == text));
      const EditedText second = format.edit("/etc/x", first.text, wanted);
      REQUIRE(second.text == first.text);
      REQUIRE(second.changes.empty());
      if (name != "shell")
        REQUIRE(comments_of(first.text) == comments_of(text));  // in shell a text may hold such lines
    }
    INFO(name);
    CHECK(edits > 700);  // most of the texts can be edited
  }
}

// A fact, a resource kind or a command is one file and one line in its registry; a kind has its cases. This finds the
// file without a line, and the line without cases.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "resources/kind.hpp"
#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;

std::string file_text(const fs::path& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::set<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::set<std::string> names;
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match)
    names.insert((*match)[1]);
  return names;
}

struct Registry {
  std::string folder{};
  std::string definition{};  // of the function that a line of the registry stands for; its name is group 1
  std::string line{};
  std::string def{};
};

const Registry k_registries[] = {
    {"facts", R"(\bFact (\w+)_fact\(\) \{)", R"((?:^|\n)FACT\((\w+)\))", "facts.def"},
    {"resources", R"(\bKind (\w+)_kind\(\) \{)", R"((?:^|\n)KIND\((\w+)\))", "kinds.def"},
    {"cli", R"(> (\w+)_commands\(\) \{)", R"((?:^|\n)COMMANDS\((\w+)\))", "commands.def"},
};

}  // namespace

TEST_CASE("every fact, kind and command is registered under its file's name, in order") {
  const fs::path source = fs::path(SOURCE_ROOT) / "src";
  for (const Registry& registry : k_registries) {
    INFO("src/" << registry.folder);
    if (!fs::exists(source / registry.folder)) continue;
    const std::string def = file_text(source / registry.folder / registry.def);
    const std::set<std::string> lines = all_matches(def, registry.line);
    std::set<std::string> definitions;
    for (const auto& entry : fs::recursive_directory_iterator(source / registry.folder)) {
      const bool registry_itself = entry.path().stem() == fs::path(registry.def).stem();
      if (entry.path().extension() != ".cpp" || registry_itself) continue;
      INFO(entry.path().filename().string());
      const std::set<std::string> here = all_matches(file_text(entry.path()), registry.definition);
      for (const std::string& name : here) {
        CHECK(name == entry.path().stem().string());
        CHECK(lines.count(name) == 1);
        definitions.insert(name);
      }
    }
    CHECK(definitions == lines);
  }
}

TEST_CASE("every kind has its cases") {
  for (const auto& kind : mailinabox::kinds()) {
    const fs::path cases = fs::path(SOURCE_ROOT) / "tests" / "cases" / (std::string(kind.name) + ".cpp");
    INFO(cases.string());
    REQUIRE(fs::exists(cases));
    CHECK(file_text(cases).find("TEST_CASE(") != std::string::npos);
  }
}

// A source of packages for apt: /etc/apt/sources.list.d/NAME.sources (deb822, sources.list(5)) and the key that its
// index is signed with, /etc/apt/keyrings/NAME.asc, which is good for this source only.
#include <fmt/core.h>

#include <algorithm>

#include "base/error.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"

namespace mailinabox {

namespace {

constexpr const char* k_keyrings = "/etc/apt/keyrings";

struct RepositoryWanted {
  std::string name{};
  std::string sources{};  // the .sources file's text
  std::string key{};      // "" where apt's own keys are meant
};

class RepositoryResource final : public Resource {
 public:
  explicit RepositoryResource(RepositoryWanted wanted) : wanted_(std::move(wanted)) {}

  Phase phase() const override { return Phase::repositories; }

  Changes diff(const View& view) const override {
    Changes changes;
    compare(view, "sources", sources_path(), wanted_.sources, changes);
    if (!wanted_.key.empty()) compare(view, "key", key_path(), wanted_.key, changes);
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    if (has_change(changes, "key")) {
      if (system.files.info(k_keyrings).kind == FileKind::absent) {
        system.files.make_directory(k_keyrings, {0755, 0, 0});
      }
      system.files.write(key_path(), wanted_.key, FileAttributes{});
    }
    const auto before = system.files.read(sources_path());
    system.files.write(sources_path(), wanted_.sources, FileAttributes{});
    const CommandResult result = system.commands.run(refresh_command());
    if (result.exit_code == 0) return;
    // A source that cannot be read would break every later use of apt.
    if (before) {
      system.files.write(sources_path(), before->content, {before->info.mode, before->info.uid, before->info.gid});
    } else {
      system.files.remove(sources_path());
    }
    throw Error(fmt::format("repository {}: apt cannot read it:\n{}\nThe source was taken out again; check its address "
                            "and key, and the network",
                            wanted_.name, result.err.empty() ? result.out : result.err),
                ExitCode::no_network);
  }

  Action action(const Changes& changes) const override {
    const auto is_new = [](const Change& change) { return change.attribute == "sources" && change.before.empty(); };
    return std::any_of(changes.begin(), changes.end(), is_new) ? Action::create : Action::update;
  }

 private:
  std::string sources_path() const { return "/etc/apt/sources.list.d/" + wanted_.name + ".sources"; }
  std::string key_path() const { return fmt::format("{}/{}.asc", k_keyrings, wanted_.name); }

  static void compare(const View& view, const char* attribute, const std::string& path, const std::string& wanted,
                      Changes& changes) {
    const auto file = view.files.read(path);
    if (!file || file->content != wanted) changes.push_back({attribute, file ? file->content : "", wanted});
    // apt reads keys and sources as the user _apt.
    if (file && file->info.mode != 0644) changes.push_back({attribute, mode_text(file->info.mode), mode_text(0644)});
  }

  // Only this source's index, and every other index kept; an index that cannot be fetched is an error, not a warning.
  Command refresh_command() const {
    return {.argv = {"apt-get", "update", "-o", "Dir::Etc::sourcelist=" + sources_path(), "-o",
                     "Dir::Etc::sourceparts=-", "-o", "APT::Get::List-Cleanup=0", "-o", "APT::Update::Error-Mode=any"},
            .timeout = std::chrono::minutes(5)};
  }

  RepositoryWanted wanted_;
};

std::string line_of(const char* key, const std::vector<std::string>& words) {
  std::string line = std::string(key) + ":";
  for (const std::string& word : words) line += " " + word;
  return line + "\n";
}

std::vector<std::string> plain_words(const Fields& fields, const char* name) {
  std::vector<std::string> words = fields.strings(name);
  for (const std::string& word : words) {
    if (word.empty() || word.find_first_of(" \t\r\n") != std::string::npos) {
      fields.refuse(name, fmt::format("\"{}\" cannot stand in a list of {}: it is empty or has blanks", word, name));
    }
  }
  return words;
}

std::shared_ptr<const Resource> make_repository(const std::string& name, const Fields& fields) {
  const auto allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '-' || letter == '_' || letter == '.';
  };
  if (name.empty() || name.front() == '.' || !std::all_of(name.begin(), name.end(), allowed)) {
    fields.refuse(
        "", fmt::format("\"{}\" cannot name a file of apt: letters, digits, hyphen, underscore and dot only", name));
  }
  const std::vector<std::string> uris = plain_words(fields, "uris");
  const std::vector<std::string> suites = plain_words(fields, "suites");
  const std::vector<std::string> components = plain_words(fields, "components");
  if (uris.empty()) fields.refuse("uris", "a repository needs at least one address");
  if (suites.empty()) fields.refuse("suites", "a repository needs at least one suite");
  RepositoryWanted wanted;
  wanted.name = name;
  wanted.key = fields.string("key");
  if (!wanted.key.empty() && wanted.key.find("-----BEGIN PGP PUBLIC KEY BLOCK-----") == std::string::npos) {
    fields.refuse("key", "the key is not ASCII-armored (its text begins -----BEGIN PGP PUBLIC KEY BLOCK-----)");
  }
  wanted.sources = "Types: deb\n" + line_of("URIs", uris) + line_of("Suites", suites);
  if (!components.empty()) wanted.sources += line_of("Components", components);
  if (!wanted.key.empty()) wanted.sources += fmt::format("Signed-By: {}/{}.asc\n", k_keyrings, name);
  return std::make_shared<RepositoryResource>(std::move(wanted));
}

}  // namespace

Kind repository_kind() {
  return {
      "repository",
      "A source of packages for apt in /etc/apt/sources.list.d/NAME.sources, read before packages are installed.",
      FieldType::string,
      "Name of the source.",
      {{"uris", FieldType::strings, true, "Addresses of the archive.", {}},
       {"suites",
        FieldType::strings,
        true,
        "Suites, such as bookworm; one that ends in / is a path and takes no components.",
        {}},
       {"components", FieldType::strings, false, "Components, such as main.", {}},
       {"key",
        FieldType::source_file,
        false,
        "ASCII-armored OpenPGP key that signs the archive, a file below templates/; where not given, apt's own keys "
        "count.",
        {}}},
      make_repository};
}

}  // namespace mailinabox

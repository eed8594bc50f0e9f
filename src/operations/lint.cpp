#include "operations/lint.hpp"

#include <algorithm>
#include <filesystem>

#include "facts/facts.hpp"
#include "operations/context.hpp"
#include "operations/models/models.hpp"

namespace mailinabox {
namespace {

// The file system with one more directory, "", in which the files to be checked lie under their own full names.
class WithFiles final : public FileReader {
 public:
  WithFiles(const FileReader& files, std::vector<std::string> names) : files_(files), names_(std::move(names)) {}

  FileInfo info(const std::string& path) const override { return files_.info(path); }
  std::optional<FileContent> read(const std::string& path) const override { return files_.read(path); }
  std::optional<std::string> read_link(const std::string& path) const override { return files_.read_link(path); }
  std::vector<std::string> list(const std::string& directory) const override {
    return directory.empty() ? names_ : files_.list(directory);
  }
  std::string real_path(const std::string& path) const override { return files_.real_path(path); }
  std::uint64_t free_bytes(const std::string& path) const override { return files_.free_bytes(path); }

 private:
  const FileReader& files_;
  const std::vector<std::string> names_;
};

Answers sample_answers() {
  Answers answers;
  answers.set("STORAGE_USER", "user-data");
  answers.set("STORAGE_ROOT", "/home/user-data");
  answers.set("PRIMARY_HOSTNAME", "box.example.com");
  answers.set("PUBLIC_IP", "192.0.2.10");
  answers.set("PUBLIC_IPV6", "2001:db8::10");
  answers.set("PRIVATE_IP", "192.0.2.10");
  answers.set("PRIVATE_IPV6", "2001:db8::10");
  answers.set("MTA_STS_MODE", "enforce");
  answers.set("DNS_FORWARDERS", "192.0.2.53");
  answers.set("DNS_VALIDATION", "yes");
  return answers;
}

// A fact that cannot be read on this machine stands as a text: what uses it is still checked.
ValueMap sample_facts(const View& view) {
  ValueMap values;
  for (const Fact& fact : facts()) {
    try {
      values.emplace(fact.name, fact.read(view));
    } catch (const Error&) {
      values.emplace(fact.name, "unknown");
    }
  }
  return values;
}

// This machine's facts, and those of machines where everything that is yes or no is yes, or no.
std::vector<Value> sample_contexts(const View& view) {
  std::vector<Value> contexts;
  const ValueMap facts = sample_facts(view);
  contexts.push_back(make_context(sample_answers(), facts, "Etc/UTC", sample_models(sample_answers()).values));
  for (const bool all : {true, false}) {
    ValueMap switched = facts;
    for (auto& [name, value] : switched) {
      if (value.is_bool()) value = all;
    }
    Answers answers = sample_answers();
    answers.set("DNS_FORWARDERS", all ? "192.0.2.53" : "");
    if (all) answers.set("DISABLE_FIREWALL", "1");
    contexts.push_back(make_context(answers, switched, "Etc/UTC", all ? sample_models(answers).values : ValueMap()));
  }
  Answers offline = sample_answers();
  offline.set("DNS_FORWARDERS", "unknown");
  offline.set("PUBLIC_IPV6", "");
  offline.set("PRIVATE_IPV6", "");
  contexts.push_back(make_context(offline, facts, "Etc/UTC"));
  return contexts;
}

std::string without_first_slash(const std::string& path) { return path.substr(1); }

}  // namespace

LintResult lint(const Box& box, const std::vector<std::string>& files) {
  const View view = box.view();
  std::vector<std::string> names;
  for (const std::string& file : files) {
    const std::string path = std::filesystem::absolute(file).lexically_normal().string();
    if (!path.ends_with(".yaml")) throw Error(file + " is not a recipe: their names end in .yaml", ExitCode::usage);
    if (view.files.info(path).kind == FileKind::absent) throw Error(file + " does not exist.");
    // A shipped recipe is checked anyway.
    if (std::filesystem::path(path).parent_path() == std::filesystem::path(box.sources.recipes)) continue;
    names.push_back(without_first_slash(path));
  }
  const WithFiles reader(view.files, names);
  RecipeSources sources = box.sources;
  if (!files.empty()) sources.local = "";
  const std::vector<std::string> all_platforms = platforms(view.files, sources);
  if (all_platforms.empty()) throw Error("There are no platform files in " + sources.recipes + "/platforms.");
  LintResult result{.platforms = all_platforms.size()};
  for (const std::string& platform : all_platforms) {
    for (const Value& context : sample_contexts(view)) {
      try {
        const Catalog catalog = load_catalog(reader, sources, context, platform);
        result.resources = std::max(result.resources, catalog.entries.size());
        result.warnings.insert(catalog.warnings.begin(), catalog.warnings.end());
      } catch (const Error& error) {
        result.errors.insert(error.what());
      }
    }
  }
  return result;
}

}  // namespace mailinabox

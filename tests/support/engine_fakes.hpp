// Resources for tests of the engine: a file on the test's machine, a service that remembers what it has read, a command
// that runs when it is notified, a package.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/engine.hpp"
#include "support/host.hpp"

namespace mailinabox::test {

struct FakeFile final : Resource {
  FakeFile(std::string file_path, std::string wanted) : path(std::move(file_path)), content(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    if (on_diff) on_diff();
    const auto present = view.files.read(path);
    if (present && present->content == content) return {};
    return {{"content", present ? present->content : "", content, sensitive, false}};
  }
  void apply(System& system, const Changes& /*changes*/) const override {
    if (on_apply) on_apply();
    if (!idle) system.files.write(path, content, {0644, 0, 0});
  }
  Action action(const Changes& changes) const override {
    return changes.empty() || !changes.front().before.empty() ? Action::update : Action::create;
  }
  Phase phase() const override { return when; }
  bool irreplaceable() const override { return made_once; }
  Lasting lasting() const override { return {.data = is_data ? std::vector{path} : std::vector<std::string>{}}; }
  std::vector<std::string> paths() const override {
    return tells_paths ? std::vector<std::string>{path} : std::vector<std::string>{};
  }
  void fetch(System& system) const override {
    if (on_fetch) on_fetch(system);
  }

  std::string path;
  std::string content;
  bool sensitive = false;
  bool idle = false;  // apply() changes nothing
  bool made_once = false;
  bool is_data = false;
  bool tells_paths = true;
  Phase when = Phase::resources;
  std::function<void()> on_diff{};
  std::function<void()> on_apply{};
  std::function<void(System&)> on_fetch{};
};

// Reads its files when it starts, reloads or restarts.
struct FakeService final : Resource {
  struct State {
    bool running = false;
    std::map<std::string, std::string> read{};  // path to the content in use
    int reloads = 0;
    int restarts = 0;
    int starts = 0;
    int validations = 0;
    std::vector<Notice> notices{};  // of the last refresh
  };
  FakeService(std::shared_ptr<State> service_state, std::vector<std::string> its_files)
      : state(std::move(service_state)), files(std::move(its_files)) {}

  Changes diff(const View& /*view*/) const override {
    if (state->running) return {};
    return {{"state", "stopped", "running", false, false}};
  }
  void apply(System& system, const Changes& /*changes*/) const override {
    ++state->starts;
    read_files(system);
    state->running = true;
  }
  Action action(const Changes& changes) const override { return changes.empty() ? Action::update : Action::start; }
  Phase phase() const override { return Phase::services; }
  bool refreshable() const override { return true; }
  void validate(System& system) const override {
    ++state->validations;
    if (checker) checker(system);
  }
  Refreshed refresh(System& system, const std::vector<Notice>& notices) const override {
    if (on_refresh) on_refresh(system);
    state->notices = notices;
    ++state->reloads;
    read_files(system);
    return Refreshed::reloaded;
  }
  Refreshed recover(System& system, const std::vector<Notice>& /*notices*/) const override {
    ++state->restarts;
    read_files(system);
    state->running = true;
    return Refreshed::restarted;
  }
  Refreshed would_refresh(const View& /*view*/, const std::vector<Notice>& /*notices*/) const override {
    return Refreshed::reloaded;
  }
  void read_files(System& system) const {
    for (const std::string& file : files) {
      const auto present = system.files.read(file);
      state->read[file] = present ? present->content : "";
    }
  }

  std::shared_ptr<State> state;
  std::vector<std::string> files;
  std::function<void(System&)> checker{};
  std::function<void(System&)> on_refresh{};
};

// Copies one file to another when it is notified.
struct FakeHandler final : Resource {
  FakeHandler(std::string source, std::string target) : from(std::move(source)), to(std::move(target)) {}
  Changes diff(const View& /*view*/) const override { return {}; }
  void apply(System& /*system*/, const Changes& /*changes*/) const override {}
  Action action(const Changes& /*changes*/) const override { return Action::run; }
  Phase phase() const override { return Phase::handlers; }
  bool refreshable() const override { return true; }
  Refreshed refresh(System& system, const std::vector<Notice>& /*notices*/) const override {
    if (on_refresh) on_refresh();
    ++*runs;
    const auto present = system.files.read(from);
    system.files.write(to, present ? present->content : "", {0644, 0, 0});
    return Refreshed::ran;
  }
  Refreshed would_refresh(const View& /*view*/, const std::vector<Notice>& /*notices*/) const override {
    return Refreshed::ran;
  }
  std::string from;
  std::string to;
  std::shared_ptr<int> runs = std::make_shared<int>(0);
  std::function<void()> on_refresh{};
};

struct FakePackage final : Resource {
  explicit FakePackage(std::string package_name) : name(std::move(package_name)) {}
  Changes diff(const View& view) const override {
    if (view.packages.installed_version(name)) return {};
    return {{"state", "absent", "installed", false, false}};
  }
  void apply(System& /*system*/, const Changes& /*changes*/) const override {
    throw std::logic_error("packages are changed in one transaction");
  }
  Action action(const Changes& /*changes*/) const override { return Action::install; }
  Phase phase() const override { return Phase::packages; }
  std::optional<WantedPackage> package() const override { return WantedPackage{name, false}; }
  std::string name;
};

// Writes a catalog down: recipe("a").file("/etc/a", "x", {"service:s"}).
class CatalogWriter {
 public:
  CatalogWriter& recipe(const std::string& name, const std::vector<std::string>& required = {}) {
    catalog.recipes.push_back({name, "", required, place(), false});
    return *this;
  }
  template <typename T>
  std::shared_ptr<T> add(const std::string& kind, const std::string& name, std::shared_ptr<T> resource,
                         const std::vector<std::string>& notifies = {}) {
    CatalogEntry entry;
    entry.id = {kind, name};
    entry.recipe = catalog.recipes.back().name;
    entry.where = place();
    entry.resource = resource;
    for (const std::string& target : notifies) {
      const std::size_t colon = target.find(':');
      entry.notifies.push_back({target.substr(0, colon), target.substr(colon + 1)});
    }
    catalog.entries.push_back(entry);
    return resource;
  }
  std::shared_ptr<FakeFile> file(const std::string& path, const std::string& content,
                                 const std::vector<std::string>& notifies = {}) {
    return add("file", path, std::make_shared<FakeFile>(path, content), notifies);
  }
  std::shared_ptr<FakeService> service(const std::string& name, const std::vector<std::string>& files,
                                       bool running = true) {
    auto& state = states[name];
    if (!state) {
      state = std::make_shared<FakeService::State>();
      state->running = running;
    }
    return add("service", name, std::make_shared<FakeService>(state, files));
  }
  std::shared_ptr<FakeHandler> handler(const std::string& name, const std::string& from, const std::string& to,
                                       const std::vector<std::string>& notifies = {}) {
    return add("command", name, std::make_shared<FakeHandler>(from, to), notifies);
  }
  std::shared_ptr<FakePackage> package(const std::string& name) {
    return add("package", name, std::make_shared<FakePackage>(name));
  }

  Catalog catalog{};
  std::map<std::string, std::shared_ptr<FakeService::State>> states{};

 private:
  Position place() const {
    return {intern_file("recipes/" + (catalog.recipes.empty() ? "x" : catalog.recipes.back().name) + ".yaml"),
            static_cast<int>(catalog.entries.size()) + 1, 5};
  }
};

struct RecordingReporter final : Reporter {
  void on_recipe(const CatalogRecipe& recipe, Phase /*phase*/) override { recipes.push_back(recipe.name); }
  void on_start(const CatalogEntry& entry, Action action) override {
    started.push_back(to_string(action) + " " + entry.id.text());
  }
  void on_outcome(const Outcome& outcome) override { outcomes.push_back(outcome); }
  void on_refresh(const std::string& service, Refreshed /*what*/) override { refreshed.push_back(service); }
  void on_note(const std::string& line) override { notes.push_back(line); }
  void on_download(const ResourceId& id, std::uint64_t done, std::uint64_t total) override {
    downloads.push_back(id.text() + " " + std::to_string(done) + "/" + std::to_string(total));
  }
  std::vector<std::string> recipes{};
  std::vector<std::string> started{};
  std::vector<Outcome> outcomes{};
  std::vector<std::string> refreshed{};
  std::vector<std::string> notes{};
  std::vector<std::string> downloads{};
};

inline const std::string k_state_directory = "/var/lib/mailinabox";

// One run with a journal of its own, as the program makes it.
inline Report run_apply(TestHost& host, const Catalog& catalog, Reporter& reporter) {
  System system = host.system();
  const auto journal = std::make_unique<Journal>(host.files, host.clock, k_state_directory, "0.1.0");
  return apply(catalog, system, *journal, reporter, "setup");
}

inline Report run_apply(TestHost& host, const Catalog& catalog) {
  RecordingReporter reporter;
  return run_apply(host, catalog, reporter);
}

inline Report run_plan(TestHost& host, const Catalog& catalog) {
  const auto journal = std::make_unique<Journal>(host.files, host.clock, k_state_directory, "0.1.0");
  return plan(catalog, host.view(), *journal);
}

inline OwedNotices owed_on(TestHost& host) {
  return Journal(host.files, host.clock, k_state_directory, "0.1.0").owed();
}

// Ids of the outcomes with this status.
inline std::vector<std::string> ids_of(const Report& report, Status status) {
  std::vector<std::string> ids;
  for (const Outcome& outcome : report.outcomes) {
    if (outcome.status == status) ids.push_back(outcome.id.text());
  }
  return ids;
}

inline const Outcome& outcome_of(const Report& report, const std::string& id) {
  for (const Outcome& outcome : report.outcomes) {
    if (outcome.id.text() == id) return outcome;
  }
  throw std::logic_error("no outcome of " + id);
}

}  // namespace mailinabox::test

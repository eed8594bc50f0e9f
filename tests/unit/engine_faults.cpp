// Runs over generated catalogs: plan and apply agree, a second run has nothing to do, and a run that fails or is killed
// at any step is made good by the next one.
#include <random>

#include "support/catch.hpp"
#include "support/engine_fakes.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

// What a killed process leaves the program with: nothing can catch it.
struct Killed {};

// Burns one step with each thing done to the machine, and kills before or after the one it is set to. Nothing is done
// after that, whatever is tried while the stack is left.
struct Fuse {
  int steps = 0;
  int limit = -1;  // none
  bool after = false;
  bool burnt = false;

  template <typename Action>
  void step(const Action& action) {
    if (burnt) throw Killed{};
    burnt = steps++ == limit;
    if (!burnt || after) action();
    if (burnt) throw Killed{};
  }
};

// Files in memory, each change of which is a step.
class MemoryFiles final : public FileSystem {
 public:
  struct Node {
    FileInfo info{};
    std::string content{};  // or the link's target
  };
  explicit MemoryFiles(Fuse& fuse) : fuse_(fuse) {}

  FileInfo info(const std::string& path) const override {
    const auto found = nodes.find(path);
    return found == nodes.end() ? FileInfo{} : found->second.info;
  }
  std::optional<FileContent> read(const std::string& path) const override {
    const auto found = nodes.find(path);
    if (found == nodes.end()) return std::nullopt;
    if (found->second.info.kind != FileKind::regular) throw SystemError("read", path, EISDIR);
    return FileContent{found->second.info, found->second.content};
  }
  std::optional<std::string> read_link(const std::string& /*path*/) const override { return std::nullopt; }
  std::vector<std::string> list(const std::string& directory) const override {
    std::vector<std::string> names;
    const std::string prefix = directory + "/";
    for (auto node = nodes.lower_bound(prefix); node != nodes.end() && node->first.find(prefix) == 0; ++node) {
      const std::string name = node->first.substr(prefix.size());
      if (name.find('/') == std::string::npos) names.push_back(name);
    }
    return names;
  }
  std::string real_path(const std::string& path) const override { return path; }
  std::uint64_t free_bytes(const std::string& /*path*/) const override { return 1U << 30U; }
  void write(const std::string& path, std::string_view content, const FileAttributes& attributes) override {
    fuse_.step([&] { put(path, FileKind::regular, std::string(content), attributes); });
  }
  void append(const std::string& path, std::string_view content, const FileAttributes& attributes) override {
    // A kill may come with half of it written.
    const std::string before = nodes.contains(path) ? nodes[path].content : "";
    fuse_.step(
        [&] { put(path, FileKind::regular, before + std::string(content.substr(0, content.size() / 2)), attributes); });
    fuse_.step([&] { put(path, FileKind::regular, before + std::string(content), attributes); });
  }
  void make_directory(const std::string& path, const FileAttributes& attributes) override {
    fuse_.step([&] { put(path, FileKind::directory, "", attributes); });
  }
  void make_symlink(const std::string& path, const std::string& /*target*/) override {
    throw SystemError("symlink", path, ENOTSUP);
  }
  void set_attributes(const std::string& path, const FileAttributes& attributes) override {
    fuse_.step([&] { put(path, nodes.at(path).info.kind, nodes.at(path).content, attributes); });
  }
  void remove(const std::string& path, bool recursive) override {
    if (!list(path).empty()) {
      if (!recursive) throw SystemError("remove", path, ENOTEMPTY);
      for (const std::string& name : list(path)) remove(path + "/" + name, true);
    }
    fuse_.step([&] { nodes.erase(path); });
  }
  void rename(const std::string& from, const std::string& to) override {
    fuse_.step([&] {
      if (nodes.contains(to)) throw SystemError("rename", to, ENOTEMPTY);
      std::map<std::string, Node> moved;
      for (const auto& [path, node] : nodes) {
        const bool inside = path == from || path.find(from + "/") == 0;
        moved[inside ? to + path.substr(from.size()) : path] = node;
      }
      nodes = moved;
    });
  }
  void preserve(const std::string& /*path*/) override {}

  std::map<std::string, Node> nodes{};

 private:
  void put(const std::string& path, FileKind kind, std::string content, const FileAttributes& attributes) {
    const std::string parent = path.substr(0, path.rfind('/'));
    if (!parent.empty() && info(parent).kind != FileKind::directory) throw SystemError("write", path, ENOENT);
    FileInfo info;
    info.kind = kind;
    info.mode = attributes.mode;
    info.uid = attributes.uid;
    info.gid = attributes.gid;
    info.size = content.size();
    nodes[path] = {info, std::move(content)};
  }
  Fuse& fuse_;
};

// A generated catalog and the machine it is for. The same seed gives the same.
class World {
 public:
  World(TestHost& host, unsigned seed) : random_(seed), host_(host) {
    for (const char* path : {"/etc", "/var", "/var/lib"}) files.make_directory(path, {0755, 0, 0});
    const unsigned recipes = 1 + pick(4);
    for (unsigned recipe = 0; recipe < recipes; ++recipe) add_recipe(recipe);
    fuse.steps = 0;
  }

  Report run(int limit = -1, bool after = false) {
    fuse = {0, limit, after, false};
    System system{files,          host_.commands, host_.packages,   host_.services,
                  host_.accounts, host_.machine,  host_.downloader, host_.clock};
    const auto journal = std::make_unique<Journal>(files, host_.clock, k_state_directory, "0.1.0");
    RecordingReporter reporter;
    Report report = apply(writer.catalog, system, *journal, reporter, "setup");
    std::set<ResourceId> concluded;
    for (const Outcome& outcome : reporter.outcomes) REQUIRE(concluded.insert(outcome.id).second);
    REQUIRE(concluded.size() == report.outcomes.size());
    return report;
  }

  Report preview() {
    const System system{files,          host_.commands, host_.packages,   host_.services,
                        host_.accounts, host_.machine,  host_.downloader, host_.clock};
    return plan(writer.catalog, system.view(),
                *std::make_unique<Journal>(files, host_.clock, k_state_directory, "0.1.0"));
  }

  OwedNotices owed() { return Journal(files, host_.clock, k_state_directory, "0.1.0").owed(); }

  // What a user sees: files outside the state directory, and what each service and handler works with.
  std::map<std::string, std::string> state() const {
    std::map<std::string, std::string> result;
    for (const auto& [path, node] : files.nodes) {
      if (path.find(k_state_directory) != 0) result[path] = std::to_string(node.info.mode) + " " + node.content;
    }
    for (const auto& [name, service] : writer.states) {
      result["service " + name] = service->running ? "running" : "stopped";
      for (const auto& [path, content] : service->read) result["service " + name + " " + path] = content;
    }
    return result;
  }

  Fuse fuse{};
  MemoryFiles files{fuse};
  CatalogWriter writer{};
  std::vector<std::shared_ptr<FakeFile>> resources{};

 private:
  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }

  void add_recipe(unsigned number) {
    const std::string name = "r" + std::to_string(number);
    std::vector<std::string> required;
    if (number > 0 && pick(3) == 0) required.push_back("r" + std::to_string(pick(number)));
    writer.recipe(name, required);
    const std::string service = "s" + std::to_string(number);
    const std::string handled = "/etc/" + name + "-handled";
    const bool has_handler = pick(2) == 0;
    std::vector<std::string> read;
    const unsigned count = pick(5);
    for (unsigned file = 0; file < count; ++file) {
      const std::string path = "/etc/" + name + "-" + std::to_string(file);
      std::vector<std::string> notified;
      if (pick(3) != 0) {
        notified.push_back("service:" + service);
        read.push_back(path);
      }
      if (has_handler && pick(2) == 0) notified.push_back("command:h" + std::to_string(number));
      if (number > 0 && pick(4) == 0) notified.push_back("service:s" + std::to_string(pick(number)));
      add_file(path, notified);
    }
    if (has_handler) {
      writer.handler("h" + std::to_string(number), "/etc/" + name + "-0", handled, {"service:" + service})->on_refresh =
          [this] { fuse.step([] {}); };
      read.push_back(handled);
      if (count > 0 && files.nodes.contains("/etc/" + name + "-0")) {
        files.write(handled, files.nodes["/etc/" + name + "-0"].content, {0644, 0, 0});
      }
    }
    add_service(service, read);
  }

  void add_file(const std::string& path, const std::vector<std::string>& notified) {
    const auto resource = writer.file(path, path + " wanted", notified);
    resource->tells_paths = pick(3) != 0;
    resources.push_back(resource);
    switch (pick(3)) {
      case 0:
        files.write(path, resource->content, {0644, 0, 0});
        break;
      case 1:
        files.write(path, "drifted", {0600, 0, 0});
        break;
      default:
        break;
    }
  }

  void add_service(const std::string& name, const std::vector<std::string>& read) {
    const auto service = writer.service(name, read, pick(4) != 0);
    service->on_refresh = [this](System&) { fuse.step([] {}); };
    for (const std::string& path : read) {
      service->state->read[path] = files.nodes.contains(path) ? files.nodes[path].content : "";
    }
  }

  std::mt19937 random_;
  TestHost& host_;  // only its stand-ins are used
};

TEST_CASE("over generated catalogs, apply changes what plan said, and then nothing", "[engine][property]") {
  TestHost host;
  for (unsigned seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    World world(host, seed);
    CHECK_NOTHROW(validate(world.writer.catalog));
    const auto before = world.files.nodes.size();
    const Report planned = world.preview();
    REQUIRE(world.files.nodes.size() == before);
    REQUIRE(world.fuse.steps == 0);
    const Report done = world.run();
    REQUIRE(ids_of(done, Status::changed) == ids_of(planned, Status::would_change));
    REQUIRE(done.reloaded == planned.reloaded);
    REQUIRE(done.restarted == planned.restarted);
    REQUIRE_FALSE(done.failed());
    REQUIRE(world.owed().empty());
    const auto state = world.state();
    const Report again = world.run();
    REQUIRE(world.fuse.steps == 0);
    REQUIRE(again.count(Status::in_sync) == again.outcomes.size());
    REQUIRE(again.reloaded.empty());
    REQUIRE(world.state() == state);
    const Report planned_again = world.preview();
    REQUIRE(planned_again.count(Status::in_sync) == planned_again.outcomes.size());
  }
}

TEST_CASE("a run killed at any step is finished by the next one", "[engine][property]") {
  TestHost host;
  int points = 0;
  for (unsigned seed = 0; seed < 12; ++seed) {
    World undisturbed(host, seed);
    static_cast<void>(undisturbed.run());
    const auto expected = undisturbed.state();
    for (const bool after : {false, true}) {
      bool killed = true;
      for (int limit = 0; killed; ++limit) {
        INFO("seed " << seed << ", killed " << (after ? "after" : "before") << " step " << limit);
        World world(host, seed);
        killed = false;
        try {
          static_cast<void>(world.run(limit, after));
        } catch (const Killed&) {
          killed = true;
          ++points;
        }
        // The next run is killed early on, too, where it closes what the first one left.
        try {
          static_cast<void>(world.run(limit % 12, after));
        } catch (const Killed&) {
          ++points;
        }
        const Report done = world.run();
        REQUIRE_FALSE(done.failed());
        REQUIRE(world.state() == expected);
        REQUIRE(world.owed().empty());
        static_cast<void>(world.run());
        REQUIRE(world.fuse.steps == 0);
      }
    }
  }
  CHECK(points > 500);
}

TEST_CASE("a run whose k-th resource fails is made good by the next one", "[engine][property]") {
  TestHost host;
  for (unsigned seed = 0; seed < 40; ++seed) {
    World undisturbed(host, seed);
    static_cast<void>(undisturbed.run());
    const auto expected = undisturbed.state();
    for (std::size_t failing = 0; failing < undisturbed.resources.size(); ++failing) {
      for (const bool late : {false, true}) {
        INFO("seed " << seed << ", resource " << failing);
        World world(host, seed);
        FakeFile& resource = *world.resources[failing];
        resource.on_apply = [&] {
          if (late) world.files.write(resource.path, resource.content, {0644, 0, 0});
          throw Error("no");
        };
        static_cast<void>(world.run());
        resource.on_apply = nullptr;
        REQUIRE_FALSE(world.run().failed());
        REQUIRE(world.state() == expected);
        REQUIRE(world.owed().empty());
        static_cast<void>(world.run());
        REQUIRE(world.fuse.steps == 0);
      }
    }
  }
}

TEST_CASE("in a run without changes 10,000 entries are looked at once each, and nothing is written", "[engine]") {
  struct Nothing final : Resource {
    explicit Nothing(int& looks) : looks_(looks) {}
    Changes diff(const View& /*view*/) const override {
      ++looks_;
      return {};
    }
    void apply(System& /*system*/, const Changes& /*changes*/) const override {}
    Action action(const Changes& /*changes*/) const override { return Action::update; }

   private:
    int& looks_;
  };
  Fuse fuse;
  MemoryFiles files(fuse);
  TestHost host;
  CatalogWriter writer;
  int looks = 0;
  for (int recipe = 0; recipe < 20; ++recipe) {
    writer.recipe("recipe" + std::to_string(recipe));
    for (int entry = 0; entry < 500; ++entry) {
      writer.add("file", "/etc/some/longer/path/" + std::to_string(recipe) + "/" + std::to_string(entry),
                 std::make_shared<Nothing>(looks), {"service:s"});
    }
  }
  writer.service("s", {});
  System system = host.system();
  Journal journal(files, host.clock, k_state_directory, "0.1.0");
  Reporter reporter;
  const Report report = apply(writer.catalog, system, journal, reporter, "setup");
  CHECK(report.count(Status::in_sync) == 10'001);
  CHECK(looks == 10'000);
  CHECK(fuse.steps == 0);
}

}  // namespace

// A machine for tests: a temporary directory as its root with the real file system and accounts on it, and stand-ins
// for everything else. Whatever the code under test looks at or touches is written to a log.
//
//   TestHost host;
//   host.put("/etc/x", "old\n");
//   host.commands.answer({"postfix", "check"}, {});
//   resource->apply(host.system(), changes);
//   CHECK(host.content("/etc/x") == "new\n");
//   CHECK(host.touched() == std::vector<std::string>{"write /etc/x"});
//
// The log's lines begin with a verb: looking is info, read, readlink, list, free, query; touching is write, append,
// mkdir, symlink, attributes, remove, rename, preserve (which is only told), run, download, install, uninstall,
// fetch-packages, start, stop, restart, reload, enable, disable, daemon-reload, hostname.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "os/file_accounts.hpp"
#include "os/posix_files.hpp"
#include "os/system.hpp"

namespace mailinabox::test {

class AccessLog {
 public:
  void look(const std::string& line) { lines_.push_back({line, false}); }
  void touch(const std::string& line) { lines_.push_back({line, true}); }
  void clear() { lines_.clear(); }
  std::vector<std::string> all() const;
  std::vector<std::string> touched() const;

 private:
  struct Line {
    std::string text{};
    bool touch = false;
  };
  std::vector<Line> lines_{};
};

// The real file system, with every call logged. `fail_on` makes one call fail: {"write /etc/x", EIO}.
class LoggedFileSystem final : public FileSystem {
 public:
  LoggedFileSystem(FileSystem& files, AccessLog& log) : files_(files), log_(log) {}
  FileInfo info(const std::string& path) const override;
  std::optional<FileContent> read(const std::string& path) const override;
  std::optional<std::string> read_link(const std::string& path) const override;
  std::vector<std::string> list(const std::string& directory) const override;
  std::string real_path(const std::string& path) const override { return files_.real_path(path); }
  std::uint64_t free_bytes(const std::string& path) const override;
  void write(const std::string& path, std::string_view content, const FileAttributes& attributes) override;
  void append(const std::string& path, std::string_view content, const FileAttributes& attributes) override;
  void make_directory(const std::string& path, const FileAttributes& attributes) override;
  void make_symlink(const std::string& path, const std::string& target) override;
  void set_attributes(const std::string& path, const FileAttributes& attributes) override;
  void remove(const std::string& path, bool recursive) override;
  void rename(const std::string& from, const std::string& to) override;
  void preserve(const std::string& path) override;

  std::map<std::string, int> fail_on{};              // log line to error number: thrown as SystemError
  std::optional<std::uint64_t> free_bytes_answer{};  // instead of the real figure

 private:
  void check(const std::string& line) const;
  void touch(const std::string& line);
  FileSystem& files_;
  AccessLog& log_;
};

// Answers by argv; a command without an answer throws std::logic_error, so that no test passes by accident.
class FakeCommands final : public CommandRunner {
 public:
  using Handler = std::function<CommandResult(const Command&)>;
  explicit FakeCommands(AccessLog& log) : log_(log) {}
  // The answer to exactly this argv, each time it is run.
  void answer(const std::vector<std::string>& argv, CommandResult result);
  // Called for every argv that begins with these words; the longest beginning wins. For commands with effects.
  void on(const std::vector<std::string>& beginning, Handler handler);

  CommandResult query(const Command& command) const override;  // refuses what the real one refuses
  CommandResult run(const Command& command) override;

  mutable std::vector<Command> calls{};  // in order, queries included

 private:
  CommandResult reply(const Command& command) const;
  AccessLog& log_;
  std::map<std::vector<std::string>, Handler> handlers_{};
  std::map<std::vector<std::string>, CommandResult> answers_{};
};

class FakePackages final : public PackageManager {
 public:
  explicit FakePackages(AccessLog& log) : log_(log) {}
  std::optional<std::string> installed_version(const std::string& package) const override;
  std::optional<std::string> present_version(const std::string& package) const override;
  bool interrupted() const override { return is_interrupted; }
  Consequences consequences(const std::vector<std::string>& install,
                            const std::vector<std::string>& remove) const override;
  void download(const std::vector<std::string>& packages, const PackageProgressHandler& progress) override;
  void change(const std::vector<std::string>& install, const std::vector<std::string>& remove,
              const PackageProgressHandler& progress) override;

  std::map<std::string, std::string> installed{};          // package to version
  std::map<std::string, std::string> unfinished{};         // likewise, of packages that dpkg has only unpacked
  std::map<std::string, std::string> available{};          // version that an installation brings; else "1.0"
  std::set<std::string> unknown{};                         // apt cannot find these: Error
  std::function<void(const std::string&)> on_installed{};  // a package's effects on the machine
  std::function<void(const std::string&)> on_removed{};
  bool is_interrupted = false;
  Consequences also{};  // of every transaction

 private:
  AccessLog& log_;
};

// State by ServiceName::name. A service that is not in `states` is stopped and not enabled.
class FakeServices final : public ServiceManager {
 public:
  struct State {
    bool active = false;
    bool enabled = false;
    int starts = 0;
    int stops = 0;
    int reloads = 0;
    int starting = 0;            // so often the service manager says that it is still starting it; then it runs
    std::string start_error{};   // where not empty: start and restart leave it stopped and throw CommandError
    std::string reload_error{};  // where not empty: reload throws CommandError
  };
  explicit FakeServices(AccessLog& log) : log_(log) {}
  bool active(const ServiceName& service) const override;
  bool enabled(const ServiceName& service) const override;
  bool starting(const ServiceName& service, std::chrono::steady_clock::time_point now,
                std::chrono::milliseconds limit) const override;
  std::string manager() const override { return manager_name; }
  void start(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void stop(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void restart(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void reload(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void enable(const ServiceName& service) override;
  void disable(const ServiceName& service) override;
  void reload_definitions() override;

  mutable std::map<std::string, State> states{};
  std::string manager_name = "systemd";
  std::function<void(const std::string&)> on_started{};  // a service's effects (listening ports)
  std::function<void(const std::string&)> on_stopped{};

 private:
  void start_now(const ServiceName& service);
  void stop_now(const ServiceName& service);
  AccessLog& log_;
};

class FakeMachine final : public Machine {
 public:
  explicit FakeMachine(AccessLog& log) : log_(log) {}
  std::string host_name() const override { return name; }
  std::set<ListeningPort> listening_tcp() const override { return listening; }
  std::set<std::string> listening_sockets() const override { return sockets; }
  std::vector<std::string> active_swaps() const override { return swaps; }
  bool has_capability(int capability) const override { return !missing_capabilities.contains(capability); }
  void set_host_name(const std::string& new_name) override;

  std::string name = "machine";
  std::set<ListeningPort> listening{};
  std::set<std::string> sockets{};
  std::vector<std::string> swaps{};
  std::set<int> missing_capabilities{};

 private:
  AccessLog& log_;
};

class FakeDownloader final : public Downloader {
 public:
  FakeDownloader(FileSystem& files, AccessLog& log) : files_(files), log_(log) {}
  void fetch(const std::string& url, const std::string& sha256, const std::string& path,
             const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) override;

  struct Document {
    std::string content{};
    std::string sha256{};  // a fetch that expects another digest fails as the real one does
  };
  std::map<std::string, Document> documents{};  // by URL; any other URL is ExitCode::no_network

 private:
  FileSystem& files_;
  AccessLog& log_;
};

// Stands still until told, or until somebody sleeps.
class FakeClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override { return time; }
  std::chrono::steady_clock::time_point monotonic() const override { return steady; }
  void sleep(std::chrono::milliseconds duration) const override { advance(duration); }
  void advance(std::chrono::milliseconds duration) const {
    time += duration;
    steady += duration;
  }
  mutable std::chrono::system_clock::time_point time{std::chrono::seconds(1'795'420'800)};  // 2026-11-23T08:00:00Z
  mutable std::chrono::steady_clock::time_point steady{};
};

class TestHost {
 public:
  // /etc with passwd and group (root, daemon, mail, www-data, nobody, user-data and the daemons' accounts), /usr, /var,
  // /run, /root, /home, /tmp.
  TestHost();
  ~TestHost();
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  View view() { return system().view(); }
  System system() { return {files, commands, packages, services, accounts, machine, downloader, clock}; }

  const std::string& root() const { return root_; }
  std::string real(const std::string& path) const { return root_ + path; }

  // Preparing and checking, past the log. put() creates missing parents (0755 root).
  void put(const std::string& path, std::string_view content, unsigned mode = 0644, unsigned uid = 0, unsigned gid = 0);
  void put_directory(const std::string& path, unsigned mode = 0755, unsigned uid = 0, unsigned gid = 0);
  void put_symlink(const std::string& path, const std::string& target);
  std::string content(const std::string& path) const;  // throws where there is no such file
  FileInfo info(const std::string& path) const { return real_files_.info(path); }
  bool exists(const std::string& path) const { return info(path).kind != FileKind::absent; }
  std::string link_target(const std::string& path) const { return real_files_.read_link(path).value_or(""); }
  void erase(const std::string& path) { real_files_.remove(path, true); }
  // Every path below the root with kind, mode, owner and its content or target: equal before and after
  // means that nothing was changed.
  std::map<std::string, std::string> snapshot() const;

  std::vector<std::string> accesses() const { return log.all(); }
  std::vector<std::string> touched() const { return log.touched(); }
  void clear_log() { log.clear(); }

 private:
  std::string root_;
  PosixFileSystem real_files_;

 public:
  AccessLog log{};
  LoggedFileSystem files;
  FakeCommands commands;
  FakePackages packages;
  FakeServices services;
  FileAccounts accounts;
  FakeMachine machine;
  FakeDownloader downloader;
  FakeClock clock{};
};

}  // namespace mailinabox::test

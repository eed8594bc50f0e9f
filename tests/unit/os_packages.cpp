#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/error.hpp"
#include "base/interruption.hpp"
#include "os/apt_output.hpp"
#include "os/apt_packages.hpp"
#include "os/dpkg_version.hpp"
#include "os/package_locks.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using mailinabox::test::TestHost;

namespace {

constexpr const char* k_policy = "/usr/sbin/policy-rc.d";

std::string paragraph(const std::string& package, const std::string& state, const std::string& version) {
  return "Package: " + package + "\nStatus: " + state + "\nPriority: optional\nVersion: " + version +
         "\nDescription: text\n Package: not-a-field\n .\n more\n\n";
}

// A machine with apt: fresh indexes, one installed package, and commands that only succeed.
struct AptHost : TestHost {
  AptHost() {
    put("/var/lib/dpkg/status", paragraph("base-files", "install ok installed", "12.4"));
    put_directory("/var/lib/dpkg/updates");
    put_directory("/usr/sbin");
    put("/var/lib/apt/lists/registry_main_binary-amd64_Packages", "");
    put_directory("/var/lib/apt/lists/partial");
    set_modified("/var/lib/apt/lists", 0);
    set_modified("/var/lib/apt/lists/partial", 0);
    commands.on({"apt-get"}, [this](const Command& command) { return apt(command); });
    commands.on({"dpkg"}, [this](const Command& command) { return apt(command); });
    commands.on({"apt-get", "--simulate"}, [this](const Command&) { return simulation; });
    commands.on({"apt-cache", "show"}, [this](const Command&) { return CommandResult{.out = records}; });
  }

  // What each call looks like: "update", "download postfix", "install postfix nginx-", "dpkg --configure -a".
  CommandResult apt(const Command& command) {
    std::string call;
    for (const std::string& word : command.argv) {
      if (word == "--download-only") call += "download";
      if (word == "install" && command.argv.at(command.argv.size() - 2) != "--fix-broken" && call.empty()) call = word;
      if (word == "update" || word == "dpkg" || word == "--configure" || word == "-a") call += " " + word;
      if (word.find_first_of("-/") != 0 && word != "apt-get" && word != "update" && word != "install" &&
          word != "dpkg") {
        call += " " + word;
      }
    }
    if (call[0] == ' ') call.erase(0, 1);
    held.push_back(exists(k_policy));
    calls.push_back(call);
    if (effect) effect(command);
    if (results.empty()) return {};
    CommandResult result = results.front();
    results.erase(results.begin());
    return result;
  }

  void set_modified(const std::string& path, int hours_ago) {
    const auto when = std::chrono::system_clock::to_time_t(clock.now() - std::chrono::hours(hours_ago));
    const timespec times[2] = {{when, 0}, {when, 0}};
    REQUIRE(::utimensat(AT_FDCWD, real(path).c_str(), times, 0) == 0);
  }

  void set_status(const std::string& text) { put("/var/lib/dpkg/status", text); }

  std::vector<std::string> calls{};
  std::vector<bool> held{};              // for each call: was policy-rc.d in place?
  std::vector<CommandResult> results{};  // for the calls in turn; then success
  CommandResult simulation{};            // what apt says that it would do
  std::string records{};                 // what apt knows of packages
  std::function<void(const Command&)> effect{};
  AptPackages apt_packages{files, commands, clock};
};

struct Failure {
  ExitCode code = ExitCode::ok;
  std::string what{};
};

Failure failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {};
}

CommandResult failed(const std::string& words) { return {.exit_code = 100, .err = words}; }

// A process that holds a lock on the file until this object goes.
class LockHolderProcess {
 public:
  explicit LockHolderProcess(const std::string& path) {
    int ready[2] = {};
    REQUIRE(::pipe(ready) == 0);
    process_ = ::fork();
    if (process_ == 0) {
      const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0640);
      struct flock lock {};
      lock.l_type = F_WRLCK;
      lock.l_whence = SEEK_SET;
      const bool locked = ::fcntl(file, F_SETLK, &lock) == 0;
      if (::write(ready[1], locked ? "y" : "n", 1) == 1) ::pause();
      ::_exit(1);
    }
    char answer = 0;
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    REQUIRE(answer == 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~LockHolderProcess() { end(); }
  LockHolderProcess(const LockHolderProcess&) = delete;
  LockHolderProcess& operator=(const LockHolderProcess&) = delete;
  int process() const { return process_; }
  void end() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

 private:
  pid_t process_ = 0;
};

}  // namespace

TEST_CASE("a package counts as installed only where dpkg is done with it", "[os][packages]") {
  AptHost host;
  host.set_status(
      paragraph("good", "install ok installed", "1:2.0-1") + paragraph("held", "hold ok installed", "3") +
      paragraph("gone", "deinstall ok config-files", "4") + paragraph("never", "unknown ok not-installed", "") +
      paragraph("twice", "deinstall ok config-files", "5") + paragraph("twice", "install ok installed", "6") +
      "Package: last\nStatus: install ok installed\nVersion: 7");
  CHECK(host.apt_packages.installed_version("good") == "1:2.0-1");
  CHECK(host.apt_packages.installed_version("held") == "3");
  CHECK(host.apt_packages.installed_version("twice") == "6");
  CHECK(host.apt_packages.installed_version("last") == "7");
  for (const char* name : {"gone", "never", "not-a-field", "unknown"}) {
    CHECK_FALSE(host.apt_packages.installed_version(name));
    CHECK_FALSE(host.apt_packages.present_version(name));
  }
  CHECK(host.apt_packages.present_version("twice") == "6");
  CHECK_FALSE(host.apt_packages.interrupted());
}

TEST_CASE("versions are in dpkg's order", "[os][packages]") {
  const std::vector<std::string> ascending = {
      "0~",     "0",          "0.9~rc1-1",    "0.9-1",      "0.09-2",  "0.10",     "1.0~~", "1.0~",       "1.0",
      "1.0-1~", "1.0-1~bpo1", "1.0-1",        "1.0-1+b1",   "1.0-1.1", "1.0-2",    "1.0a",  "1.0+dfsg-1", "1.0.1",
      "10",     "1:0.5",      "1:2.3.19.1-2", "1:2.4~beta", "1:2.4",   "1:2.10-1", "2:0",
  };
  for (std::size_t left = 0; left < ascending.size(); ++left) {
    for (std::size_t right = 0; right < ascending.size(); ++right) {
      INFO(ascending[left] << " and " << ascending[right]);
      CHECK((compare_versions(ascending[left], ascending[right]) < 0) == (left < right));
    }
  }
  CHECK((compare_versions("1.0", "1.0-0") == 0));
  CHECK((compare_versions("0:1.0", "1.00") == 0));
  CHECK((compare_versions("99999999999999999999999", "100000000000000000000000") < 0));
}

TEST_CASE("an unfinished package means an interrupted dpkg", "[os][packages]") {
  for (const char* state : {"install ok unpacked", "install ok half-configured", "install reinstreq half-installed",
                            "install ok triggers-awaited"}) {
    AptHost host;
    host.set_status(paragraph("half", state, "1"));
    CHECK(host.apt_packages.interrupted());
    CHECK_FALSE(host.apt_packages.installed_version("half"));
    CHECK(host.apt_packages.present_version("half") == "1");
  }
  AptHost host;
  host.put("/var/lib/dpkg/updates/0001", "x");
  CHECK(host.apt_packages.interrupted());
}

TEST_CASE("the status file is read once, and again after a change", "[os][packages]") {
  AptHost host;
  host.effect = [&](const Command&) { host.set_status(paragraph("postfix", "install ok installed", "3.7")); };
  CHECK_FALSE(host.apt_packages.installed_version("postfix"));
  CHECK_FALSE(host.apt_packages.installed_version("dovecot-core"));
  CHECK(host.accesses() == std::vector<std::string>{"read /var/lib/dpkg/status"});
  host.apt_packages.change({"postfix"}, {}, {});
  CHECK(host.apt_packages.installed_version("postfix") == "3.7");
}

TEST_CASE("one call of apt installs and removes, with services held back", "[os][packages]") {
  AptHost host;
  host.apt_packages.change({"postfix", "nginx"}, {"base-files", "not-there"}, {});
  CHECK(host.calls == std::vector<std::string>{"install postfix nginx base-files-"});
  CHECK(host.held == std::vector<bool>{true});
  CHECK_FALSE(host.exists(k_policy));
  const Command& command = host.commands.calls.back();
  CHECK(command.environment.at("DEBIAN_FRONTEND") == "noninteractive");
  for (const char* option : {"--yes", "--no-install-recommends", "-oDpkg::Options::=--force-confold",
                             "-oDpkg::Options::=--force-confdef", "-oDpkg::Use-Pty=0"}) {
    CHECK(std::find(command.argv.begin(), command.argv.end(), option) != command.argv.end());
  }
  // The configuration of what goes was not ours: it stays.
  CHECK(std::find(command.argv.begin(), command.argv.end(), "--purge") == command.argv.end());
}

TEST_CASE("what apt would remove besides is told with its reason", "[os][packages]") {
  AptHost host;
  host.simulation.out =
      "Reading package lists...\nRemv exim4 [4.96-15]\nRemv exim4-daemon-light [4.96-15] []\nRemv persistent [1.0]\n"
      "Remv base-files [12.4]\nRemv odd:amd64 [2]\nInst libc6 [2.36-9] (2.36-10 Debian:12.1/stable [amd64])\n"
      "Inst postfix (3.7.11-0 Debian:12.1/stable [amd64]) []\nInst ufw (0.36.2-1 Debian:12.1/stable [all])\n"
      "Conf postfix (3.7.11-0 Debian:12.1/stable [amd64])\n";
  host.records =
      "Package: exim4\nDepends: debconf (>= 0.5) | debconf-2.0, exim4-base (>= 4.96), exim4-daemon-light | other\n\n"
      "Package: exim4-daemon-light\nProvides: mail-transport-agent\nConflicts: mail-transport-agent\n\n"
      "Package: persistent\nDescription-en: a\n Breaks: nothing\n\n"
      "Package: postfix\nProvides: default-mta, mail-transport-agent\nConflicts: mail-transport-agent, smail\n\n"
      "Package: ufw\nBreaks: persistent:any (<< 2), x\n";
  const Consequences found = host.apt_packages.consequences({"postfix", "ufw"}, {"base-files", "not-there"});
  CHECK(found.unknown.empty());
  std::vector<std::string> told;
  for (const RemovedPackage& package : found.removed) {
    told.push_back(package.name + " " + package.version + " " + package.reason);
  }
  CHECK(told == std::vector<std::string>{"exim4 4.96-15 it may need exim4-daemon-light",
                                         "exim4-daemon-light 4.96-15 it may conflict with postfix",
                                         "persistent 1.0 it may conflict with ufw", "odd 2 "});
  CHECK(found.brought ==
        std::map<std::string, std::string>{{"libc6", "2.36-10"}, {"postfix", "3.7.11-0"}, {"ufw", "0.36.2-1"}});
  CHECK(host.calls.empty());
  SECTION("apt is asked once") {
    const std::size_t asked = host.commands.calls.size();
    static_cast<void>(host.apt_packages.consequences({"postfix", "ufw"}, {"base-files", "not-there"}));
    CHECK(host.commands.calls.size() == asked);
  }
  SECTION("nothing to change: apt is not asked") {
    host.commands.calls.clear();
    CHECK(host.apt_packages.consequences({}, {"not-there"}).removed.empty());
    CHECK(host.commands.calls.empty());
  }
  SECTION("apt does not know") {
    host.simulation = failed("E: Unable to locate package postfix");
    CHECK_THAT(host.apt_packages.consequences({"nginx"}, {}).unknown, Contains("apt-get update"));
  }
}

TEST_CASE("services of packages that go may stop, all others are held", "[os][packages]") {
  AptHost host;
  host.simulation.out = "Remv exim4-daemon-light [4.96-15]\n";
  std::string policy;
  const auto answer = [&](const std::string& package, const std::string& arguments) {
    return WEXITSTATUS(
        std::system(("DPKG_MAINTSCRIPT_PACKAGE=" + package + " sh " + policy + ".kept " + arguments).c_str()));
  };
  host.effect = [&](const Command&) {
    policy = host.real(k_policy);
    host.put(std::string(k_policy) + ".kept", host.content(k_policy));
  };
  host.apt_packages.change({"postfix"}, {"base-files"}, {});
  CHECK(answer("exim4-daemon-light", "exim4 stop") == 0);
  CHECK(answer("base-files", "--quiet base-files.service stop") == 0);
  CHECK(answer("exim4-daemon-light", "exim4 start") == 101);
  CHECK(answer("dovecot-core", "dovecot.service stop") == 101);
  CHECK(answer("postfix", "postfix restart") == 101);
}

TEST_CASE("packages are not changed if apt cannot tell whose services must stop", "[os][packages]") {
  AptHost host;
  host.simulation = failed("E: Unmet dependencies.");
  CHECK_THROWS_WITH(host.apt_packages.change({"postfix"}, {}, {}),
                    Contains("are not changed") && Contains("Unmet dependencies"));
  CHECK(host.calls.empty());
  CHECK_FALSE(host.exists(k_policy));
  host.simulation = {};
  host.apt_packages.change({"postfix"}, {}, {});
  CHECK(host.calls == std::vector<std::string>{"install postfix"});
}

TEST_CASE("services are let go again whatever happens, and a stranger's policy stays", "[os][packages]") {
  AptHost host;
  host.results = {failed("E: Sub-process /usr/bin/dpkg returned an error code (1)")};
  CHECK_THROWS_AS(host.apt_packages.change({"postfix"}, {}, {}), Error);
  CHECK_FALSE(host.exists(k_policy));
  host.put(k_policy, "#!/bin/sh\nexit 101\n", 0755);
  host.apt_packages.change({"postfix"}, {}, {});
  CHECK(host.content(k_policy) == "#!/bin/sh\nexit 101\n");
}

TEST_CASE("a policy that a killed run left is found and removed", "[os][packages]") {
  AptHost host;
  std::string ours;
  host.effect = [&](const Command&) { ours = host.content(k_policy); };
  host.apt_packages.change({"postfix"}, {}, {});
  REQUIRE_FALSE(ours.empty());
  host.put(k_policy, ours, 0755);
  CHECK(host.apt_packages.interrupted());
  host.calls.clear();
  host.apt_packages.change({}, {}, {});
  CHECK_FALSE(host.exists(k_policy));
  CHECK(host.calls.empty());
  CHECK_FALSE(host.apt_packages.interrupted());
}

TEST_CASE("an interrupted dpkg is finished first, with services held back", "[os][packages]") {
  AptHost host;
  host.set_status(paragraph("half", "install ok half-configured", "1"));
  host.effect = [&](const Command& command) {
    if (command.argv[0] == "dpkg") host.set_status(paragraph("half", "install ok installed", "1"));
  };
  host.apt_packages.change({"postfix"}, {}, {});
  CHECK(host.calls == std::vector<std::string>{"dpkg --configure -a", "install postfix"});
  CHECK(host.held == std::vector<bool>{true, true});
  CHECK(host.apt_packages.installed_version("half") == "1");
}

TEST_CASE("what dpkg alone cannot finish is mended by apt, before anything else", "[os][packages]") {
  AptHost host;
  const std::string broken = paragraph("half", "install reinstreq half-installed", "1");
  host.set_status(broken);
  bool mends = true;
  host.effect = [&](const Command& command) {
    const bool mending = std::find(command.argv.begin(), command.argv.end(), "--fix-broken") != command.argv.end();
    if (mending) host.calls.back() += "mend";
    if (mending && mends) host.set_status(paragraph("half", "install ok installed", "1"));
  };
  host.results = {failed("dpkg: dependency problems prevent configuration of x:\n")};
  SECTION("before downloading") { host.apt_packages.download({"postfix"}, {}); }
  SECTION("before installing") { host.apt_packages.change({"postfix"}, {}, {}); }
  SECTION("with nothing else to do") { host.apt_packages.change({}, {}, {}); }
  SECTION("without success") {
    mends = false;
    host.results.push_back(failed("E: Unmet dependencies.\n"));
    CHECK_THROWS_WITH(host.apt_packages.change({"postfix"}, {}, {}), Contains("Unmet dependencies"));
    CHECK(host.calls.size() == 2);
  }
  CHECK(host.calls.at(0) == "dpkg --configure -a");
  CHECK(host.calls.at(1) == "mend");
  CHECK(host.held.at(0));
  CHECK(host.held.at(1));
  CHECK_FALSE(host.exists(k_policy));
}

TEST_CASE("nothing to change runs nothing and touches nothing", "[os][packages]") {
  AptHost host;
  const auto before = host.snapshot();
  host.apt_packages.change({}, {"not-there"}, {});
  host.apt_packages.download({}, {});
  CHECK(host.calls.empty());
  CHECK(host.snapshot() == before);
}

TEST_CASE("indexes are refreshed only where they are missing, old, or older than the sources", "[os][packages]") {
  const std::vector<std::string> fetched{"download postfix"};
  const std::vector<std::string> refreshed{"update", "download postfix"};
  AptHost host;
  SECTION("fresh") {
    host.apt_packages.download({"postfix"}, {});
    CHECK(host.calls == fetched);
  }
  SECTION("23 hours") {
    host.set_modified("/var/lib/apt/lists", 40);
    host.set_modified("/var/lib/apt/lists/partial", 23);
    host.apt_packages.download({"postfix"}, {});
    CHECK(host.calls == fetched);
  }
  SECTION("25 hours") {
    host.set_modified("/var/lib/apt/lists", 25);
    host.set_modified("/var/lib/apt/lists/partial", 25);
    host.apt_packages.download({"postfix"}, {});
    CHECK(host.calls == refreshed);
  }
  SECTION("missing") {
    host.erase("/var/lib/apt/lists/registry_main_binary-amd64_Packages");
    host.set_modified("/var/lib/apt/lists", 0);
    host.apt_packages.download({"postfix"}, {});
    CHECK(host.calls == refreshed);
  }
  SECTION("a new source") {
    host.set_modified("/var/lib/apt/lists", 2);
    host.set_modified("/var/lib/apt/lists/partial", 2);
    host.put("/etc/apt/sources.list.d/new.sources", "");
    host.set_modified("/etc/apt/sources.list.d/new.sources", 1);
    host.apt_packages.download({"postfix"}, {});
    CHECK(host.calls == refreshed);
  }
}

TEST_CASE("fresh indexes that lack a package are refreshed once", "[os][packages]") {
  AptHost host;
  host.results = {failed("E: Unable to locate package postfix\n"), {}, {}};
  host.apt_packages.download({"postfix"}, {});
  CHECK(host.calls == std::vector<std::string>{"download postfix", "update", "download postfix"});
  host.calls.clear();
  host.results = {failed("E: Unable to locate package posfix\n"), {}, failed("E: Unable to locate package posfix\n")};
  const Failure failure = failure_of([&] { host.apt_packages.download({"posfix"}, {}); });
  CHECK(failure.code == ExitCode::failed);
  CHECK_THAT(failure.what, Contains("E: Unable to locate package posfix"));
  CHECK(host.calls.size() == 3);
}

TEST_CASE("what apt says against a source is a complaint while the packages can be had", "[os][packages]") {
  AptHost host;
  host.erase("/var/lib/apt/lists/registry_main_binary-amd64_Packages");
  std::string complaint;
  const auto download = [&] {
    host.apt_packages.download({"postfix"}, [&](const PackageProgress& progress) {
      if (progress.step == PackageProgress::Step::complaint) complaint = progress.detail;
    });
  };
  const std::string words = GENERATE(
      as<std::string>(),
      "E: The repository 'cdrom://[Debian GNU/Linux 12.5.0 _Bookworm_]/ bookworm Release' does not have a Release "
      "file.",
      "E: Release file for http://other/dists/x/InRelease is expired (invalid since 3d). Updates are not applied.",
      "W: GPG error: http://other x InRelease: the public key is not available: NO_PUBKEY 1234\nE: The repository "
      "'http://other x InRelease' is not signed.",
      "E: Failed to fetch http://other/x  Could not connect to other:80");
  host.results = {failed(words + "\n")};
  download();
  CHECK(host.calls == std::vector<std::string>{"update", "download postfix"});
  CHECK_THAT(complaint, Contains("complains about some of its sources") && Contains(words));
  host.results = {failed(words + "\n"), failed("E: Unable to locate package postfix\n")};
  const Failure failure = failure_of(download);
  CHECK_THAT(failure.what, Contains("Unable to locate") && Contains(words));
}

namespace {

const char* const k_disc =
    "deb cdrom:[Debian GNU/Linux 12.5.0 _Bookworm_ - Official amd64 DVD Binary-1]/ bookworm main\n";
const char* const k_registry = "# deb cdrom:[old]/ x main\ndeb [arch=amd64] http://registry bookworm main\n";

// A machine that was installed from a disc, which is what apt wants first.
struct DiscHost : AptHost {
  DiscHost() {
    put("/etc/apt/sources.list", k_registry);
    put_directory("/run");
    put_directory("/etc/apt/sources.list.d");
    results = {failed("Media change: please insert the disc\nE: Failed to fetch cdrom:x  Please use apt-cdrom\n")};
    effect = [this](const Command& command) { look(command); };
  }

  // The sources that this call of apt reads instead of the machine's.
  void look(const Command& command) {
    const auto value = [&](const std::string& option) -> std::string {
      for (const std::string& word : command.argv) {
        if (word.starts_with(option)) return word.substr(option.size());
      }
      return {};
    };
    const std::string list = value("-oDir::Etc::SourceList=");
    if (list.empty()) return;
    used["sources.list"] = content(list);
    const std::string parts = value("-oDir::Etc::SourceParts=");
    if (!parts.empty()) {
      for (const std::string& name : files.list(parts)) used[name] = content(parts + "/" + name);
    }
    if (interrupting) throw Interrupted{SIGINT};
  }

  void download() {
    for (const char* path : {"/etc/apt/sources.list", "/etc/apt/sources.list.d"}) set_modified(path, 1);
    for (const std::string& name : files.list("/etc/apt/sources.list.d")) {
      set_modified("/etc/apt/sources.list.d/" + name, 1);
    }
    apt_packages.download({"postfix"}, {});
  }

  std::map<std::string, std::string> used{};
  bool interrupting = false;
};

}  // namespace

TEST_CASE("an installation disc that apt wants to have inserted is left out", "[os][packages]") {
  DiscHost host;
  host.put("/etc/apt/sources.list",
           k_disc + std::string("deb-src [trusted=yes] cdrom:[x]/ bookworm main\n \tdeb\tcdrom:[y]/ bookworm main\n") +
               k_registry);
  host.results.push_back({});
  host.results.push_back(failed("E: Failed to fetch cdrom:x  Please use apt-cdrom\n"));
  host.download();
  CHECK(host.calls == std::vector<std::string>{"download postfix", "update", "download postfix", "download postfix"});
  CHECK(host.used == std::map<std::string, std::string>{{"sources.list", k_registry}});
  CHECK(host.files.list("/run").empty());
}

TEST_CASE("a disc among sources.list.d is left out, all others are as they were", "[os][packages]") {
  DiscHost host;
  const std::string stanza = "Types: deb\nURIs: http://other/debian\nSuites: bookworm\nComponents: main\n";
  const std::string disc = "# the disc\nTypes: deb\nuris:\n cdrom:[x y]/\nSuites: bookworm\n";
  host.put("/etc/apt/sources.list.d/discs.list", k_disc + std::string("deb http://more bookworm main\n"));
  host.put("/etc/apt/sources.list.d/mixed.sources", stanza + "\n" + disc + "\n" + stanza);
  host.put("/etc/apt/sources.list.d/other.sources", stanza);
  host.put("/etc/apt/sources.list.d/README", "apt does not read this");
  host.results.resize(3);
  host.results[2] = host.results[0];
  host.download();
  CHECK(host.used == std::map<std::string, std::string>{{"sources.list", k_registry},
                                                        {"discs.list", "deb http://more bookworm main\n"},
                                                        {"mixed.sources", stanza + "\n" + stanza},
                                                        {"other.sources", stanza}});
  CHECK(host.files.list("/run").empty());
}

TEST_CASE("without a disc among the sources apt's failure stands", "[os][packages]") {
  DiscHost host;
  host.put("/etc/apt/sources.list.d/other.sources", "Types: deb\nURIs: http://cdrom:80/\nSuites: x\n");
  host.results.resize(3);
  host.results[2] = host.results[0];
  CHECK_THROWS_WITH(host.download(), Contains("Please use apt-cdrom"));
  CHECK(host.used.empty());
}

TEST_CASE("a download without discs that is interrupted leaves nothing behind", "[os][packages]") {
  DiscHost host;
  host.put("/etc/apt/sources.list", k_disc + std::string(k_registry));
  host.results.resize(3);
  host.results[2] = host.results[0];
  host.interrupting = true;
  CHECK_THROWS_AS(host.download(), Interrupted);
  CHECK_FALSE(host.used.empty());
  CHECK(host.files.list("/run").empty());
}

TEST_CASE("failures have their exit codes, apt's words and a remedy", "[os][packages]") {
  AptHost host;
  SECTION("no network") {
    const CommandResult unreachable = failed(
        "W: Failed to fetch http://registry/x  Temporary failure resolving 'registry'\nE: Unable to fetch some "
        "archives");
    host.results = {unreachable, {.exit_code = 0, .err = unreachable.err}, unreachable};
    const Failure failure = failure_of([&] { host.apt_packages.download({"postfix"}, {}); });
    CHECK(failure.code == ExitCode::no_network);
    CHECK_THAT(failure.what, Contains("Temporary failure resolving") && Contains("/etc/apt/sources.list"));
  }
  SECTION("no network and no indexes") {
    host.erase("/var/lib/apt/lists/registry_main_binary-amd64_Packages");
    host.results = {
        {.exit_code = 0, .err = "W: Failed to fetch http://registry/InRelease  Could not resolve 'registry'\n"},
        failed("E: Unable to locate package postfix\n")};
    const Failure failure = failure_of([&] { host.apt_packages.download({"postfix"}, {}); });
    CHECK(failure.code == ExitCode::no_network);
    CHECK(host.calls == std::vector<std::string>{"update", "download postfix"});
  }
  SECTION("no space") {
    host.results = {failed("E: You don't have enough free space in /var/cache/apt/archives/.\n")};
    const Failure failure = failure_of([&] { host.apt_packages.download({"postfix"}, {}); });
    CHECK(failure.code == ExitCode::no_space);
    CHECK_THAT(failure.what, Contains("/var/cache/apt/archives") && Contains("df -h"));
  }
  SECTION("a package's own script") {
    host.results = {{.exit_code = 100,
                     .out = "Setting up bad (1) ...\ndpkg: error processing package bad (--configure):\n installed bad "
                            "package post-installation script subprocess returned error exit status 3\nmore\n",
                     .err = "E: Sub-process /usr/bin/dpkg returned an error code (1)\n"}};
    const Failure failure = failure_of([&] { host.apt_packages.change({"bad"}, {}, {}); });
    CHECK(failure.code == ExitCode::failed);
    CHECK_THAT(failure.what, Contains("dpkg: error processing package bad") &&
                                 Contains("returned error exit status 3") && !Contains("Setting up"));
  }
}

TEST_CASE("another program's lock is waited for, named, and in the end given up on", "[os][packages]") {
  AptHost host;
  LockHolderProcess other(host.real("/var/lib/dpkg/lock-frontend"));
  host.put("/proc/" + std::to_string(other.process()) + "/comm", "unattended-upgr\n");
  const std::string name = "unattended-upgr (process " + std::to_string(other.process()) + ")";
  std::vector<std::string> waited;
  SECTION("until it is let go") {
    host.apt_packages.download({"postfix"}, [&](const PackageProgress& progress) {
      if (progress.step != PackageProgress::Step::waiting_for_lock) return;
      waited.push_back(progress.detail);
      CHECK(host.calls.empty());
      if (waited.size() == 3) other.end();
    });
    CHECK(waited == std::vector<std::string>{name, name, name});
    CHECK(host.calls == std::vector<std::string>{"download postfix"});
  }
  SECTION("until the limit") {
    AptPackages patient(host.files, host.commands, host.clock, std::chrono::seconds(20));
    const auto begin = host.clock.monotonic();
    const Failure failure = failure_of([&] { patient.change({"postfix"}, {}, {}); });
    CHECK(failure.code == ExitCode::packages_locked);
    CHECK_THAT(failure.what, Contains(name) && Contains("20 seconds") && Contains("/var/lib/dpkg/lock-frontend"));
    CHECK(host.clock.monotonic() - begin >= std::chrono::seconds(20));
    CHECK(host.clock.monotonic() - begin < std::chrono::seconds(22));
    CHECK(host.calls.empty());
    CHECK_FALSE(host.exists(k_policy));
  }
}

TEST_CASE("a lock taken between our look and apt's is waited for too", "[os][packages]") {
  AptHost host;
  const CommandResult locked =
      failed("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (x)\n");
  host.results = {locked, locked, {}};
  host.apt_packages.change({"postfix"}, {}, {});
  CHECK(host.calls.size() == 3);
  AptPackages impatient(host.files, host.commands, host.clock, std::chrono::seconds(0));
  host.results = {locked};
  CHECK(failure_of([&] { impatient.change({"postfix"}, {}, {}); }).code == ExitCode::packages_locked);
}

TEST_CASE("progress tells bytes while downloading and packages while installing", "[os][packages]") {
  AptHost host;
  host.effect = [](const Command& command) {
    CHECK(command.status_descriptor == 9);
    command.on_output("Reading package lists...\nNeed to ge");
    command.on_output("t 4,915 kB/10.2 MB of archives.\n");
    command.on_status("dlstatus:1:20.0000:Retrieving file 1 of 6");
    command.on_status("pmstatus:libc6:amd64:37.5:Unpacking libc6:amd64 (amd64)");
    command.on_status("pmstatus:postfix:62.5:Configuring postfix (amd64)");
    command.on_status("nonsense");
  };
  std::vector<PackageProgress> steps;
  host.apt_packages.change({"postfix"}, {}, [&](const PackageProgress& progress) { steps.push_back(progress); });
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].step == PackageProgress::Step::downloading);
  CHECK(steps[0].bytes_total == 4'915'000);
  CHECK(steps[0].bytes_done == 983'000);
  CHECK(steps[1].step == PackageProgress::Step::installing);
  CHECK(steps[1].detail == "libc6");
  CHECK(steps[1].fraction == Approx(0.375));
  CHECK(steps[2].step == PackageProgress::Step::configuring);
  CHECK(steps[2].fraction == Approx(0.625));
}

TEST_CASE("apt's sizes are read", "[os][packages]") {
  CHECK(parse_apt_size("Need to get 0 B/10 MB of archives.") == 0U);
  CHECK(parse_apt_size("x\nNeed to get 102 MB of archives.") == 102'000'000U);
  CHECK(parse_apt_size("Need to get 1,2") == std::nullopt);
  CHECK(parse_apt_size("Need to get 5.1 parsecs") == std::nullopt);
  CHECK(parse_apt_size("") == std::nullopt);
  CHECK_FALSE(parse_apt_status("dlstatus:1", 5));
  CHECK_FALSE(parse_apt_status("pmstatus:x:y:z", 5));
  CHECK_FALSE(parse_apt_status("pmerror:x:5.0:z", 5));
}

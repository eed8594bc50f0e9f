#include "os/apt_packages.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/apt_output.hpp"
#include "os/apt_simulation.hpp"
#include "os/apt_sources.hpp"
#include "os/package_locks.hpp"
#include "os/service_hold.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_status = "/var/lib/dpkg/status";
constexpr const char* k_updates = "/var/lib/dpkg/updates";
constexpr const char* k_lists = "/var/lib/apt/lists";
constexpr const char* k_sources = "/etc/apt/sources.list";
constexpr std::chrono::hours k_fresh{24};
constexpr std::chrono::hours k_apt_limit{3};
constexpr int k_status_descriptor = 9;

// Ask nothing; keep existing configuration files, also those managed by ucf (UCF_FORCE_CONFFOLD).
const std::map<std::string, std::string> k_environment = {
    {"DEBIAN_FRONTEND", "noninteractive"}, {"DEBIAN_PRIORITY", "critical"}, {"APT_LISTCHANGES_FRONTEND", "none"},
    {"NEEDRESTART_SUSPEND", "1"},          {"UCF_FORCE_CONFFOLD", "1"},
};

const std::vector<std::string> k_apt_options = {
    "--yes",
    "--no-install-recommends",
    "-oDpkg::Use-Pty=0",
    "-oDpkg::Options::=--force-confdef",
    "-oDpkg::Options::=--force-confold",
    "-oDPkg::Lock::Timeout=60",  // in case somebody takes the lock after we looked
    "-oAcquire::Retries=3",
    "-oAPT::Status-Fd=9",
};

std::string remedy(ExitCode code) {
  switch (code) {
    case ExitCode::no_network:
      return "The package registry cannot be reached. Check the network, the name servers in /etc/resolv.conf and the "
             "addresses in /etc/apt/sources.list and sources.list.d, then run this again.";
    case ExitCode::no_space:
      return "A file system is full. Make room (`df -h` shows where; `apt-get clean` empties apt's cache), then run "
             "this again.";
    case ExitCode::packages_locked:
      return "Another program is changing packages. Wait until it has finished, then run this again.";
    default:
      return "Solve the problem above, then run this again.";
  }
}

std::vector<std::string> concat(std::vector<std::string> left, const std::vector<std::string>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace

const DpkgStatus& AptPackages::status() const {
  if (!status_) {
    std::optional<FileContent> file = files_.read(k_status);
    if (!file) throw Error(std::string(k_status) + " is missing: dpkg does not manage this machine");
    status_ = std::make_unique<DpkgStatus>(std::move(file->content));
  }
  return *status_;
}

std::optional<std::string> AptPackages::installed_version(const std::string& package) const {
  const std::string_view version = status().version(package);
  return version.empty() ? std::nullopt : std::optional(std::string(version));
}

std::optional<std::string> AptPackages::present_version(const std::string& package) const {
  const std::string_view version = status().present_version(package);
  return version.empty() ? std::nullopt : std::optional(std::string(version));
}

// After a change nothing that was read before counts.
void AptPackages::forget() {
  status_.reset();
  foreseen_.reset();
}

std::vector<std::string> AptPackages::arguments_for(const std::vector<std::string>& install,
                                                    const std::vector<std::string>& remove) const {
  std::vector<std::string> arguments = install;
  for (const std::string& package : remove) {
    if (status().known(package)) arguments.push_back(package + "-");
  }
  return arguments;
}

Consequences AptPackages::consequences(const std::vector<std::string>& install,
                                       const std::vector<std::string>& remove) const {
  std::vector<std::string> arguments = arguments_for(install, remove);
  if (arguments.empty()) return {};
  // A failure is not remembered: its cause may be gone.
  if (!foreseen_ || foreseen_->arguments != arguments || !foreseen_->consequences.unknown.empty()) {
    Consequences all = simulate(arguments);
    foreseen_ = {std::move(arguments), std::move(all)};
  }
  Consequences others = foreseen_->consequences;
  std::erase_if(others.removed, [&](const RemovedPackage& package) { return contains(remove, package.name); });
  return others;
}

// All that apt would remove and bring.
Consequences AptPackages::simulate(const std::vector<std::string>& arguments) const {
  const CommandResult result = commands_.query(
      {.argv = concat({"apt-get", "--simulate", "--yes", "--no-install-recommends", "install"}, arguments)});
  if (result.exit_code != 0) {
    const std::string output = result.out + result.err;
    if (!needs_fresh_indexes(output)) return {.unknown = apt_words(output)};
    return {.unknown = "the package indexes are not up to date; `apt-get update` refreshes them, and so does setup"};
  }
  SimulatedTransaction transaction = parse_simulation(result.out);
  if (transaction.removed.empty()) return {.brought = std::move(transaction.brought)};
  std::vector<std::string> names = transaction.installed;
  for (const RemovedPackage& package : transaction.removed) names.push_back(package.name);
  explain_removals(transaction, commands_.query({.argv = concat({"apt-cache", "show"}, names)}).out);
  return {.removed = std::move(transaction.removed), .brought = std::move(transaction.brought)};
}

// Numbered files in k_updates are steps that dpkg has not merged into its status file yet.
bool AptPackages::dpkg_interrupted() const { return status().interrupted() || !files_.list(k_updates).empty(); }

bool AptPackages::interrupted() const { return dpkg_interrupted() || ServiceHold::left_behind(files_); }

// No indexes, or older than a day or than the list of sources. apt-get update touches the directories even if nothing
// was new.
bool AptPackages::indexes_are_stale() const {
  const std::vector<std::string> names = files_.list(k_lists);
  const bool any = std::any_of(names.begin(), names.end(),
                               [](const std::string& name) { return name.find("_Packages") != std::string::npos; });
  if (!any) return true;
  const std::int64_t refreshed =
      std::max(files_.info(k_lists).modified, files_.info(std::string(k_lists) + "/partial").modified);
  const auto age = clock_.now() - std::chrono::system_clock::time_point(std::chrono::seconds(refreshed));
  if (age > k_fresh) return true;
  std::int64_t sources = files_.info(k_sources).modified;
  for (const std::string& name : files_.list("/etc/apt/sources.list.d")) {
    sources = std::max(sources, files_.info("/etc/apt/sources.list.d/" + name).modified);
  }
  return sources > refreshed;
}

// Runs once no other program holds a lock, and again if one took it just before.
CommandResult AptPackages::run_when_unlocked(Command command, const PackageProgressHandler& progress) {
  command.timeout = k_apt_limit;
  command.environment = k_environment;
  const auto limit = clock_.monotonic() + lock_wait_;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - clock_.monotonic());
    wait_for_package_locks(files_, clock_, std::max(left, std::chrono::milliseconds(0)), progress);
    CommandResult result = commands_.run(command);
    const bool locked =
        result.exit_code != 0 && classify_apt_failure(result.out + result.err) == ExitCode::packages_locked;
    if (!locked || clock_.monotonic() >= limit) return result;
    clock_.sleep(std::chrono::seconds(1));
  }
}

CommandResult AptPackages::apt_get(const std::vector<std::string>& arguments, const PackageProgressHandler& progress) {
  std::string announced;
  std::optional<std::uint64_t> total;
  Command command{.argv = concat({"apt-get"}, concat(k_apt_options, arguments))};
  command.status_descriptor = k_status_descriptor;
  command.on_output = [&](std::string_view piece) {
    if (total) return;
    announced += piece;
    total = parse_apt_size(announced);
  };
  command.on_status = [&](std::string_view line) {
    const std::optional<PackageProgress> step = parse_apt_status(line, total.value_or(0));
    if (step && progress) progress(*step);
  };
  return run_when_unlocked(command, progress);
}

AptPackages::Refresh AptPackages::refresh_indexes(const PackageProgressHandler& progress) {
  if (progress) progress({PackageProgress::Step::refreshing, "", 0, 0, 0});
  // Whatever apt says and whichever code it exits with, because a source cannot be reached, is not signed, has expired
  // or is a disc: whether the others have the packages only their download shows.
  const CommandResult result = run_when_unlocked({.argv = {"apt-get", "-oAcquire::Retries=3", "update"}}, progress);
  foreseen_.reset();
  const bool complains = result.exit_code != 0 || result.err.find("W: ") != std::string::npos;
  return {true, complains ? apt_words(result.out + result.err) : ""};
}

void AptPackages::throw_failure(const std::string& what, const CommandResult& result,
                                const std::string& complaints) const {
  const std::string output = result.out + result.err;
  ExitCode code = classify_apt_failure(output);
  // "Unable to locate package" after a refresh that failed has that one's reason.
  if (code == ExitCode::failed) code = classify_apt_failure(complaints);
  std::string words = apt_words(output);
  if (!complaints.empty()) words = complaints + "\n" + words;
  if (result.timed_out) words += "\ntimed out after 3 hours";
  throw Error(what + ":\n" + words + "\n" + remedy(code), code);
}

void AptPackages::download(const std::vector<std::string>& packages, const PackageProgressHandler& progress) {
  if (packages.empty()) return;
  finish_interrupted(progress);  // apt refuses to work before that
  Refresh refresh;
  if (indexes_are_stale()) refresh = refresh_indexes(progress);
  const std::vector<std::string> arguments = concat({"--download-only", "install"}, packages);
  CommandResult result = apt_get(arguments, progress);
  if (result.exit_code != 0 && !refresh.done && needs_fresh_indexes(result.out + result.err)) {
    refresh = refresh_indexes(progress);
    result = apt_get(arguments, progress);
  }
  if (result.exit_code != 0) result = download_without_discs(arguments, std::move(result), progress);
  if (result.exit_code != 0) throw_failure("packages cannot be downloaded", result, refresh.complaints);
  if (!refresh.complaints.empty() && progress) {
    progress(
        {PackageProgress::Step::complaint,
         "apt has all packages that are needed, but complains about some of its sources. Correct or remove these in "
         "/etc/apt/sources.list and sources.list.d:\n" +
             refresh.complaints,
         0, 0, 0});
  }
}

// apt takes a package from the first source that has it, also from an installation disc that has long been taken out
// of the drive, which it then wants back.
CommandResult AptPackages::download_without_discs(const std::vector<std::string>& arguments, CommandResult failed,
                                                  const PackageProgressHandler& progress) {
  const SourcesWithoutDiscs sources(files_);
  if (sources.options().empty()) return failed;
  CommandResult result = apt_get(concat(sources.options(), arguments), progress);
  return result.exit_code == 0 ? result : failed;
}

// Configures what dpkg has unpacked. If that is not enough, because a package or a dependency was only partly unpacked
// (a full disk), apt fetches and installs what is missing.
void AptPackages::finish_interrupted(const PackageProgressHandler& progress) {
  if (!dpkg_interrupted()) return;
  const ServiceHold hold(files_);
  if (progress) progress({PackageProgress::Step::configuring, "", 0, 0, 0});
  CommandResult result =
      run_when_unlocked({.argv = {"dpkg", "--force-confdef", "--force-confold", "--configure", "-a"}}, progress);
  forget();
  if (dpkg_interrupted()) {
    // The last resort: to fix dependencies apt may also remove packages.
    result = apt_get({"--fix-broken", "install"}, progress);
    forget();
  }
  if (result.exit_code != 0) throw_failure("an interrupted installation cannot be finished", result, "");
}

void AptPackages::change(const std::vector<std::string>& install, const std::vector<std::string>& remove,
                         const PackageProgressHandler& progress) {
  ServiceHold::remove_left_behind(files_);
  status_.reset();
  finish_interrupted(progress);
  const std::vector<std::string> arguments = arguments_for(install, remove);
  if (arguments.empty()) return;
  const Consequences others = consequences(install, remove);
  // Daemons of packages that go unseen would run on, with their ports, after nothing is left that can stop them.
  if (!others.unknown.empty()) {
    const ExitCode code = classify_apt_failure(others.unknown);
    throw Error("packages are not changed, because apt cannot tell what it would remove for them:\n" + others.unknown +
                    "\n" + remedy(code),
                code);
  }
  std::vector<std::string> removed = remove;
  for (const RemovedPackage& package : others.removed) removed.push_back(package.name);
  const ServiceHold hold(files_, removed);
  const CommandResult result = apt_get(concat({"install"}, arguments), progress);
  forget();
  if (result.exit_code != 0) throw_failure("packages cannot be changed", result, "");
}

}  // namespace mailinabox

// Distribution packages: what is installed (dpkg's status file, read again after a change), and the one transaction
// that changes it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mailinabox {

// A package that a transaction removes because of others.
struct RemovedPackage {
  std::string name{};
  std::string version{};
  std::string reason{};  // "it may conflict with postfix"; "" if unknown
};

struct Consequences {
  std::vector<RemovedPackage> removed{};
  std::map<std::string, std::string> brought{};  // every package that is installed or upgraded, to its new version
  std::string unknown{};                         // not empty: why they are not known
};

class PackageReader {
 public:
  virtual ~PackageReader() = default;
  // The version if the package is installed and configured ("install ok installed" or "hold ok installed"), else
  // std::nullopt: an unpacked or half-configured package is not installed.
  virtual std::optional<std::string> installed_version(const std::string& package) const = 0;
  // The version whose files are there, also if dpkg has not finished with the package; std::nullopt if there is none.
  virtual std::optional<std::string> present_version(const std::string& package) const = 0;
  // True if dpkg was interrupted and `dpkg --configure -a` is needed.
  virtual bool interrupted() const = 0;
  // What change(install, remove) would bring, and what else it would remove, as apt says now. Starts apt, unless there
  // is nothing to change.
  virtual Consequences consequences(const std::vector<std::string>& install,
                                    const std::vector<std::string>& remove) const = 0;
};

struct PackageProgress {
  enum class Step : std::uint8_t { waiting_for_lock, refreshing, downloading, installing, configuring, complaint };
  Step step = Step::refreshing;
  std::string detail{};          // the package; for waiting_for_lock, the holder; for complaint, sentences
  double fraction = 0;           // of this step, 0..1
  std::uint64_t bytes_done = 0;  // downloading
  std::uint64_t bytes_total = 0;
};
using PackageProgressHandler = std::function<void(const PackageProgress&)>;

class PackageManager : public PackageReader {
 public:
  // Downloads these packages and their dependencies into apt's cache. Refreshes the package indexes if they are older
  // than a day or lack a package. What apt says against some of its sources is a complaint, as long as the others have
  // the packages; installation discs (cdrom:) are left out if apt wants one inserted. Throws Error (no_network,
  // packages_locked, no_space or failed) with apt's output.
  virtual void download(const std::vector<std::string>& packages, const PackageProgressHandler& progress) = 0;

  // Installs (without recommended packages) and removes in one apt transaction. No service is started (policy-rc.d);
  // those of packages that go are stopped. Configuration files are kept, also those of packages that go. Completes an
  // interrupted dpkg first. Throws as download(), also before any change if consequences() cannot be told.
  virtual void change(const std::vector<std::string>& install, const std::vector<std::string>& remove,
                      const PackageProgressHandler& progress) = 0;
};

}  // namespace mailinabox

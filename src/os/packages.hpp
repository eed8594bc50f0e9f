// Distribution packages: what is installed (dpkg's status file, parsed once and again after a change) and the one
// transaction that changes it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mailinabox {

class PackageReader {
 public:
  virtual ~PackageReader() = default;
  // The version where the package is installed and configured ("install ok installed", also "hold ok installed");
  // nothing otherwise: an unpacked or half-configured package is not installed.
  virtual std::optional<std::string> installed_version(const std::string& package) const = 0;
  // True where a run of dpkg was cut off and `dpkg --configure -a` is due.
  virtual bool interrupted() const = 0;
};

struct PackageProgress {
  enum class Step : std::uint8_t { waiting_for_lock, refreshing, downloading, installing, configuring };
  Step step = Step::refreshing;
  std::string detail{};          // package, or for waiting_for_lock: who holds it
  double fraction = 0;           // of this step, 0..1
  std::uint64_t bytes_done = 0;  // downloading
  std::uint64_t bytes_total = 0;
};
using PackageProgressHandler = std::function<void(const PackageProgress&)>;

class PackageManager : public PackageReader {
 public:
  // Brings the archives of these packages and what they depend on into apt's cache. Refreshes the package indexes
  // where they are older than a day or apt cannot find what they name. Errors: ExitCode::no_network,
  // ::packages_locked (after waiting `lock_wait`), ::no_space, or failed with apt's words.
  virtual void download(const std::vector<std::string>& packages, const PackageProgressHandler& progress) = 0;

  // Installs (without recommended packages) and removes (purges) in one apt transaction with every service held back
  // from starting (policy-rc.d), existing configuration files kept. An interrupted dpkg is finished first.
  virtual void change(const std::vector<std::string>& install, const std::vector<std::string>& remove,
                      const PackageProgressHandler& progress) = 0;
};

}  // namespace mailinabox

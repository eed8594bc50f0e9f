// Packages through dpkg's status file, apt-get(8) and dpkg(1).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "os/commands.hpp"
#include "os/dpkg_status.hpp"
#include "os/files.hpp"
#include "os/packages.hpp"

namespace mailinabox {

class AptPackages final : public PackageManager {
 public:
  // All three must outlive this object. `lock_wait`: how long to wait for locks of dpkg and apt that others hold.
  AptPackages(FileSystem& files, CommandRunner& commands, const Clock& clock,
              std::chrono::milliseconds lock_wait = std::chrono::minutes(10))
      : files_(files), commands_(commands), clock_(clock), lock_wait_(lock_wait) {}

  std::optional<std::string> installed_version(const std::string& package) const override;
  std::optional<std::string> present_version(const std::string& package) const override;
  // Also true if an interrupted run of ours still keeps services from starting. change() repairs that too, even with
  // nothing to install.
  bool interrupted() const override;
  Consequences consequences(const std::vector<std::string>& install,
                            const std::vector<std::string>& remove) const override;
  void download(const std::vector<std::string>& packages, const PackageProgressHandler& progress) override;
  void change(const std::vector<std::string>& install, const std::vector<std::string>& remove,
              const PackageProgressHandler& progress) override;

 private:
  struct Refresh {
    bool done = false;
    std::string complaints{};  // of an incomplete refresh
  };

  // Packages as apt-get takes them, and what it said of them.
  struct Foreseen {
    std::vector<std::string> arguments{};
    Consequences consequences{};
  };

  const DpkgStatus& status() const;
  void forget();
  std::vector<std::string> arguments_for(const std::vector<std::string>& install,
                                         const std::vector<std::string>& remove) const;
  Consequences simulate(const std::vector<std::string>& arguments) const;
  bool dpkg_interrupted() const;
  bool indexes_are_stale() const;
  Refresh refresh_indexes(const PackageProgressHandler& progress);
  CommandResult apt_get(const std::vector<std::string>& arguments, const PackageProgressHandler& progress);
  CommandResult download_without_discs(const std::vector<std::string>& arguments, CommandResult failed,
                                       const PackageProgressHandler& progress);
  CommandResult run_when_unlocked(Command command, const PackageProgressHandler& progress);
  void finish_interrupted(const PackageProgressHandler& progress);
  void throw_failure(const std::string& what, const CommandResult& result, const std::string& complaints) const;

  FileSystem& files_;
  CommandRunner& commands_;
  const Clock& clock_;
  std::chrono::milliseconds lock_wait_;
  mutable std::unique_ptr<DpkgStatus> status_{};
  mutable std::optional<Foreseen> foreseen_{};
};

}  // namespace mailinabox

// The locks of dpkg and apt, which another program (unattended-upgrades, an administrator) may hold.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "os/files.hpp"
#include "os/packages.hpp"

namespace mailinabox {

struct PackageLockHolder {
  int process = 0;
  std::string program{};  // "unattended-upgr", from /proc/PID/comm; "" if unknown
  std::string lock{};     // the file
  std::string text() const;
};

// The holder of one of the locks (fcntl(2), F_GETLK), other than this process.
std::optional<PackageLockHolder> package_lock_holder(const FileReader& files);

// Waits until the locks are free; `progress` gets the holder. Throws Error (ExitCode::packages_locked) after `limit`.
void wait_for_package_locks(const FileReader& files, const Clock& clock, std::chrono::milliseconds limit,
                            const PackageProgressHandler& progress);

}  // namespace mailinabox

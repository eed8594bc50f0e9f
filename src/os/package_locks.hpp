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
  std::string program{};  // "unattended-upgr" as /proc/PID/comm has it; "" where unknown
  std::string lock{};     // the file
  std::string text() const;
};

// Who holds one of the locks now (fcntl(2), F_GETLK); this process itself never counts.
std::optional<PackageLockHolder> package_lock_holder(const FileReader& files);

// Waits until nobody does, telling `progress` who. After `limit` throws Error (ExitCode::packages_locked).
void wait_for_package_locks(const FileReader& files, const Clock& clock, std::chrono::milliseconds limit,
                            const PackageProgressHandler& progress);

}  // namespace mailinabox

// Keeps packages from starting, stopping and restarting services during their installation: /usr/sbin/policy-rc.d,
// which invoke-rc.d(8) and deb-systemd-invoke(1) obey. A package that is removed may stop its own: else they would run
// on, with their ports, and nothing would be left that can stop them.
#pragma once

#include <string>
#include <vector>

#include "os/files.hpp"

namespace mailinabox {

class ServiceHold {
 public:
  // Installs our policy, unless there is another one, which then decides. `removed`: packages that are removed
  // meanwhile. Throws SystemError.
  explicit ServiceHold(FileSystem& files, const std::vector<std::string>& removed = {});
  // Removes our policy, never another one.
  ~ServiceHold();
  ServiceHold(const ServiceHold&) = delete;
  ServiceHold& operator=(const ServiceHold&) = delete;

  // True if our policy is in place. Outside of an installation this means that a run was interrupted.
  static bool left_behind(const FileReader& files);
  static void remove_left_behind(FileSystem& files);

 private:
  FileSystem& files_;
};

}  // namespace mailinabox

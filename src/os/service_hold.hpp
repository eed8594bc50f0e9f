// Keeps packages from starting, stopping and restarting services while they are installed: /usr/sbin/policy-rc.d, which
// invoke-rc.d(8) and deb-systemd-invoke(1) ask.
#pragma once

#include "os/files.hpp"

namespace mailinabox {

class ServiceHold {
 public:
  // Puts our policy in place. One that is not ours is left as it is and decides by itself. Throws SystemError.
  explicit ServiceHold(FileSystem& files);
  // Takes our policy away again; never one that is not ours.
  ~ServiceHold();
  ServiceHold(const ServiceHold&) = delete;
  ServiceHold& operator=(const ServiceHold&) = delete;

  // True where a policy of ours is in place, which outside of a change means that a run was cut off.
  static bool left_behind(const FileReader& files);
  static void remove_left_behind(FileSystem& files);

 private:
  FileSystem& files_;
};

}  // namespace mailinabox

// What the kernel reports in /proc (proc(5)).
#pragma once

#include <string>

#include "os/files.hpp"
#include "os/machine.hpp"

namespace mailinabox {

class LinuxMachine final : public Machine {
 public:
  // If `files` has a root prefix, set_host_name() writes /proc/sys/kernel/hostname below it and leaves the machine's
  // own name alone.
  explicit LinuxMachine(FileSystem& files) : files_(files) {}

  std::string host_name() const override;
  std::set<ListeningPort> listening_tcp() const override;
  std::set<std::string> listening_sockets() const override;
  std::vector<std::string> active_swaps() const override;
  bool has_capability(int capability) const override;
  void set_host_name(const std::string& name) override;

 private:
  FileSystem& files_;
};

}  // namespace mailinabox

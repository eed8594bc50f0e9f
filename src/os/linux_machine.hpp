// The kernel's own words, from /proc (proc(5)).
#pragma once

#include <string>

#include "os/files.hpp"
#include "os/machine.hpp"

namespace mailinabox {

class LinuxMachine final : public Machine {
 public:
  // `files` decides the root. With a root prefix the running name is its file /proc/sys/kernel/hostname, and
  // set_host_name() writes that; the machine's own name never changes.
  explicit LinuxMachine(FileSystem& files) : files_(files) {}

  std::string host_name() const override;
  std::set<ListeningPort> listening_tcp() const override;
  std::vector<std::string> active_swaps() const override;
  bool has_capability(int capability) const override;
  void set_host_name(const std::string& name) override;

 private:
  FileSystem& files_;
};

}  // namespace mailinabox

#include "apps/real_machine.hpp"

#include "os/systemd_services.hpp"
#include "os/sysv_services.hpp"

namespace mailinabox {
namespace {

// systemd's own test (sd_booted(3)): the directory exists if it is PID 1.
std::unique_ptr<ServiceManager> make_services(FileSystem& files, CommandRunner& commands, const Clock& clock) {
  if (files.info("/run/systemd/system").kind == FileKind::directory) {
    return std::make_unique<SystemdServices>(files, commands);
  }
  return std::make_unique<SysvServices>(files, commands, clock);
}

}  // namespace

RealMachine::RealMachine()
    : services_(make_services(files_, commands_, clock_)), system_{files_,    commands_, packages_,   *services_,
                                                                   accounts_, machine_,  downloader_, clock_} {}

}  // namespace mailinabox

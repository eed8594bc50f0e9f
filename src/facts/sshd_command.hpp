// The command line with which sshd starts.
#pragma once

#include <string>
#include <vector>

#include "os/system.hpp"

namespace mailinabox {

// The words after the program's name: SSHD_OPTS of /etc/default/ssh, unless the administrator's unit or drop-ins of
// systemd (ssh.service, sshd.service) have another command or other variables.
std::vector<std::string> sshd_arguments(const View& view);

}  // namespace mailinabox

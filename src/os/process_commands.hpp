// Real commands, started by Boost.Process. Each child has its own session and process group, only the descriptors 0, 1
// and 2 (and `status_descriptor`), the working directory /, umask 022 and no blocked signals.
//
// A command has ended when its process has; what is in its pipes then is still read, but a daemon that it started may
// keep them open. After `timeout`, or after a signal (base/interruption.hpp), its process group gets SIGTERM, two
// seconds later SIGKILL. After a signal apt-get and dpkg get only SIGINT, and may finish their step.
#pragma once

#include "os/commands.hpp"
#include "os/file_accounts.hpp"

namespace mailinabox {

class ProcessCommands final : public CommandRunner {
 public:
  // Throw Error if the account `command.user` does not exist, SystemError if no process can be started.
  CommandResult query(const Command& command) const override;
  CommandResult run(const Command& command) override;

 private:
  FileAccounts accounts_{};
};

}  // namespace mailinabox

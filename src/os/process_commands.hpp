// Real commands, started by Boost.Process. Each child has a session and process group of its own, the descriptors 0, 1,
// 2 (and `status_descriptor`) and no other, the working directory /, umask 022 and no signal blocked.
//
// A command has ended when its process has, and what is then in its pipes has been read: a daemon that it started may
// keep the pipes open for ever. After `timeout` its process group gets SIGTERM, two seconds later SIGKILL.
#pragma once

#include "os/commands.hpp"
#include "os/file_accounts.hpp"

namespace mailinabox {

class ProcessCommands final : public CommandRunner {
 public:
  // Throw Error where the account `command.user` does not exist, SystemError where no process can be made.
  CommandResult query(const Command& command) const override;
  CommandResult run(const Command& command) override;

 private:
  FileAccounts accounts_{};
};

}  // namespace mailinabox

#include "os/commands.hpp"

#include "base/error.hpp"

namespace mailinabox {

CommandResult run_or_throw(CommandRunner& runner, const Command& command) {
  CommandResult result = runner.run(command);
  const std::string words = result.out + result.err;
  if (result.timed_out) {
    throw CommandError(command.argv, "was not done within " + std::to_string(command.timeout.count() / 1000) + " s",
                       words);
  }
  if (result.exit_code == 127) throw CommandError(command.argv, "cannot be run: there is no such program", words);
  if (result.exit_code != 0) {
    throw CommandError(command.argv, "failed with exit code " + std::to_string(result.exit_code), words);
  }
  return result;
}

}  // namespace mailinabox

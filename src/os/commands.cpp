#include "os/commands.hpp"

#include "base/error.hpp"

namespace mailinabox {
namespace {

std::string ending_of(const Command& command, const CommandResult& result) {
  const auto limit = command.timeout.count();
  if (result.timed_out && limit % 1000 == 0) return "timed out after " + std::to_string(limit / 1000) + " s";
  if (result.timed_out) return "timed out after " + std::to_string(limit) + " ms";
  if (result.exit_code == 127) return "cannot be run";  // its output says why
  if (result.exit_code > 128) return "was killed by signal " + std::to_string(result.exit_code - 128);
  return "failed with exit code " + std::to_string(result.exit_code);
}

}  // namespace

void throw_unless_done(const Command& command, const CommandResult& result) {
  if (result.exit_code == 0 && !result.timed_out) return;
  std::string said = result.out + result.err;
  std::erase(said, '\r');  // of output meant for a terminal
  throw CommandError(command.argv, ending_of(command, result), said);
}

CommandResult run_or_throw(CommandRunner& runner, const Command& command) {
  CommandResult result = runner.run(command);
  throw_unless_done(command, result);
  return result;
}

}  // namespace mailinabox

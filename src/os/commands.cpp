#include "os/commands.hpp"

#include "base/error.hpp"

namespace mailinabox {
namespace {

std::string ending_of(const Command& command, const CommandResult& result) {
  const auto limit = command.timeout.count();
  if (result.timed_out && limit % 1000 == 0) return "timed out after " + std::to_string(limit / 1000) + " s";
  if (result.timed_out) return "timed out after " + std::to_string(limit) + " ms";
  if (result.signal > 0) return "was killed by signal " + std::to_string(result.signal);
  const std::string ending = "failed with exit code " + std::to_string(result.exit_code);
  // As env(1) and shells have it; of the program itself, or of one that it starts. Its output says which.
  if (result.exit_code == 127) return ending + ": a program was not found";
  return ending + (result.exit_code == 126 ? ": a program may not be executed" : "");
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

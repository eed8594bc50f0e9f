#include "cli/command.hpp"

namespace mailinabox {

#define COMMANDS(name) std::vector<CliCommand> name##_commands();
#include "cli/commands.def"
#undef COMMANDS

std::vector<CliCommand> all_commands() {
  std::vector<CliCommand> all;
  const auto add = [&all](std::vector<CliCommand> commands) {
    for (CliCommand& command : commands) all.push_back(std::move(command));
  };
#define COMMANDS(name) add(name##_commands());
#include "cli/commands.def"
#undef COMMANDS
  return all;
}

void CliCommand::declare_all(CommandOptions& options, bool& as_json) const {
  if (declare) declare(options);
  if (!json.empty()) options.flag("--json", as_json, "Print one JSON object instead of text");
}

}  // namespace mailinabox

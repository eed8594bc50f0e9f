#include "cli/web/web_commands.hpp"

namespace mailinabox {

std::vector<CliCommand> web_commands() { return {web_list_command(), web_set_command(), web_remove_command()}; }

}  // namespace mailinabox

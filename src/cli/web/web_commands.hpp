// The `mailinabox web` commands, one function each.
#pragma once

#include "cli/command.hpp"

namespace mailinabox {

CliCommand web_list_command();
CliCommand web_set_command();
CliCommand web_remove_command();

}  // namespace mailinabox

// Which commands only ask. CommandProbe::query accepts nothing else.
#pragma once

#include "os/commands.hpp"

namespace mailinabox {

// True where the command is on the list of command_allow_list.cpp, or declared a guard by a recipe.
bool may_query(const Command& command);

}  // namespace mailinabox

// The read-only commands. CommandProbe::query accepts no others.
#pragma once

#include "os/commands.hpp"

namespace mailinabox {

// True if the command is on the list in command_allow_list.cpp, or if a recipe declares it a guard.
bool may_query(const Command& command);

}  // namespace mailinabox

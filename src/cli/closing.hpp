// What a finished setup says: where the panel is and how to know that it is the right one.
#pragma once

#include <string>

#include "operations/setup.hpp"

namespace mailinabox {

std::string closing_text(const SetupResult& result);

}  // namespace mailinabox

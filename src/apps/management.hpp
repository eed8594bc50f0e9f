// The management daemon's two programs, made of the real helper and front.
#pragma once

#include "cli/management.hpp"

namespace mailinabox {

ManagementPrograms management_programs();

}  // namespace mailinabox

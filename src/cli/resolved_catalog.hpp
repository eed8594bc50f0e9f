// The recipes as they are for this machine, for commands that look at them.
#pragma once

#include "cli/environment.hpp"
#include "engine/catalog.hpp"

namespace mailinabox {

// With the answers that setup has kept, or would take without asking. Throws RecipeError, or Error where the machine's
// distribution is not supported.
Catalog resolved_catalog(Environment& environment);

}  // namespace mailinabox

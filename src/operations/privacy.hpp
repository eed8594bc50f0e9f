// Whether the box asks anybody about new versions: `privacy` in STORAGE_ROOT/settings.yaml, the original's file.
#pragma once

#include "operations/box.hpp"

namespace mailinabox {

// True unless the file says otherwise: nobody is asked.
bool is_private(const Box& box);

// Keeps the other lines of the file. Throws Error if the file cannot be read as YAML.
void set_private(const Box& box, bool is_private);

}  // namespace mailinabox

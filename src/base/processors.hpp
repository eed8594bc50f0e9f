// Parallel work.
#pragma once

#include <functional>
#include <vector>

namespace mailinabox {

// Runs all functions, in any order, one per processor at a time, and returns when all are done. They must not depend on
// each other. Exceptions they throw are ignored.
void run_on_all_processors(const std::vector<std::function<void()>>& work);

}  // namespace mailinabox

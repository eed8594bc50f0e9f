// Work that is spread over the machine's processors.
#pragma once

#include <functional>
#include <vector>

namespace mailinabox {

// Does all of it, in no order, as many pieces at once as there are processors, and returns when all are done. The
// pieces must not depend on each other. Exceptions that leave one are dropped.
void run_on_all_processors(const std::vector<std::function<void()>>& work);

}  // namespace mailinabox

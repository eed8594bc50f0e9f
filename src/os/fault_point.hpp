// Where the fault tests may end the process: before and after each operation that changes the machine.
#pragma once

namespace mailinabox {

// Does nothing. tests/fault links another one in its place, which ends the process at the k-th call; a released program
// has no way to switch that on.
void fault_point();

}  // namespace mailinabox

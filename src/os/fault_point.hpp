// Where fault tests kill the process: before and after each operation that changes the machine.
#pragma once

namespace mailinabox {

// Does nothing. tests/fault links another definition, which kills the process at the k-th call; a released program
// cannot switch that on.
void fault_point();

}  // namespace mailinabox

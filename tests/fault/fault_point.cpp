// The other fault_point(): linked into mailinabox_faults instead of the one in src/os, which does nothing.
//
// MAILINABOX_KILL_AT=K ends the process with SIGKILL at its K-th call, as a power cut would;
// MAILINABOX_COUNT_CALLS=FILE writes the number of calls so far into FILE, which tells a test how many there are.
#include "os/fault_point.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace mailinabox {

void fault_point() {
  static long calls = 0;
  static const char* const kill_at = std::getenv("MAILINABOX_KILL_AT");
  static const char* const count_file = std::getenv("MAILINABOX_COUNT_CALLS");
  ++calls;
  if (kill_at && calls == std::atol(kill_at)) std::raise(SIGKILL);
  if (!count_file) return;
  if (std::FILE* file = std::fopen(count_file, "w")) {
    std::fprintf(file, "%ld\n", calls);
    std::fclose(file);
  }
}

}  // namespace mailinabox

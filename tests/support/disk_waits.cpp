#include "support/disk_waits.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace {

std::atomic<int> waits{0};

}  // namespace

// In place of the C library's, also for the libraries that this program loads.
extern "C" int fdatasync(int file) {
  ++waits;
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

namespace mailinabox::test {

int disk_waits() { return waits; }

}  // namespace mailinabox::test

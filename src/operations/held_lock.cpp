#include "operations/held_lock.hpp"

#include <chrono>

#include "base/error.hpp"

namespace mailinabox {

HeldLock::HeldLock(const Box& box, const LockRequest& request) : command_(request.command), lock_(box.lock_file) {
  constexpr auto k_limit = std::chrono::hours(1);
  const Clock& clock = box.system.clock;
  const std::string name = "mailinabox " + command_;
  const auto waiting = [&](const MachineLockHolder& holder) {
    if (request.on_wait) request.on_wait(holder.text());
  };
  if (request.wait ? lock_.acquire(name, clock, k_limit, waiting) : lock_.try_acquire(name, clock)) return;
  const auto holder = lock_.holder();
  throw Error("Another run is under way: " + (holder ? holder->text() : "it has just begun") +
                  (request.wait ? ". It has not ended within an hour; see what it is doing."
                                : ". Nothing was changed; try again when it has ended."),
              ExitCode::locked);
}

HeldLock::~HeldLock() = default;

}  // namespace mailinabox

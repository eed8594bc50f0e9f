#include "operations/held_lock.hpp"

#include <chrono>

#include "base/error.hpp"

namespace mailinabox {
namespace {

std::string waiting_for(const MachineLock& lock, const MachineLockHolder& holder) {
  if (holder.is_run()) return "Waiting for another run to end: " + holder.text();
  return "Waiting for the lock " + lock.path() + ", which is held by " + holder.text();
}

Error locked(const MachineLock& lock, bool waited_an_hour) {
  const std::string end = waited_an_hour ? ". It has not ended within an hour; see what it is doing."
                                         : ". Nothing was changed; try again when it has ended.";
  const auto holder = lock.holder();
  if (!holder) {
    return Error("Another run has ended just now. Nothing was changed; try again.", ExitCode::locked);
  }
  if (holder->is_run()) return Error("Another run is under way: " + holder->text() + end, ExitCode::locked);
  return Error("The lock " + lock.path() + " is held by " + holder->text() + end, ExitCode::locked);
}

}  // namespace

HeldLock::HeldLock(const Box& box, const LockRequest& request) : command_(request.command), lock_(box.lock_file) {
  const Clock& clock = box.system.clock;
  const std::string name = "mailinabox " + command_;
  const auto waiting = [&](const MachineLockHolder& holder) {
    if (request.on_wait) request.on_wait(waiting_for(lock_, holder));
  };
  if (request.wait ? lock_.acquire(name, clock, request.limit, waiting) : lock_.try_acquire(name, clock)) return;
  throw locked(lock_, request.wait && request.limit >= std::chrono::hours(1));
}

HeldLock::~HeldLock() = default;

}  // namespace mailinabox

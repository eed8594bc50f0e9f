// Back to before a run.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/generations.hpp"
#include "engine/report.hpp"
#include "operations/held_lock.hpp"

namespace mailinabox {

struct PreparedRollback {
  std::int64_t generation = 0;
  Rollback rollback{};
  Report preview{};
};

// To before `generation`, or before the last one. Looks only. Throws Error if there is no such generation or it is
// damaged, with its number.
PreparedRollback prepare_rollback(const Box& box, const HeldLock& lock, std::optional<std::int64_t> generation);

// Does it, as a run of its own that can be rolled back too. From its first change on the box is held (hold.hpp).
Report roll_back(const Box& box, const HeldLock& lock, const PreparedRollback& prepared, Reporter& reporter);

}  // namespace mailinabox

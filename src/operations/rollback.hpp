// Back to before a run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/generations.hpp"
#include "engine/report.hpp"
#include "operations/held_lock.hpp"

namespace mailinabox {

struct PreparedRollback {
  std::int64_t generation = 0;
  Rollback rollback{};
  Report preview{};
};

struct RollbackResult {
  Report report{};
  std::string error{};  // why what follows from data could not be brought up to date with the old answers
  ExitCode code = ExitCode::ok;
  std::vector<std::string> warnings{};
};

// To before `generation`, or before the last one. Only looks, except that a run that was cut off becomes a generation
// first. Throws Error if there is no such generation, or it is damaged, with its number; and if the machine had another
// release of its distribution then.
PreparedRollback prepare_rollback(const Box& box, const HeldLock& lock, std::optional<std::int64_t> generation);

// Does it, as a run of its own that can be rolled back too. From its first change on the box is held (hold.hpp).
RollbackResult roll_back(const Box& box, const HeldLock& lock, const PreparedRollback& prepared, Reporter& reporter);

// Ends the hold that a rollback has left; false if there was none.
bool end_hold(const Box& box, const HeldLock& lock);

}  // namespace mailinabox

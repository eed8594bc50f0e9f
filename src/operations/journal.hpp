// The journal of this box's runs.
#pragma once

#include <memory>

#include "engine/journal.hpp"
#include "operations/box.hpp"

namespace mailinabox {

inline std::unique_ptr<Journal> open_journal(const Box& box) {
  return std::make_unique<Journal>(box.system.files, box.system.clock, box.state_directory, box.version);
}

}  // namespace mailinabox

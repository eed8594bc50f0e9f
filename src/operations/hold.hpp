// A rollback holds the box as it then is: until the administrator ends that, no run by itself makes it match its
// recipes. Users, aliases and records can be changed meanwhile. What follows from them, and signatures that would run
// out, is brought up to date by each such change and by the nightly run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "operations/box.hpp"

namespace mailinabox {

struct Hold {
  std::int64_t generation = 0;  // the box is as it was before that run
  std::string since{};          // RFC 3339
  // "The box is held as it was before generation 3, since 2026-11-23T08:00:00Z."
  std::string text() const;
};

// Kept in STATE/held. A file that cannot be read as one holds, too.
std::optional<Hold> read_hold(const Box& box);
void hold(const Box& box, std::int64_t generation);
void release_hold(const Box& box);

}  // namespace mailinabox

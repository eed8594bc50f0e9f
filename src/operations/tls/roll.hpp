// The change of the box's key for TLS (box/tls/key_roll.hpp), as it stands and one step on.
#pragma once

#include <optional>
#include <string>

#include "operations/models/models.hpp"
#include "operations/publish.hpp"
#include "operations/tls/memory.hpp"

namespace mailinabox {

// Whether a key's file in the store is one that a roll has replaced.
bool retired_key(const std::string& path);

// Whether a certificate on the next key is what is missing: an authority's if the present one is an authority's.
bool wants_certificate_on_next_key(const Box& box, const BoxModels& models, const KeyRoll& roll);

struct RollResult {
  RollStep step = RollStep::none;          // that is next; none: it is done, or nobody asked for one
  bool turned = false;                     // the keys have changed in this run
  std::optional<TimePoint> usable_from{};  // RollStep::wait: when the next key may be used
  std::string host{};                      // the box's name, whose TLSA records they are
  RollKeys keys{};                         // as they were before
  std::optional<Publication> publication{};
  std::string text() const;  // one or two sentences
};

// Asks for a roll, and goes as far as it can now. Both ask the name servers of the box's name.
RollResult start_roll(const Box& box, const LockRequest& lock);

// Goes on with one that was asked for; without, it only remembers what DNS has.
RollResult continue_roll(const Box& box, const LockRequest& lock);

}  // namespace mailinabox

// Records by which an authority validates a name by DNS (RFC 8555 section 8.4).
#pragma once

#include <string>

#include "operations/held_lock.hpp"

namespace mailinabox {

// A record for the authority (certbot's hook): stored, published, and seen at every name server of its zone. `last`: no
// other one follows, so that publishing is due. Throws Error if the zone is not this box's, or has not the record in
// time.
void publish_challenge(const Box& box, const std::string& domain, const std::string& value, bool last,
                       const LockRequest& lock);

}  // namespace mailinabox

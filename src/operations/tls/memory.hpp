// tls.json and the challenges, in the box's state folder.
#pragma once

#include <string>
#include <vector>

#include "box/tls/tls_memory.hpp"
#include "operations/box.hpp"

namespace mailinabox {

TlsMemory read_tls_memory(const Box& box);
// Writes only what differs from `before`.
void keep_tls_memory(const Box& box, const TlsMemory& before, const TlsMemory& after);

// Records that an authority wants to see now; they are in their zones.
std::vector<DnsChallenge> read_challenges(const Box& box);
void keep_challenges(const Box& box, const std::vector<DnsChallenge>& challenges);

}  // namespace mailinabox

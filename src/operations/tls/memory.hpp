// tls.json and the challenges, in the box's state folder.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "box/tls/tls_memory.hpp"
#include "operations/held_lock.hpp"

namespace mailinabox {

TlsMemory read_tls_memory(const Box& box);

// Reads, changes and writes it, if something differs, while the caller holds the lock: several commands know a part of
// it each.
void change_tls_memory(const Box& box, const HeldLock& lock, const std::function<void(TlsMemory& memory)>& change);

// Records that an authority wants to see now; they are in their zones.
std::vector<DnsChallenge> read_challenges(const Box& box);
void keep_challenges(const Box& box, const std::vector<DnsChallenge>& challenges);

}  // namespace mailinabox

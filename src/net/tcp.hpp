// Whether somebody answers: a TCP connection, opened and closed again.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mailinabox {

// False where the connection is refused, no answer comes within `timeout`, or there is no way there. `address` is an
// IPv4 address; anything else throws Error.
bool tcp_reachable(const std::string& address, std::uint16_t port, std::chrono::milliseconds timeout);

}  // namespace mailinabox

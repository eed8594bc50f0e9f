// A test whether a TCP port answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mailinabox {

// Opens and closes a connection. False if it is refused, not answered within `timeout`, or if there is no route. Throws
// Error if `address` is not an IPv4 address.
bool tcp_reachable(const std::string& address, std::uint16_t port, std::chrono::milliseconds timeout);

}  // namespace mailinabox

// Addresses by who can reach them.
#pragma once

struct sockaddr;

namespace mailinabox {

// False for IPv4 and IPv6 addresses that mean this machine, a private network, a link or a group (RFC 6890), also where
// an IPv6 address stands for such an IPv4 address, and for other families.
bool is_public_address(const sockaddr* address);

}  // namespace mailinabox

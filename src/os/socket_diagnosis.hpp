// The kernel's answers about sockets by netlink (sock_diag(7)), as ss(8) asks for them.
#pragma once

#include <optional>
#include <vector>

#include "os/listeners.hpp"

namespace mailinabox {

// The TCP sockets of this network namespace that listen, IPv4 first. Nothing where the kernel does not answer: it was
// built without this, or a container forbids it; /proc/net/tcp has the same then, but to write that the kernel walks
// through the table of all connections that it has room for, which takes it milliseconds however few there are.
std::optional<std::vector<Listener>> diagnosed_tcp_listeners();

}  // namespace mailinabox

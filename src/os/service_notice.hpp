// Telling systemd that a service is ready (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names.
#pragma once

#include <string>

namespace mailinabox {

// "READY=1". Does nothing for an empty socket name, and ignores that nobody listens. "@" begins an abstract name.
void tell_service_manager(const std::string& socket_name, const std::string& state);

}  // namespace mailinabox

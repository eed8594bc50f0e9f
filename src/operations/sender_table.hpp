// The table that says who may send as an address, as Postfix has it.
#pragma once

#include <string>

#include "box/mail/sender_check.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// Reads the file of smtpd_sender_login_maps at `path`. Throws Error with the path if it is missing or not understood.
SenderTable read_sender_table(const Box& box, const std::string& path);

}  // namespace mailinabox

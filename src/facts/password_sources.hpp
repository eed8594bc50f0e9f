// Where sshd finds accounts and passwords besides /etc/passwd and /etc/shadow.
#pragma once

#include <string>
#include <vector>

#include "facts/sshd_settings.hpp"
#include "os/system.hpp"

namespace mailinabox {

// Each in words: "accounts of ldap" (/etc/nsswitch.conf, NIS, homes with accounts of their own), "accounts of pam_oath
// (/etc/pam.d/common-auth)" for a module of PAM that may know passwords or one-time codes, "accounts of Kerberos".
// A module that is not known to ask for nothing counts.
std::vector<std::string> other_password_sources(const View& view, const SshdSettings& settings);

}  // namespace mailinabox

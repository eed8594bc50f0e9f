// Who can log in over SSH, and how, as sshd would have it without our settings.
#pragma once

#include <string>
#include <vector>

#include "os/system.hpp"

namespace mailinabox {

struct SshAccounts {
  // sshd takes one of their authorized keys, for any command, from anywhere, and they have a login shell
  std::vector<std::string> with_key{};
  std::vector<std::string> password_only{};  // have a password that counts there, and no such key
};

// Says "with key" only if that is certain: the file belongs to whom StrictModes wants, its line has no options, and no
// Match, AuthenticationMethods, list of accounts or of algorithms stands in the way. Accounts and passwords that are
// elsewhere (LDAP, a module of PAM) stand in password_only by the name of their source. An account without a login
// shell that has such a key (for SFTP) is in neither: it misses no password, but nobody can repair the box by it. Who
// is not root learns nothing: both are empty.
SshAccounts ssh_accounts(const View& view);

}  // namespace mailinabox

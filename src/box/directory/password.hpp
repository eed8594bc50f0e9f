// Passwords of mail users, as Dovecot stores them: "{SCHEME}HASH".
#pragma once

#include <string>

#include "base/secret.hpp"

namespace mailinabox {

// "{SHA512-CRYPT}$6$SALT$HASH" with a random salt of 16 characters and crypt(3)'s default of 5000 rounds: the form that
// the original's tools, its webmail and Dovecot all read and write. Throws Error.
std::string hash_password(const Secret& password);

// True if the password matches the stored text, in any scheme of crypt(3), with or without Dovecot's name for it in
// braces. False for an unknown scheme.
bool verify_password(const Secret& password, const std::string& stored);

}  // namespace mailinabox

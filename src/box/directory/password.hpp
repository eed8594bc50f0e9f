// Passwords of mail users, as Dovecot stores them: "{SCHEME}HASH".
#pragma once

#include <string>

#include "base/secret.hpp"

namespace mailinabox {

// "{SHA512-CRYPT}$6$SALT$HASH" with a random salt of 16 characters and crypt(3)'s default of 5000 rounds: the one form
// that the original's tools, its webmail and Dovecot all read and write.
std::string hash_password(const Secret& password);

// Whether the password belongs to the stored text. Understands every scheme of crypt(3), with Dovecot's name of it in
// braces or without; an unknown scheme is "no".
bool verify_password(const Secret& password, const std::string& stored);

}  // namespace mailinabox

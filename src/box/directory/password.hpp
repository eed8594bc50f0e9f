// Passwords of mail users, as Dovecot stores them: "{SCHEME}HASH".
#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace mailinabox {

// The rule for new passwords, wherever one is given: 8 to 511 bytes (crypt(3) takes no more), not only blanks, and no
// control characters, which no mail program can type; at a zero byte crypt(3) would stop. Returns what is wrong with
// this one, in a sentence; "" if it is good.
std::string problem_with_password(std::string_view password);

// Throws Error with that sentence.
void require_good_password(const Secret& password);

// "{SHA512-CRYPT}$6$SALT$HASH" with a random salt of 16 characters and crypt(3)'s default of 5000 rounds: the form that
// the original's tools, its webmail and Dovecot all read and write. Throws Error, also for one that breaks the rule.
std::string hash_password(const Secret& password);

// True if the password matches the stored text, in any scheme of crypt(3), with or without Dovecot's name for it in
// braces. False for an unknown scheme.
bool verify_password(const Secret& password, const std::string& stored);

}  // namespace mailinabox

// The administrator's account, made once.
#pragma once

#include "cli/setup/decide.hpp"

namespace mailinabox {

// Makes the account with the privilege "admin", and administrator@HOST for it, to which the automatic aliases go.
// Nothing happens where a user exists meanwhile: false. Throws Error with the directory's sentence.
bool make_first_user(const Environment& environment, const Answers& answers, const FirstUser& user);

// After a change of the host name: the aliases that follow from it, and administrator@HOST where it is missing. Writes
// nothing where all is right. Does nothing without a directory.
void follow_host_name(const Environment& environment, const Answers& answers, bool changed);

}  // namespace mailinabox

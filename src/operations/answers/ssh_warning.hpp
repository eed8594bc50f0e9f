// What keeps SSH_PASSWORDS=no from being so.
#pragma once

#include <string>

#include "base/value.hpp"
#include "box/answers.hpp"

namespace mailinabox {

// Whole sentences: why SSH goes on taking passwords although the answer is no, and what to do; "" if it does not, or if
// sshd's own settings refuse them.
std::string ssh_warning(const Answers& answers, const ValueMap& facts);

}  // namespace mailinabox

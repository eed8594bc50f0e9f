// What would keep a new box from being a mail server for the world, found out before its first setup.
#pragma once

#include <string>
#include <vector>

#include "box/answers.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// Whether the name or the public address is on a block list, and whether port 25 of other mail servers can be reached.
// A sentence or two for each problem, with what to do. Takes a few seconds at most; empty if the address is not
// public (a test machine) or nobody answers.
std::vector<std::string> network_warnings(const Box& box, const Answers& answers, const ValueMap& facts);

}  // namespace mailinabox

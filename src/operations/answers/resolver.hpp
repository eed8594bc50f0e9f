// Whether the box asks the root servers itself or the network's name servers; decided once and kept as an answer.
#pragma once

#include "box/answers.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// Sets DNS_FORWARDERS and DNS_VALIDATION if they are missing or nothing answered at the last try. Returns whether
// it tried.
bool settle_resolver(const Box& box, Answers& answers, const ValueMap& facts);

}  // namespace mailinabox

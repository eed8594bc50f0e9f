// Whether the box asks the root servers itself or the network's name servers; decided once and kept as an answer.
#pragma once

#include "box/answers.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// Sets DNS_FORWARDERS and DNS_VALIDATION if they are missing or nothing answered at the last try. Name servers that are
// new in DNS_FORWARDERS are tried, too; a sentence for those that do not answer is added to `warnings`. Returns whether
// it tried anything.
bool settle_resolver(const Box& box, Answers& answers, const ValueMap& facts, std::vector<std::string>& warnings);

}  // namespace mailinabox

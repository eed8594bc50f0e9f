// A request from the front, from its text to the answer's text: who asks, whether they may, what comes of it.
#pragma once

#include <string>
#include <string_view>

#include "helper/jobs.hpp"
#include "messages/envelope.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// The name in a request's text, found without reading all of it; "" if there is none at its place.
std::string message_name_in(std::string_view text);

// Never throws: whatever is wrong becomes an answer, and what an administrator must know a line in the log.
// `only_looks`: a reader refuses what changes something.
Reply answer_request(const Box& box, std::string_view text, JobStarter& jobs, bool only_looks);

}  // namespace mailinabox

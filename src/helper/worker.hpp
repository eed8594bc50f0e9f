// The processes in which requests are answered: forked from the helper, which itself opens nothing. What an answer
// needs (connections and their locks, memory, a crash) ends with its process.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "helper/jobs.hpp"
#include "messages/envelope.hpp"
#include "operations/box.hpp"
#include "os/descriptor.hpp"

namespace mailinabox {

// Bytes of a request that only looks: none of them is longer.
inline constexpr std::size_t k_most_looking = 128U << 10U;

// Answers one request: writes the answer to the connection. Returns its verdict.
Verdict answer_on(const Box& box, JobStarter& jobs, int connection, std::string_view request, bool only_looks);

// One process for one request that changes something. Returns its id; throws SystemError.
int start_worker(const Box& box, JobStarter& jobs, Descriptor connection, const std::string& request);

// A process that answers a request that looks and those that follow on the same connection: starting one for each costs
// more than most of them. It ends when the connection does or has anything else on it; when nothing has come for ten
// seconds, and after a minute, so that nothing stays for long; when it cannot answer, as what it has kept of a database
// may be what is wrong; and when the other end of `lifeline`, a pipe, is closed. Returns its id; throws SystemError.
int start_reader(const Box& box, JobStarter& jobs, Descriptor connection, const std::string& request, int lifeline);

}  // namespace mailinabox

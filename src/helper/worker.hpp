// The processes in which requests are answered: forked from the helper, which itself opens nothing. What an answer
// needs (connections and their locks, memory, a crash) ends with its process.
#pragma once

#include <string>
#include <string_view>

#include "helper/jobs.hpp"
#include "messages/envelope.hpp"
#include "operations/box.hpp"
#include "os/descriptor.hpp"

namespace mailinabox {

// Answers one request: writes the answer to the connection. Returns its verdict.
Verdict answer_on(const Box& box, JobStarter& jobs, int connection, std::string_view request, bool only_looks);

// One process for one request that changes something. Returns its id in the helper; throws SystemError.
int start_worker(const Box& box, JobStarter& jobs, Descriptor connection, const std::string& request);

// A process that answers requests that look, one after the other: starting one for each costs more than most of them.
// It ends after a minute, or when nothing has come for ten seconds, so that nothing stays for long; and when it cannot
// answer, as what it has kept of a database may be what is wrong.
class Reader {
 public:
  Reader(const Box& box, JobStarter& jobs);  // forks; throws SystemError
  Reader(Reader&&) = default;
  Reader& operator=(Reader&&) = default;

  int process() const { return process_; }
  int channel() const { return channel_.number(); }
  bool idle() const { return idle_; }

  // Hands a request over. False if the reader has ended: another one must answer.
  bool give(const Descriptor& connection, const std::string& request);
  // The channel can be read: an answer has been given, or the reader has ended (false).
  bool take();

 private:
  Descriptor channel_{};
  int process_ = 0;
  bool idle_ = true;
};

}  // namespace mailinabox

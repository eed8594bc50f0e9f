// Where a command reads and writes, whom it can ask, and the variables that it was started with.
#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "cli/dialogue.hpp"
#include "cli/management.hpp"
#include "cli/selftest.hpp"
#include "operations/held_lock.hpp"

namespace mailinabox {

struct Console {
  Dialogue& dialogue;
  std::istream& input;
  std::ostream& output;                            // results
  std::ostream& errors;                            // progress and messages
  std::map<std::string, std::string> variables{};  // of the process
  SelfTest self_test{};
  ManagementPrograms management{};
  bool json = false;             // the result is one JSON object
  bool errors_terminal = false;  // progress may move the cursor
  bool colour = false;
  std::function<std::size_t()> columns{};  // of that terminal, now; unset: 80
  std::string ellipsis = "...";            // where a line is cut: one that the terminal can show

  // "" if the variable is not set.
  std::string variable(const std::string& name) const {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  }
  // Nobody is asked with NONINTERACTIVE=1 or without a terminal.
  bool may_ask() const { return variable("NONINTERACTIVE").empty() && dialogue.available(); }
};

// The lock for a command, which says on standard error for whom it waits.
LockRequest lock_request(Console& console, const std::string& command, bool no_wait = false);

// A line "Warning: …" for each on standard error.
void print_warnings(Console& console, const std::vector<std::string>& warnings);

// A new password: from standard input if `from_input` or if there is no terminal (its first line), else typed twice
// without being shown. Never from the command line, which every process can read.
Secret new_password(Console& console, const std::string& email, bool from_input);

}  // namespace mailinabox

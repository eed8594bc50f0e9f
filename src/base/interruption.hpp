// Ctrl-C, SIGTERM and SIGHUP while a run changes the machine: it ends at the next place where it can be left, so that
// nothing of it stays in the way, and the next run goes on.
#pragma once

#include <array>
#include <csignal>

namespace mailinabox {

// Not a std::exception: it is not an entry's failure, and only main() catches it.
struct Interrupted {
  int signal = SIGINT;

  // What a shell makes of a program that the signal has ended.
  int exit_status() const { return 128 + signal; }
};

// While one lives, the first of these signals is only noted; a second one ends the program at once. Signals that were
// ignored before (nohup) stay so. One at a time.
class InterruptionWatch {
 public:
  InterruptionWatch();
  ~InterruptionWatch();
  InterruptionWatch(const InterruptionWatch&) = delete;
  InterruptionWatch& operator=(const InterruptionWatch&) = delete;

 private:
  std::array<struct sigaction, 3> before_{};  // of these signals
};

bool interruption_pending();

// Throws Interrupted if a signal has come.
void check_interruption();

}  // namespace mailinabox

#include "base/interruption.hpp"

namespace mailinabox {
namespace {

volatile std::sig_atomic_t noted_signal = 0;

void note_signal(int signal) { noted_signal = signal; }

}  // namespace

InterruptionWatch::InterruptionWatch() {
  noted_signal = 0;
  struct sigaction noting {};
  noting.sa_handler = &note_signal;
  noting.sa_flags = static_cast<int>(SA_RESETHAND);  // a second one has its usual effect
  ::sigemptyset(&noting.sa_mask);
  for (std::size_t at = 0; at < k_signals.size(); ++at) {
    ::sigaction(k_signals[at], nullptr, &before_[at]);
    if (before_[at].sa_handler != SIG_IGN) ::sigaction(k_signals[at], &noting, nullptr);
  }
}

InterruptionWatch::~InterruptionWatch() {
  for (std::size_t at = 0; at < k_signals.size(); ++at) ::sigaction(k_signals[at], &before_[at], nullptr);
  noted_signal = 0;
}

bool interruption_pending() { return noted_signal != 0; }

void check_interruption() {
  if (interruption_pending()) throw Interrupted{noted_signal};
}

}  // namespace mailinabox

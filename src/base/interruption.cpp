#include "base/interruption.hpp"

namespace mailinabox {
namespace {

volatile std::sig_atomic_t noted_signal = 0;

constexpr std::array k_signals{SIGINT, SIGTERM, SIGHUP};

// A second signal, the same or another one, has its usual effect. sigaction(2) is safe here (signal-safety(7)).
void note_signal(int signal) {
  noted_signal = signal;
  for (const int each : k_signals) {
    struct sigaction present {};
    if (::sigaction(each, nullptr, &present) == 0 && present.sa_handler == &note_signal) {
      present.sa_handler = SIG_DFL;
      ::sigaction(each, &present, nullptr);
    }
  }
}

}  // namespace

InterruptionWatch::InterruptionWatch() {
  noted_signal = 0;
  struct sigaction noting {};
  noting.sa_handler = &note_signal;
  ::sigfillset(&noting.sa_mask);  // of two that come together one is the second
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

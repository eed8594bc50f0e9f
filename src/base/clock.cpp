#include "base/clock.hpp"

#include <fmt/chrono.h>

#include <thread>

#include "base/interruption.hpp"

namespace mailinabox {

std::chrono::system_clock::time_point RealClock::now() const { return std::chrono::system_clock::now(); }

std::chrono::steady_clock::time_point RealClock::monotonic() const { return std::chrono::steady_clock::now(); }

void RealClock::sleep(std::chrono::milliseconds duration) const {
  std::this_thread::sleep_for(duration);
  check_interruption();
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string rfc5322(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace mailinabox

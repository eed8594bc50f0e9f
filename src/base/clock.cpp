#include "base/clock.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <ctime>
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

std::chrono::system_clock::time_point time_at(std::int64_t seconds) {
  constexpr std::int64_t k_last = 9'200'000'000;  // in 2261; nanoseconds in 64 bits end in 2262
  return std::chrono::system_clock::time_point(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, k_last)));
}

std::int64_t seconds_since_1970(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::optional<std::chrono::system_clock::time_point> from_rfc3339(const std::string& text) {
  std::tm parts{};
  const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0' || text.size() != sizeof("2026-11-23T08:15:00Z") - 1) return std::nullopt;
  return time_at(timegm(&parts));
}

std::string rfc5322(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace mailinabox

// The clock as an interface, so that tests can set the time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace mailinabox {

using TimePoint = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::system_clock::time_point now() const = 0;        // wall clock, may jump
  virtual std::chrono::steady_clock::time_point monotonic() const = 0;  // never goes back
  virtual void sleep(std::chrono::milliseconds duration) const = 0;     // the real one may throw Interrupted
};

class RealClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override;
  std::chrono::steady_clock::time_point monotonic() const override;
  void sleep(std::chrono::milliseconds duration) const override;
};

// RFC 3339 in UTC, whole seconds: "2026-11-23T08:15:00Z".
std::string rfc3339(std::chrono::system_clock::time_point time);

// The time so many seconds after 1970 began. One that the clock's type cannot hold becomes the nearest that it can,
// with some months of room for sums: certificates may end in the year 9999.
std::chrono::system_clock::time_point time_at(std::int64_t seconds);

// The opposite: whole seconds, rounded down.
std::int64_t seconds_since_1970(TimePoint time);

// The time that such a text is; nothing for a text in another form.
std::optional<std::chrono::system_clock::time_point> from_rfc3339(const std::string& text);

// RFC 5322, as in a message's Date: "Mon, 23 Nov 2026 08:15:00 +0000".
std::string rfc5322(std::chrono::system_clock::time_point time);

}  // namespace mailinabox

// Times as people type them.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace mailinabox {

// "12h", "90d", "4w", "1y": hours, days, weeks, years of 365 days, at most 100 years. Nothing for any other text.
std::optional<std::chrono::seconds> typed_duration(const std::string& text);

// "2026-11-23", when that day begins (UTC). Nothing for any other text, or a day that no calendar has.
std::optional<TimePoint> typed_day(const std::string& text);

// A time in the past: a day, "2026-11-23T08:15:00Z", or how long ago it was ("12h"). Throws Error (ExitCode::usage) for
// any other text; `option` is its name for the message.
TimePoint typed_since(const std::string& option, const std::string& text, TimePoint now);

// A time in the future: the end of a day (UTC), "2026-11-23T08:15:00Z", or how long from now. Throws likewise.
TimePoint typed_until(const std::string& option, const std::string& text, TimePoint now);

}  // namespace mailinabox

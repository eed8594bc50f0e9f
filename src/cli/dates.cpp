#include "cli/dates.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr hours k_day{24};

Error not_a_time(const std::string& option, const std::string& text) {
  return Error("\"" + text + "\" is not a time for " + option +
                   "; expected a day such as 2026-11-23, a time such as 2026-11-23T08:15:00Z, or a number with h, d, w "
                   "or y behind it, such as 90d",
               ExitCode::usage);
}

}  // namespace

std::optional<seconds> typed_duration(const std::string& text) {
  constexpr hours k_longest = k_day * 36'500;
  if (text.empty()) return std::nullopt;
  const auto number = parse_number<std::uint32_t>(text.substr(0, text.size() - 1));
  if (!number || !is_digit(text.front())) return std::nullopt;
  hours unit{0};
  switch (text.back()) {
    case 'h':
      unit = hours(1);
      break;
    case 'd':
      unit = k_day;
      break;
    case 'w':
      unit = k_day * 7;
      break;
    case 'y':
      unit = k_day * 365;
      break;
    default:
      return std::nullopt;
  }
  if (*number > k_longest / unit) return std::nullopt;
  return unit * *number;
}

std::optional<TimePoint> typed_day(const std::string& text) {
  const auto time = from_rfc3339(text + "T00:00:00Z");
  // strptime() takes the 31st of February.
  if (!time || rfc3339(*time).substr(0, text.size()) != text) return std::nullopt;
  return time;
}

TimePoint typed_since(const std::string& option, const std::string& text, TimePoint now) {
  if (const auto ago = typed_duration(text)) return now - *ago;
  if (const auto day = typed_day(text)) return *day;
  if (const auto time = from_rfc3339(text)) return *time;
  throw not_a_time(option, text);
}

TimePoint typed_until(const std::string& option, const std::string& text, TimePoint now) {
  if (const auto from_now = typed_duration(text)) return now + *from_now;
  if (const auto day = typed_day(text)) return *day + k_day;
  if (const auto time = from_rfc3339(text)) return *time;
  throw not_a_time(option, text);
}

}  // namespace mailinabox

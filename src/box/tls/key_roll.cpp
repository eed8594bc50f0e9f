#include "box/tls/key_roll.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::hours k_margin{1};

bool published_everywhere(const PublishedKeys& seen, const RollKeys& keys) {
  return seen.missing_everywhere || (contains(seen.common, keys.next) && contains(seen.common, keys.current));
}

}  // namespace

KeyRoll followed(KeyRoll roll, const RollKeys& keys, const std::optional<PublishedKeys>& seen, TimePoint now) {
  if (roll.wanted && roll.next == keys.current) roll.wanted = false;  // it has turned
  if (roll.next != keys.next) roll = {.wanted = roll.wanted, .next = keys.next};
  if (keys.next.empty() || keys.next == keys.current) roll.published.reset();
  if (!seen || !seen->asked || keys.next.empty() || keys.next == keys.current) return roll;
  if (!published_everywhere(*seen, keys)) {
    // Answers without it can be remembered from now on.
    roll.published.reset();
    roll.ttl = std::max(roll.ttl, seen->ttl);
    return roll;
  }
  // Where there were no records, others may have been for a while since the last look.
  const bool begins = !roll.published || *roll.published > now || (roll.nowhere && !seen->missing_everywhere);
  if (begins) roll.published = now;
  roll.nowhere = seen->missing_everywhere;
  roll.ttl = std::max(roll.ttl, seen->ttl);
  return roll;
}

std::optional<TimePoint> usable_from(const KeyRoll& roll) {
  if (!roll.published) return std::nullopt;
  return *roll.published + roll.ttl + k_margin;
}

RollStep next_step(const KeyRoll& roll, const RollKeys& keys, const PublishedKeys& seen, bool certified,
                   TimePoint now) {
  if (!roll.wanted) return RollStep::none;
  const auto from = usable_from(roll);
  const bool known = roll.next == keys.next && from && seen.asked && published_everywhere(seen, keys);
  if (keys.next.empty() || keys.next == keys.current || !known) return RollStep::publish;
  if (now < *from) return RollStep::wait;
  return certified ? RollStep::turn : RollStep::certify;
}

std::vector<std::string> published_digests(const std::string& presented, const RollKeys& keys) {
  std::vector<std::string> digests;
  for (const std::string& digest : {presented, keys.current, keys.next}) {
    if (!digest.empty() && !contains(digests, digest)) digests.push_back(digest);
  }
  return digests;
}

}  // namespace mailinabox

// The change of the key: at no instant may a sender that validates, and remembers what DNS said for as long as it may,
// fail.
#include <deque>
#include <random>
#include <set>

#include "box/tls/key_roll.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

namespace {

using Seconds = std::chrono::seconds;
constexpr Seconds k_time_to_live{86'400};

// A box, its name servers and the senders of the world, with a clock.
class RollWorld {
 public:
  explicit RollWorld(unsigned seed) : random_(seed) {
    keys_ = {.current = new_key(), .next = dice(2) ? new_key() : ""};
    presented_ = keys_.current;
    zone_ = {keys_.current};  // an older version published only one
    secondary_ = zone_;
  }

  // What happens next, in any order and broken off anywhere.
  void step() {
    now_ += Seconds(std::uniform_int_distribution<int>(0, 20'000)(random_));
    switch (std::uniform_int_distribution<int>(0, 7)(random_)) {
      case 0:
        roll_.wanted = true;
        break;
      case 1:
        make_next_key();
        break;
      case 2:
        publish();
        break;
      case 3:
        secondary_ = zone_;
        break;
      case 4:
        certified_ = true;
        break;
      case 5:
        if (dice(20)) roll_ = {};  // the memory is lost
        break;
      default:
        advance();
    }
    remember_answers();
    check();
  }

  int turns() const { return turns_; }

 private:
  bool dice(int sides) { return std::uniform_int_distribution<int>(1, sides)(random_) == 1; }
  std::string new_key() { return "key" + std::to_string(++made_); }

  void make_next_key() {
    if (keys_.next.empty() || keys_.next == keys_.current) keys_.next = new_key();
  }

  // The zone follows the model.
  void publish() {
    const std::vector<std::string> digests = published_digests(presented_, keys_);
    zone_ = {digests.begin(), digests.end()};
    remember_answers();
    check();
  }

  PublishedKeys seen() const {
    PublishedKeys answer{.asked = true, .ttl = k_time_to_live};
    for (const std::string& digest : zone_) {
      if (secondary_.contains(digest)) answer.common.push_back(digest);
    }
    return answer;
  }

  // A run of the box; cut off after any of its writes.
  void advance() {
    const PublishedKeys now_seen = dice(5) ? PublishedKeys{} : seen();
    roll_ = followed(roll_, keys_, now_seen, now_);
    if (next_step(roll_, keys_, now_seen, certified_, now_) == RollStep::turn) {
      keys_.current = keys_.next;
      certified_ = false;
      ++turns_;
      if (dice(3)) return;
      roll_ = {};
    }
    // publish(): services first take what the files say, then, in another pass, DNS follows.
    publish();
    if (dice(4)) return;
    make_next_key();
    presented_ = keys_.current;
    check();
    if (dice(4)) return;
    publish();
  }

  // Somebody asks each name server at every moment.
  void remember_answers() {
    memory_.push_back({now_, zone_});
    memory_.push_back({now_, secondary_});
    while (memory_.front().first + k_time_to_live < now_) memory_.pop_front();
  }

  void check() const {
    for (const auto& [when, digests] : memory_) {
      if (!digests.contains(presented_)) FAIL("a sender remembers an answer without " + presented_);
    }
    CHECK(zone_.contains(presented_));
  }

  std::mt19937 random_;
  TimePoint now_{Seconds(1'795'420'800)};
  RollKeys keys_{};
  std::string presented_{};
  KeyRoll roll_{};
  std::set<std::string> zone_{};
  std::set<std::string> secondary_{};
  std::deque<std::pair<TimePoint, std::set<std::string>>> memory_{};
  bool certified_ = false;
  int made_ = 0;
  int turns_ = 0;
};

const TimePoint k_noon{Seconds(1'795'434'400)};

}  // namespace

TEST_CASE("roll: no sender that validates fails at any instant", "[tls]") {
  int turns = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    RollWorld world(seed);
    for (int i = 0; i < 300; ++i) world.step();
    turns += world.turns();
  }
  CHECK(turns > 300);
}

TEST_CASE("roll: nobody asked for one", "[tls]") {
  const RollKeys keys{.current = "a", .next = "b"};
  const PublishedKeys both{.asked = true, .common = {"a", "b"}, .ttl = k_time_to_live};
  const KeyRoll roll = followed({}, keys, both, k_noon);
  CHECK(roll.published == k_noon);
  CHECK(usable_from(roll) == k_noon + k_time_to_live + std::chrono::hours(1));
  CHECK(next_step(roll, keys, both, true, k_noon + std::chrono::hours(99)) == RollStep::none);
}

TEST_CASE("roll: step by step", "[tls]") {
  const RollKeys keys{.current = "a", .next = "b"};
  const PublishedKeys one{.asked = true, .common = {"a"}, .ttl = k_time_to_live};
  const PublishedKeys both{.asked = true, .common = {"a", "b"}, .ttl = k_time_to_live};
  KeyRoll roll = followed({.wanted = true}, keys, std::nullopt, k_noon);
  CHECK(next_step(roll, keys, {}, false, k_noon) == RollStep::publish);
  roll = followed(roll, keys, one, k_noon);
  CHECK(next_step(roll, keys, one, false, k_noon) == RollStep::publish);
  roll = followed(roll, keys, both, k_noon);
  CHECK(next_step(roll, keys, both, false, k_noon) == RollStep::wait);
  const TimePoint later = k_noon + k_time_to_live + std::chrono::hours(1);
  CHECK(next_step(roll, keys, both, false, later - Seconds(1)) == RollStep::wait);
  CHECK(next_step(roll, keys, both, false, later) == RollStep::certify);
  CHECK(next_step(roll, keys, both, true, later) == RollStep::turn);
  CHECK(next_step(roll, keys, {}, true, later) == RollStep::publish);  // a name server that is silent now
  CHECK(next_step(roll, keys, one, true, later) == RollStep::publish);
  const RollKeys turned{.current = "b", .next = "b"};
  CHECK_FALSE(followed(roll, turned, std::nullopt, later).wanted);
  CHECK(next_step(followed(roll, turned, std::nullopt, later), turned, both, true, later) == RollStep::none);
}

TEST_CASE("roll: waiting begins again with another key, and if a name server goes back", "[tls]") {
  const RollKeys keys{.current = "a", .next = "b"};
  const PublishedKeys both{.asked = true, .common = {"a", "b"}, .ttl = k_time_to_live};
  const KeyRoll waiting = followed({.wanted = true}, keys, both, k_noon);
  const KeyRoll other = followed(waiting, {.current = "a", .next = "c"}, std::nullopt, k_noon);
  CHECK(other.wanted);
  CHECK_FALSE(other.published);
  const KeyRoll back =
      followed(waiting, keys, PublishedKeys{.asked = true, .common = {"a"}, .ttl = k_time_to_live}, k_noon);
  CHECK_FALSE(back.published);
  CHECK(followed(waiting, keys, PublishedKeys{}, k_noon) == waiting);  // no answer says nothing
  CHECK(followed(waiting, keys, both, k_noon - std::chrono::hours(5)).published == k_noon - std::chrono::hours(5));
}

TEST_CASE("roll: without any TLSA record in the world nobody relies on one, as long as that is so", "[tls]") {
  const RollKeys keys{.current = "a", .next = "b"};
  const PublishedKeys none{.asked = true, .missing_everywhere = true};
  const PublishedKeys both{.asked = true, .common = {"a", "b"}, .ttl = k_time_to_live};
  const KeyRoll roll = followed({.wanted = true}, keys, none, k_noon);
  const TimePoint later = k_noon + std::chrono::hours(30);
  CHECK(next_step(roll, keys, none, true, k_noon + std::chrono::hours(1)) == RollStep::turn);
  // Somebody has published some meanwhile, and perhaps others before these.
  CHECK(next_step(followed(roll, keys, both, later), keys, both, true, later) == RollStep::wait);
}

TEST_CASE("roll: DNS names the key that services present, the current and the next one", "[tls]") {
  using Words = std::vector<std::string>;
  CHECK(published_digests("a", {.current = "a", .next = "b"}) == Words{"a", "b"});
  CHECK(published_digests("a", {.current = "b", .next = "b"}) == Words{"a", "b"});
  CHECK(published_digests("", {.current = "b", .next = ""}) == Words{"b"});
}

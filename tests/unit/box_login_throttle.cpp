#include "box/access/login_throttle.hpp"
#include "box/access/session_store.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const TimePoint k_start = time_at(1795420800);

struct ThrottleBox {
  TemporaryFolder folder{};
  std::shared_ptr<Database> database = open_session_database(folder / "sessions.sqlite");
  LoginThrottle throttle{database};
  TimePoint now = k_start;

  seconds wait(const std::string& account, const std::string& address) const {
    return throttle.wait(account, address, now);
  }
  void fail(const std::string& account, const std::string& address, int times = 1) {
    for (int k = 0; k < times; ++k) throttle.failed(account, address, now);
  }
  std::int64_t failures() const {
    Statement statement = database->prepare("SELECT count(*) FROM login_failures");
    return statement.step() ? statement.integer(0) : -1;
  }
};

}  // namespace

TEST_CASE("login throttle: networks", "[box]") {
  CHECK(network_of_address("192.0.2.7") == "192.0.2.7");
  CHECK(network_of_address("2001:db8:0:1:aaaa:bbbb:cccc:dddd") == "2001:db8:0:1::/64");
  CHECK(network_of_address("2001:DB8:0:1::7") == network_of_address("2001:db8:0:1::8"));
  CHECK(network_of_address("2001:db8:0:2::7") != network_of_address("2001:db8:0:1::7"));
  CHECK(network_of_address("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(network_of_address("unix") == "unix");
}

TEST_CASE("login throttle: a network waits after ten failures, for longer each time", "[box]") {
  ThrottleBox box;
  for (int k = 0; k < 9; ++k) box.fail("user" + std::to_string(k) + "@example.com", "192.0.2.7");
  CHECK(box.wait("anna@example.com", "192.0.2.7") == seconds(0));
  box.fail("anna@example.com", "192.0.2.7");
  CHECK(box.wait("ben@example.com", "192.0.2.7") == seconds(1));
  CHECK(box.wait("", "192.0.2.7") == seconds(1));
  CHECK(box.wait("anna@example.com", "192.0.2.8") == seconds(0));
  for (const int wait : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900}) {
    CHECK(box.wait("anna@example.com", "192.0.2.7") == seconds(wait));
    box.now += seconds(wait - 1);
    CHECK(box.wait("anna@example.com", "192.0.2.7") == seconds(1));
    box.now += seconds(1);
    CHECK(box.wait("anna@example.com", "192.0.2.7") == seconds(0));
    box.fail("anna@example.com", "192.0.2.7");
  }
  box.now += minutes(30) - seconds(1);
  box.fail("anna@example.com", "192.0.2.7");
  CHECK(box.wait("anna@example.com", "192.0.2.7") == minutes(15));
  box.now += minutes(30) + seconds(1);  // the wait, and 15 minutes of quiet
  box.fail("anna@example.com", "192.0.2.7");
  CHECK(box.wait("anna@example.com", "192.0.2.7") == seconds(0));
}

TEST_CASE("login throttle: failures now and then make nobody wait", "[box]") {
  ThrottleBox box;
  for (int k = 0; k < 100; ++k) {
    box.fail("anna@example.com", "192.0.2.7");
    CHECK(box.wait("anna@example.com", "192.0.2.7") == seconds(0));
    box.now += minutes(2);
  }
}

TEST_CASE("login throttle: an account waits after twenty failures from anywhere", "[box]") {
  ThrottleBox box;
  for (int k = 0; k < 19; ++k) box.fail("anna@example.com", "192.0.2." + std::to_string(k));
  CHECK(box.wait("anna@example.com", "198.51.100.1") == seconds(0));
  box.fail(" Anna@Example.com", "192.0.2.19");
  CHECK(box.wait("anna@example.com", "198.51.100.1") == seconds(1));
  CHECK(box.wait("ben@example.com", "198.51.100.1") == seconds(0));
  CHECK(box.wait("", "198.51.100.1") == seconds(0));
}

TEST_CASE("login throttle: strangers cannot lock an owner out", "[box]") {
  ThrottleBox box;
  box.throttle.succeeded("anna@example.com", "2001:db8::1", box.now);
  box.now += hours(24 * 89);
  for (int k = 0; k < 40; ++k) box.fail("anna@example.com", "192.0.2." + std::to_string(k));
  CHECK(box.wait("anna@example.com", "198.51.100.1") > seconds(0));
  CHECK(box.wait("anna@example.com", "2001:db8::2") == seconds(0));
  box.now += hours(48);
  for (int k = 0; k < 40; ++k) box.fail("anna@example.com", "192.0.2." + std::to_string(k));
  CHECK(box.wait("anna@example.com", "2001:db8::2") > seconds(0));  // after 90 days it is a stranger's
}

TEST_CASE("login throttle: success with one account gives no attempts at others", "[box]") {
  ThrottleBox box;
  for (int k = 0; k < 5; ++k) {
    box.fail("anna@example.com", "192.0.2.7", 2);
    box.fail("mallory@example.com", "192.0.2.7");
    box.throttle.succeeded("mallory@example.com", "192.0.2.7", box.now);
  }
  CHECK(box.wait("anna@example.com", "192.0.2.7") == seconds(1));
  box.throttle.succeeded("anna@example.com", "192.0.2.7", box.now);
  CHECK(box.wait("anna@example.com", "192.0.2.7") == seconds(0));
}

TEST_CASE("login throttle: many attempts at the same time count at once", "[box]") {
  ThrottleBox box;
  for (int k = 0; k < 10; ++k) CHECK(box.throttle.begin("anna@example.com", "192.0.2.7", box.now) == seconds(0));
  CHECK(box.throttle.begin("anna@example.com", "192.0.2.7", box.now) == seconds(1));
  CHECK(box.failures() == 10);  // one that was refused is no failure
  box.throttle.succeeded("anna@example.com", "192.0.2.7", box.now);
  CHECK(box.failures() == 0);
}

TEST_CASE("login throttle: a clock that is set back makes nobody wait for long", "[box]") {
  ThrottleBox box;
  box.fail("anna@example.com", "192.0.2.7", 10);
  box.now -= hours(5);
  CHECK(box.wait("anna@example.com", "192.0.2.7") == seconds(1));
}

TEST_CASE("login throttle: what is old, and what is too much, is forgotten", "[box]") {
  ThrottleBox box;
  box.fail("anna@example.com", "192.0.2.7", 3);
  box.now += hours(25);
  box.fail("anna@example.com", "192.0.2.7");
  CHECK(box.failures() == 1);
  LoginThrottle small(box.database, {.rows = 5});
  for (int k = 0; k < 20; ++k) {
    small.failed("anna@example.com", "192.0.2." + std::to_string(k), box.now);
    small.succeeded("ben@example.com", "192.0.2." + std::to_string(k), box.now + minutes(k));
  }
  CHECK(box.failures() == 5);
  Statement successes = box.database->prepare("SELECT count(*) FROM login_successes");
  REQUIRE(successes.step());
  CHECK(successes.integer(0) == 5);
}

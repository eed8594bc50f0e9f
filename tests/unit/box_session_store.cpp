#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <utility>

#include "base/error.hpp"
#include "box/access/login_throttle.hpp"
#include "box/access/remembered_replies.hpp"
#include "box/access/session_store.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/disk_waits.hpp"
#include "support/temporary_folder.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const TimePoint k_now = time_at(1795420800);

struct SessionBox {
  TemporaryFolder folder{};
  std::string path = folder / "sessions.sqlite";
};

Secret new_session(SessionStore& store, std::int64_t user, TimePoint now) {
  return store.create(user, "state", "192.0.2.1", "Browser", false, now).second;
}

}  // namespace

TEST_CASE("sessions: made, found, revoked", "[box]") {
  const SessionBox box;
  SessionStore store(box.path);
  const auto [session, token] = store.create(1, "state", "192.0.2.1", "Browser 1.0", true, k_now);
  CHECK_THAT(token.reveal(), Matches("[0-9a-f]{64}"));
  CHECK_THAT(session.id, Matches("[0-9a-f]{16}"));
  CHECK(Database(box.path, Database::Access::read_only).content().find(token.reveal()) == std::string::npos);
  struct stat status = {};
  REQUIRE(stat(box.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);

  const auto found = store.find(token, k_now);
  REQUIRE(found);
  CHECK(found->id == session.id);
  CHECK(found->user == 1);
  CHECK(found->created == k_now);
  CHECK(found->from == "192.0.2.1");
  CHECK(found->agent == "Browser 1.0");
  CHECK(found->second_factor);
  CHECK(found->state == "state");
  CHECK_FALSE(store.find(Secret("x"), k_now));
  CHECK_FALSE(store.find(Secret(session.id), k_now));

  CHECK_FALSE(store.revoke(2, session.id));
  CHECK(store.revoke(1, session.id));
  CHECK_FALSE(store.find(token, k_now));
}

TEST_CASE("sessions: they end without use, and after their longest time", "[box]") {
  const SessionBox box;
  SessionStore store(box.path);
  const Secret idle = new_session(store, 1, k_now);
  CHECK(store.find(idle, k_now + hours(48)));
  CHECK_FALSE(store.find(idle, k_now + hours(48) + seconds(1)));
  CHECK(store.list(1, k_now + hours(49)).empty());

  TimePoint now = k_now;
  while (now < k_now + hours(24 * 30)) {
    store.used(*store.find(idle, now), now, "192.0.2.2");
    now += hours(24);
  }
  CHECK(store.find(idle, k_now + hours(24 * 30)));
  CHECK_FALSE(store.find(idle, k_now + hours(24 * 30) + seconds(1)));
  new_session(store, 2, now + hours(100));  // cleans up
  CHECK_FALSE(store.find(idle, k_now));
}

TEST_CASE("sessions: a use is written once a minute", "[box]") {
  const SessionBox box;
  SessionStore store(box.path);
  const Secret token = new_session(store, 1, k_now);
  store.used(*store.find(token, k_now), k_now + seconds(60), "192.0.2.2");
  CHECK(store.find(token, k_now)->last_used == k_now);
  store.used(*store.find(token, k_now), k_now + seconds(61), "192.0.2.2");
  CHECK(store.find(token, k_now)->last_used == k_now + seconds(61));
  CHECK(store.find(token, k_now)->from == "192.0.2.2");
}

TEST_CASE("sessions: a user's least recently used ones go if there are too many", "[box]") {
  const SessionBox box;
  SessionStore store(box.path, {.per_user = 3});
  const Secret first = new_session(store, 1, k_now);
  const Secret second = new_session(store, 1, k_now + minutes(1));
  const Secret third = new_session(store, 1, k_now + minutes(2));
  const Secret other = new_session(store, 2, k_now);
  const TimePoint later = k_now + minutes(10);
  store.used(*store.find(first, later), later, "192.0.2.1");
  new_session(store, 1, later);
  CHECK(store.find(first, later));
  CHECK_FALSE(store.find(second, later));
  CHECK(store.find(third, later));
  CHECK(store.find(other, later));
  CHECK(store.list(1, later).size() == 3);
}

TEST_CASE("sessions: all, or all others, end together", "[box]") {
  const SessionBox box;
  SessionStore store(box.path);
  const auto [mine, token] = store.create(1, "state", "192.0.2.1", "Browser", true, k_now);
  new_session(store, 1, k_now);
  const Secret other = new_session(store, 2, k_now);
  CHECK(store.revoke_others(1, mine.id) == 1);
  CHECK(store.find(token, k_now));
  CHECK(store.revoke_all(1) == 1);
  CHECK_FALSE(store.find(token, k_now));
  CHECK(store.find(other, k_now));
}

TEST_CASE("sessions: a browser's long name is cut", "[box]") {
  const SessionBox box;
  SessionStore store(box.path);
  const Session session = store.create(1, "state", "192.0.2.1", std::string(199, 'a') + "ü", true, k_now).first;
  CHECK(session.agent == std::string(199, 'a') + "…");
}

TEST_CASE("sessions: a damaged database is made again", "[box]") {
  const SessionBox box;
  std::ofstream(box.path) << std::string(5000, 'x');
  SessionStore store(box.path);
  CHECK(store.find(new_session(store, 1, k_now), k_now));
}

// A failure of power costs a login, not more: who has logged out stays so, and nothing is done twice.
TEST_CASE("sessions: a login does not wait for the disk, what must not come back does", "[box]") {
  const SessionBox box;
  const std::shared_ptr<Database> database = open_session_database(box.path);
  SessionStore store(database);
  LoginThrottle throttle(database);
  RememberedReplies replies(database);
  new_session(store, 1, k_now);  // the log's beginning
  int before = disk_waits();
  const auto waited = [&] { return disk_waits() - std::exchange(before, disk_waits()); };
  CHECK(throttle.begin("anna@example.com", "192.0.2.1", k_now) == seconds(0));
  throttle.succeeded("anna@example.com", "192.0.2.1", k_now);
  throttle.failed("anna@example.com", "192.0.2.1", k_now);
  const auto [session, token] = store.create(1, "state", "192.0.2.1", "Browser", true, k_now);
  store.used(session, k_now + minutes(2), "192.0.2.2");
  CHECK(waited() == 0);
  CHECK(store.revoke(1, session.id));
  CHECK(waited() == 1);
  CHECK(store.revoke_all(1) == 1);
  CHECK(waited() == 1);
  CHECK(replies.begin("anna", "key", "digest", k_now));
  CHECK(waited() == 1);
  replies.finish("anna", "key", "{}");
  CHECK(waited() == 1);
}

// Those of a version before had a rollback journal.
TEST_CASE("sessions: they outlive the change to a write-ahead log", "[box]") {
  const SessionBox box;
  Secret token;
  {
    SessionStore store(box.path);
    token = new_session(store, 1, k_now);
  }
  Database(box.path, Database::Access::read_write).execute("PRAGMA journal_mode = DELETE");
  REQUIRE(journal_mode_of(box.path) == "delete");
  CHECK(SessionStore(box.path).find(token, k_now));
  CHECK(journal_mode_of(box.path) == "wal");
}

// Who has it open goes on with what it remembers, and must not keep others from the new one.
TEST_CASE("sessions: emptied under a process that has them open, they are made again", "[box]") {
  const SessionBox box;
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      SessionStore store(box.path);
      new_session(store, 1, k_now);
      (void)!::write(ends[1], "x", 1);
      while (true) ::pause();
    } catch (...) {
    }
    ::_exit(1);
  }
  ::close(ends[1]);
  char ready = 0;
  CHECK(::read(ends[0], &ready, 1) == 1);
  ::close(ends[0]);
  CHECK(::truncate(box.path.c_str(), 0) == 0);
  {
    SessionStore store(box.path);
    CHECK(store.find(new_session(store, 2, k_now), k_now));
  }
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
}

// The same damage, found by several at once: what one of them has made and used since is not removed by the next.
TEST_CASE("sessions: damaged ones are made again once", "[box]") {
  constexpr int k_processes = 8;
  for (int round = 0; round < 5; ++round) {
    const SessionBox box;
    { std::ofstream(box.path, std::ios::binary) << std::string(8192, 'x'); }
    std::vector<pid_t> all;
    for (int i = 0; i < k_processes; ++i) {
      all.push_back(::fork());
      if (all.back() != 0) continue;
      try {
        SessionStore store(box.path);
        new_session(store, i + 1, k_now);
        ::_exit(0);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        ::_exit(1);
      }
    }
    for (const pid_t one : all) {
      int status = 0;
      CHECK(::waitpid(one, &status, 0) == one);
      CHECK(status == 0);
    }
    SessionStore store(box.path);
    for (int i = 0; i < k_processes; ++i) CHECK(store.list(i + 1, k_now).size() == 1);
  }
}

TEST_CASE("remembered replies: one request for each key", "[box]") {
  const SessionBox box;
  RememberedReplies replies(open_session_database(box.path));
  CHECK_FALSE(replies.remembered("anna", "key", k_now));
  CHECK(replies.begin("anna", "key", "digest", k_now));
  CHECK_FALSE(replies.begin("anna", "key", "another", k_now));
  CHECK(replies.begin("ben", "key", "digest", k_now));
  CHECK(replies.remembered("anna", "key", k_now)->request_digest == "digest");
  CHECK_FALSE(replies.remembered("anna", "key", k_now)->finished);
  replies.finish("anna", "key", "");
  CHECK(replies.remembered("anna", "key", k_now)->finished);
  replies.finish("anna", "key", "{}");
  CHECK(replies.remembered("anna", "key", k_now + hours(24) - seconds(1))->reply == "{}");
  CHECK_FALSE(replies.remembered("anna", "key", k_now + hours(24)));
  CHECK(replies.begin("anna", "key", "another", k_now + hours(24)));
}

TEST_CASE("remembered replies: a request that was cut off may begin again", "[box]") {
  const SessionBox box;
  RememberedReplies replies(open_session_database(box.path));
  CHECK(replies.begin("anna", "key", "digest", k_now));
  CHECK_FALSE(replies.begin("anna", "key", "digest", k_now + minutes(90) - seconds(1)));
  CHECK_FALSE(replies.remembered("anna", "key", k_now + minutes(90)));
  CHECK(replies.begin("anna", "key", "digest", k_now + minutes(90)));
  replies.abandon("anna", "key");
  CHECK(replies.begin("anna", "key", "digest", k_now + minutes(90)));
  replies.finish("anna", "key", "{}");
  replies.abandon("anna", "key");  // too late
  CHECK_FALSE(replies.begin("anna", "key", "digest", k_now + minutes(120)));
}

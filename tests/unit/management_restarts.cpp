// The management daemon's processes end and start again while jobs and changes are under way.
#include <signal.h>
#include <unistd.h>

#include "base/text.hpp"
#include "messages/json_form.hpp"
#include "os/lock.hpp"
#include "support/running_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A box with a recipe that is under way until go().
struct SlowBox : ApiBox {
  SlowBox() {
    host.put("/share/recipes/slow.yaml",
             "recipe: slow\nsummary: takes its time\nresources:\n"
             "  - command: wait\n    run: [slow]\n    creates: /var/lib/slow-is-done\n");
    host.commands.on({"slow"}, [this](const Command& /*command*/) {
      const bool went = comes_true([this] { return host.exists("/go"); });
      host.put("/var/lib/slow-is-done", "");
      return CommandResult{.exit_code = went ? 0 : 1};
    });
  }
  void go() { host.put("/go", ""); }

  BoxInTime in_time{*this};
};

std::string begin_job(const RunningDaemon& daemon, const std::string& kind = "setup") {
  const ApiResponse response = daemon.call("POST", "/jobs/" + kind, {{"only", {"slow"}}});
  INFO(response.body);
  REQUIRE(response.status == 202);
  CHECK(response.json()["state"] == "running");
  return response.json()["id"].get<std::string>();
}

Json job_of(const RunningDaemon& daemon, const std::string& id) { return daemon.call("GET", "/jobs/" + id).json(); }

void check_done(const RunningDaemon& daemon, const std::string& id) {
  CHECK(comes_true([&] { return job_of(daemon, id)["state"] != "running"; }));
  const Json job = job_of(daemon, id);
  INFO(job.dump());
  CHECK(job["state"] == "done");
  CHECK(job["error"] == "");
  CHECK(job["result"].is_object());
}

TestConnection follow(const RunningDaemon& daemon, const std::string& id, const std::string& last = "") {
  TestConnection connection(daemon.port());
  REQUIRE(connection.valid());
  Headers headers = k_own_key;
  if (!last.empty()) headers.emplace_back("Last-Event-ID", last);
  connection.send(http_text({.target = "/api/v1/jobs/" + id + "/events", .headers = headers}));
  return connection;
}

std::vector<int> numbers_in(const std::string& events) {
  std::vector<int> numbers;
  for (const std::string_view line : lines_of(events)) {
    if (line.starts_with("id: ")) numbers.push_back(parse_number<int>(line.substr(4)).value_or(-1));
  }
  return numbers;
}

// Each event once, in order, from this one to the job's end.
void check_events(const std::string& events, int first) {
  INFO(events);
  const std::vector<int> numbers = numbers_in(events);
  REQUIRE_FALSE(numbers.empty());
  for (std::size_t i = 0; i < numbers.size(); ++i) CHECK(numbers[i] == first + static_cast<int>(i));
  CHECK(events.find("event: end\n") != std::string::npos);
}

// The process of a change that waits for the machine's lock.
int worker_of(RunningDaemon& daemon, const std::vector<int>& before) {
  int worker = 0;
  REQUIRE(comes_true([&] {
    for (const int process : daemon.helper().children()) {
      if (!contains(before, process)) worker = process;
    }
    return worker != 0;
  }));
  return worker;
}

// Another run has the machine's lock. A process of its own: those that are forked here would have it, too.
struct LockHolder {
  explicit LockHolder(const std::string& path)
      : process(folder / "log", [path](const auto& ready) {
          MachineLock lock(path);
          if (lock.try_acquire("test", RealClock())) ready("held");
          ::pause();
        }) {
    REQUIRE(process.told() == "held");
  }
  TemporaryFolder folder{};
  TestProcess process;
};

ApiRequest addition(const std::string& email) {
  return {.method = "POST",
          .target = "/api/v1/users",
          .headers = joined_headers(k_own_key, {{"Content-Type", "application/json"}}),
          .body = R"({"email": ")" + email + R"(", "password": "long enough"})"};
}

TestConnection send_request(const RunningDaemon& daemon, const ApiRequest& request) {
  TestConnection connection(daemon.port());
  REQUIRE(connection.valid());
  connection.send(http_text(request));
  return connection;
}

// A user shall be added, and the process that does it waits for another run.
struct ChangeThatWaits {
  ChangeThatWaits() { CHECK(answers); }
  ApiBox box{};
  BoxInTime in_time{box};
  RunningDaemon daemon{in_time.box};
  const bool answers = daemon.call("GET", "/users").status == 200;  // so that its reader is there
  const std::vector<int> readers = daemon.helper().children();
  LockHolder lock{box.box.lock_file};
  TestConnection client = send_request(daemon, addition("x@example.com"));
  const int worker = worker_of(daemon, readers);
};

ApiResponse answer_on_connection(TestConnection& connection) {
  REQUIRE(connection.read_to_end());
  return parsed_response(connection.text());
}

}  // namespace

TEST_CASE("Restarts: the front ends while a client follows a job", "[api][daemon]") {
  SlowBox box;
  RunningDaemon daemon(box.in_time.box);
  const std::string id = begin_job(daemon);
  TestConnection client = follow(daemon, id);
  REQUIRE(client.read_until("event: begin"));
  REQUIRE(client.read_until("\n\n"));
  SECTION("by a signal") { daemon.front().kill(); }
  SECTION("in order") { daemon.front().stop(); }
  CHECK(client.read_to_end());
  const std::vector<int> heard = numbers_in(client.text());
  REQUIRE_FALSE(heard.empty());
  daemon.start_front();
  TestConnection again = follow(daemon, id, std::to_string(heard.back()));
  box.go();
  CHECK(again.read_to_end());
  check_events(again.text(), heard.back() + 1);
  check_done(daemon, id);
  // The whole story for whoever comes late.
  TestConnection late = follow(daemon, id);
  CHECK(late.read_to_end());
  check_events(late.text(), 1);
}

TEST_CASE("Restarts: the helper ends during a job", "[api][daemon]") {
  SlowBox box;
  RunningDaemon daemon(box.in_time.box);
  const std::string id = begin_job(daemon);
  TestConnection client = follow(daemon, id);
  REQUIRE(client.read_until("event: begin"));
  SECTION("by a signal") { daemon.helper().kill(); }
  SECTION("in order") { daemon.helper().stop(); }
  daemon.start_helper();
  CHECK(job_of(daemon, id)["state"] == "running");
  box.go();
  CHECK(client.read_to_end());  // on the same connection
  check_events(client.text(), 1);
  check_done(daemon, id);
}

TEST_CASE("Restarts: a client leaves in the middle of a job's events", "[api][daemon]") {
  SlowBox box;
  RunningDaemon daemon(box.in_time.box);
  CHECK(daemon.call("GET", "/system").status == 200);
  const std::size_t descriptors = daemon.front().descriptors();
  const std::string id = begin_job(daemon);
  for (int i = 0; i < 10; ++i) {
    TestConnection client = follow(daemon, id);
    REQUIRE(client.read_until("event: begin"));
    if (i % 2 == 0) client.reset();
  }
  box.go();
  check_done(daemon, id);
  CHECK(comes_true([&] { return daemon.front().descriptors() <= descriptors + k_looks_at_once; }));
  CHECK(daemon.front().lives());
}

TEST_CASE("Restarts: two jobs at once", "[api][daemon]") {
  SlowBox box;
  RunningDaemon daemon(box.in_time.box);
  const std::string first = begin_job(daemon);
  REQUIRE(comes_true([&] { return MachineLock(box.box.lock_file).holder().has_value(); }));
  const std::string second = begin_job(daemon);
  TestConnection client = follow(daemon, second);
  CHECK(client.read_until("event: progress"));
  CHECK(client.read_until("mailinabox setup"));  // who has the lock
  CHECK(job_of(daemon, first)["state"] == "running");
  CHECK(daemon.call("GET", "/jobs").json()["jobs"].size() == 2);
  box.go();
  CHECK(client.read_to_end());
  check_events(client.text(), 1);
  check_done(daemon, first);
  check_done(daemon, second);
  const Json one = job_of(daemon, first);
  const Json other = job_of(daemon, second);
  CHECK(one["ended"].get<std::string>() <= other["ended"].get<std::string>());
  CHECK(one["result"].dump().find("command:wait") != std::string::npos);
  CHECK(other["result"]["changed"] == 0);
}

TEST_CASE("Restarts: the process of a change is killed", "[api][daemon]") {
  ChangeThatWaits change;
  RunningDaemon& daemon = change.daemon;
  ::kill(change.worker, SIGKILL);
  const ApiResponse answer = answer_on_connection(change.client);
  CHECK(answer.status == 500);
  CHECK_THAT(answer.body, Contains("Look whether what it asked for has been done"));
  CHECK(comes_true([&] { return daemon.log().find("was ended by signal 9") != std::string::npos; }));
  change.lock.process.kill();
  CHECK(daemon.call("GET", "/users/x@example.com").status == 404);
  CHECK(daemon.http(addition("x@example.com")).status == 201);
}

TEST_CASE("Restarts: a change goes on without the helper that began it", "[api][daemon]") {
  ChangeThatWaits change;
  RunningDaemon& daemon = change.daemon;
  daemon.helper().kill();
  daemon.start_helper();
  CHECK(daemon.call("GET", "/users/x@example.com").status == 404);
  change.lock.process.kill();
  CHECK(answer_on_connection(change.client).status == 201);
  CHECK(daemon.call("GET", "/users/x@example.com").status == 200);
}

TEST_CASE("Restarts: the front waits for the helper, and says so if there is none", "[api][daemon]") {
  ApiBox box;
  constexpr milliseconds k_wait{1500};
  RunningDaemon daemon(box.box, {.helper = k_wait});
  daemon.helper().stop();
  const auto began = steady_clock::now();
  TestConnection original = send_request(daemon, {.target = "/system/version", .headers = k_own_key});
  const ApiResponse away = daemon.call("GET", "/system");
  CHECK(steady_clock::now() - began >= k_wait);
  for (const ApiResponse& answer : {away, answer_on_connection(original)}) {
    CHECK(answer.status == 503);
    CHECK_THAT(answer.body, Contains("not running") && Contains("sudo mailinabox setup"));
    CHECK(answer.header("Retry-After") == "5");
  }
  TestConnection client = send_request(daemon, {.target = "/system/version", .headers = k_own_key});
  daemon.start_helper();
  CHECK(answer_on_connection(client).status == 200);
}

TEST_CASE("Restarts: what only looks is asked again if the helper ends before it has read it", "[api][daemon]") {
  ApiBox box;
  RunningDaemon daemon(box.box);
  ::kill(daemon.helper().id(), SIGSTOP);
  TestConnection look = send_request(daemon, {.target = "/system/version", .headers = k_own_key});
  TestConnection change = send_request(daemon, addition("x@example.com"));
  REQUIRE(comes_true([&] { return daemon.waiting_at_socket() == 2; }));
  daemon.helper().kill();
  CHECK(answer_on_connection(change).status == 500);
  daemon.start_helper();
  CHECK(answer_on_connection(look).status == 200);
  CHECK(daemon.call("GET", "/users/x@example.com").status == 404);
}

// The management daemon on a machine in trouble: a full disk, databases that are locked or damaged. Whoever asks hears
// what to do, nothing is half done, what is not concerned goes on, and all of it works again afterwards.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "support/running_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A file system of a few megabytes that only this process and its children see, in place of a directory whose files are
// copied there.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& directory) : directory_(directory) {
    using Options = std::filesystem::copy_options;
    const TemporaryFolder aside;
    std::filesystem::copy(directory, aside / "files", Options::recursive | Options::copy_symlinks);
    mounted_ = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=6m,mode=755") == 0;
    if (mounted_) std::filesystem::copy(aside / "files", directory, Options::recursive | Options::copy_symlinks);
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(directory_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  void fill() const {
    for (const std::size_t size : {65536U, 4096U, 1U}) {
      std::ofstream file(directory_ + "/filler" + std::to_string(size), std::ios::binary);
      file << std::unitbuf;
      while (file.write(std::string(size, 'x').data(), static_cast<std::streamsize>(size))) {
      }
    }
  }
  void clear() const {
    for (const char* size : {"65536", "4096", "1"}) std::filesystem::remove(directory_ + "/filler" + size);
  }

 private:
  std::string directory_;
  bool mounted_ = false;
};

ApiRequest as_json(const std::string& method, const std::string& path, const std::string& body, Headers who) {
  if (!body.empty()) who.emplace_back("Content-Type", "application/json");
  return {.method = method, .target = "/api/v1" + path, .headers = std::move(who), .body = body};
}

const std::string k_new_user = R"({"email": "x@example.com", "password": "long enough"})";

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// In place: who has it open sees it.
void overwrite(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void check_unavailable(const ApiResponse& response, const std::string& hint) {
  INFO(response.body);
  CHECK(response.status == 503);
  CHECK(response.header("Retry-After") == "5");
  CHECK_THAT(response.body, Contains(hint));
}

}  // namespace

TEST_CASE("Disturbed: a full disk", "[api][daemon]") {
  ApiBox box;
  const SmallDisk disk(box.host.root());
  if (!disk.mounted()) {
    WARN("not tried: this user may not mount a file system");
    return;
  }
  const Headers cookie = box.cookie(box.log_in("me@example.com", "correct horse"));
  const Headers token = ApiBox::bearer(box.make_token(ApiBox::administrator(), "t", {"admin"}));
  box.host.clock.advance(std::chrono::hours(1));  // that they are used now is worth noting
  RunningDaemon daemon(box.box);
  CHECK(daemon.http(as_json("POST", "/jobs/plan", "{}", k_own_key)).status == 202);  // there are jobs
  CHECK(comes_true([&] { return daemon.call("GET", "/jobs").json()["jobs"][0]["state"] == "done"; }));
  disk.fill();
  const auto before = box.contents();
  for (const Headers& who : {k_own_key, cookie, token}) {
    for (const char* path : {"/users", "/system", "/records", "/audit", "/jobs", "/zones"}) {
      INFO(path);
      const ApiResponse answer = daemon.http(as_json("GET", path, "", who));
      INFO(answer.body);
      CHECK(answer.status == 200);
    }
    check_unavailable(daemon.http(as_json("POST", "/users", k_new_user, who)), "make space");
    check_unavailable(daemon.http(as_json("PATCH", "/users/anna@example.com", R"({"quota": "5G"})", who)),
                      "make space");
    check_unavailable(daemon.http(as_json("PUT", "/records/x.example.com/A", R"({"value": "192.0.2.1"})", who)),
                      "make space");
    check_unavailable(daemon.http(as_json("POST", "/jobs/setup", "{}", who)), "make space");
    check_unavailable(daemon.http(as_json("POST", "/jobs/plan", "{}", who)), "make space");
  }
  check_unavailable(daemon.http({.method = "POST",
                                 .target = "/mail/users/add",
                                 .headers = k_own_key,
                                 .body = "email=x@example.com&password=long+enough"}),
                    "make space");
  // A guess that cannot be counted is not judged.
  check_unavailable(daemon.http(as_json("GET", "/users", "", ApiBox::administrator())), "make space");
  CHECK(box.changed_since(before) == "");
  CHECK_THAT(daemon.log(), Contains("make space"));
  CHECK(daemon.helper().lives());
  disk.clear();
  CHECK(daemon.http(as_json("GET", "/users", "", ApiBox::administrator())).status == 200);
  CHECK(daemon.http(as_json("POST", "/users", k_new_user, cookie)).status == 201);
  CHECK(daemon.http(as_json("POST", "/jobs/plan", "{}", k_own_key)).status == 202);
}

TEST_CASE("Disturbed: databases that another program has locked", "[api][daemon]") {
  ApiBox box;
  RunningDaemon daemon(box.box);
  for (const Headers& who : {k_own_key, ApiBox::administrator()})  // there are all databases
    CHECK(daemon.http(as_json("GET", "/users", "", who)).status == 200);
  const auto before = box.contents();
  Database users(box.host.real("/home/user-data/mail/users.sqlite"), Database::Access::read_write);
  Database audit(box.host.real("/home/user-data/management/audit.sqlite"), Database::Access::read_write);
  users.execute("BEGIN EXCLUSIVE");
  audit.execute("BEGIN EXCLUSIVE");
  const std::vector<ApiRequest> concerned = {
      as_json("GET", "/users", "", k_own_key),
      as_json("GET", "/audit", "", k_own_key),
      as_json("GET", "/system", "", ApiBox::administrator()),
      as_json("PATCH", "/users/anna@example.com", R"({"quota": "5G"})", k_own_key),
      as_json("POST", "/users", k_new_user, k_own_key),
      {.method = "POST",
       .target = "/mail/users/quota",
       .headers = k_own_key,
       .body = "email=anna@example.com&quota=5G"},
      {.method = "POST", .target = "/login", .headers = ApiBox::administrator()},
  };
  std::vector<TestConnection> waiting;
  for (const ApiRequest& request : concerned) {
    waiting.emplace_back(daemon.port());
    waiting.back().send(http_text(request));
  }
  const auto began = steady_clock::now();
  CHECK(daemon.call("GET", "/system").status == 200);
  CHECK(daemon.call("GET", "/system/reboot").status == 200);
  CHECK(steady_clock::now() - began < milliseconds(5000));
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    INFO(concerned[i].method << " " << concerned[i].target);
    REQUIRE(waiting[i].read_to_end());
    check_unavailable(parsed_response(waiting[i].text()), "locked");
  }
  CHECK_THAT(daemon.log(), Contains("users.sqlite: database is locked; another program has kept it locked") &&
                               Contains("audit.sqlite: database is locked; another program has kept it locked"));
  users.execute("ROLLBACK");
  audit.execute("ROLLBACK");
  CHECK(box.changed_since(before) == "");
  for (std::size_t i = 0; i < concerned.size(); ++i) {
    INFO(concerned[i].method << " " << concerned[i].target);
    const int status = daemon.http(concerned[i]).status;
    CHECK((status == 200 || status == 201));
  }
}

TEST_CASE("Disturbed: databases that are damaged", "[api][daemon]") {
  ApiBox box;
  const Headers token = ApiBox::bearer(box.make_token(ApiBox::administrator(), "t", {"admin"}));
  const Headers cookie = box.cookie(box.log_in("me@example.com", "correct horse"), false);
  RunningDaemon daemon(box.box);
  struct Concerned {
    std::string path{};
    std::vector<ApiRequest> requests{};
  };
  const ApiRequest change = as_json("PATCH", "/users/anna@example.com", R"({"quota": "5G"})", k_own_key);
  const std::vector<Concerned> all = {
      {"/home/user-data/mail/users.sqlite",
       {as_json("GET", "/users", "", k_own_key), as_json("GET", "/system", "", ApiBox::administrator()),
        as_json("GET", "/system", "", token), as_json("GET", "/system", "", cookie), change}},
      {"/home/user-data/management/audit.sqlite", {as_json("GET", "/audit", "", k_own_key), change}},
      {"/home/user-data/management/access.sqlite", {as_json("GET", "/system", "", token)}},
  };
  for (const Concerned& concerned : all) {
    const std::string path = box.host.real(concerned.path);
    const std::string whole = bytes_of(path);
    REQUIRE(whole.size() > 4096);
    const std::vector<std::string> damages = {std::string(whole.size(), 'x'), "not a database at all, but some text",
                                              whole.substr(0, 100) + std::string(whole.size() - 100, 'x'),
                                              whole.substr(0, 2048)};
    for (const ApiRequest& request : concerned.requests) REQUIRE(daemon.http(request).status == 200);
    for (std::size_t i = 0; i < damages.size(); ++i) {
      INFO(concerned.path << " " << i);
      overwrite(path, damages[i]);
      const std::size_t logged = daemon.log().size();
      bool unavailable = false;
      for (const ApiRequest& request : concerned.requests) {
        INFO(request.method << " " << request.target);
        const ApiResponse answer = daemon.http(request);
        // What SQLite takes for unchanged it need not read again.
        if (damages[i].starts_with("SQLite") && request.method == "GET" && answer.status == 200) continue;
        check_unavailable(answer, "restore it from a backup");
        unavailable = true;
      }
      CHECK((unavailable || i == 2));
      if (unavailable) CHECK_THAT(daemon.log().substr(logged), Contains(path.substr(path.rfind('/'))));
      CHECK(daemon.call("GET", "/system").status == 200);
      overwrite(path, whole);
      for (const ApiRequest& request : concerned.requests) CHECK(daemon.http(request).status == 200);
    }
  }
  CHECK(daemon.helper().lives());
}

// Sessions are worth no backup: who had one logs in again.
TEST_CASE("Disturbed: damaged sessions are made again", "[api][daemon]") {
  ApiBox box;
  RunningDaemon daemon(box.box);
  const ApiRequest by_password = as_json("GET", "/system", "", ApiBox::administrator());
  const ApiRequest login{.method = "POST", .target = "/login", .headers = ApiBox::administrator()};
  CHECK(daemon.http(by_password).status == 200);
  // All of it, and nothing of it in its log, which would do instead of what is damaged.
  connect_database(box.sessions_path(), Database::Access::read_write)->execute("PRAGMA wal_checkpoint(TRUNCATE)");
  const std::string whole = bytes_of(box.sessions_path());
  REQUIRE(whole.size() > 8192);
  const std::vector<std::string> damages = {std::string(whole.size(), 'x'),
                                            "text",
                                            "",
                                            whole.substr(0, 100) + std::string(whole.size() - 100, 'x'),
                                            whole.substr(0, 4096) + std::string(whole.size() - 4096, 'x'),
                                            whole.substr(0, 4096)};
  for (std::size_t i = 0; i < damages.size(); ++i) {
    INFO(i);
    overwrite(box.sessions_path(), damages[i]);
    const std::size_t logged = daemon.log().size();
    // The one of them that reads what is damaged hears of it; another need not, for what SQLite takes for unchanged.
    int unavailable = 0;
    for (const ApiRequest& request : {by_password, login, by_password}) {
      const ApiResponse answer = daemon.http(request);
      INFO(answer.body);
      CHECK((answer.status == 200 || answer.status == 503));
      unavailable += answer.status == 503 ? 1 : 0;
    }
    CHECK(unavailable <= 1);
    if (unavailable > 0) CHECK_THAT(daemon.log().substr(logged), Contains("sessions.sqlite"));
    CHECK(daemon.http(by_password).status == 200);
    const ApiResponse again = daemon.http(login);
    CHECK(again.json()["status"] == "ok");
    CHECK(daemon
              .http(as_json("GET", "/system", "",
                            {{"cookie", "__Host-session=" + again.json()["api_key"].get<std::string>()}}))
              .status == 200);
  }
}

// The release of the distribution: its last security updates, machines whose upgrade was broken off, and the first
// setup on a new one. The whole command line on a machine in a temporary directory.
#include <nlohmann/json.hpp>

#include "operations/release.hpp"
#include "support/catch.hpp"
#include "support/model_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using Json = nlohmann::json;

namespace {

constexpr const char* k_release_12 =
    "release:\n"
    "  security_updates_until: \"2028-06-30\"\n"
    "  next: Debian 13\n"
    "  first_versions: {libc6: \"2.36\", dovecot-core: \"1:2.3.19\", postfix: \"3.7\"}\n"
    "  later_versions: {libc6: \"2.37\", dovecot-core: \"1:2.4\"}\n";

struct ReleaseBox : ModelBox {
  ReleaseBox() {
    host.put("/share/recipes/platforms/debian-12.yaml", k_release_12);
    host.packages.installed = {{"libc6", "2.36-9+deb12u10"},
                               {"dovecot-core", "1:2.3.19.1+dfsg1-2.1+deb12u1"},
                               {"postfix", "3.7.11-0+deb12u1"}};
  }
  void set_date(int year, unsigned month, unsigned day) {
    host.clock.time =
        std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day));
  }
  std::string warnings(const std::string& command) {
    std::string all;
    const Json result = run_json({command});
    for (const Json& warning : result.at("warnings")) all += warning.get<std::string>() + "\n";
    return all;
  }
  // What both commands say who must not begin.
  std::string refusal() {
    std::string said;
    for (const char* command : {"plan", "setup"}) {
      host.clear_log();
      try {
        static_cast<void>(run({command}));
        FAIL(command << " began");
      } catch (const Error& error) {
        CHECK(error.code() == ExitCode::unsuitable);
        CHECK((said.empty() || said == error.what()));
        said = error.what();
      }
      CHECK(host.touched().empty());
    }
    return said;
  }
};

}  // namespace

TEST_CASE("release: the end of security updates is said beforehand, and ever after", "[cli]") {
  ReleaseBox box;
  box.set_date(2028, 3, 31);
  CHECK(box.warnings("plan").empty());
  CHECK(box.warnings("setup").empty());
  for (const auto& [month, day] : {std::pair(4U, 1U), std::pair(6U, 30U)}) {
    box.set_date(2028, month, day);
    for (const char* command : {"plan", "setup"}) {
      CHECK_THAT(box.warnings(command),
                 Contains("Debian 12 gets security updates until 2028-06-30") && Contains("to Debian 13, or move"));
    }
  }
  box.set_date(2028, 7, 1);
  for (const char* command : {"plan", "setup"}) {
    CHECK_THAT(box.warnings(command), Contains("Debian 12 has had no security updates since 2028-06-30") &&
                                          Contains("Upgrade this machine to Debian 13") &&
                                          Contains("\"Moving to a new release\""));
  }
  CHECK(box.run({"setup"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("has had no security updates since 2028-06-30"));
}

TEST_CASE("release: without a next one only a new machine is left", "[cli]") {
  ReleaseBox box;
  box.host.put("/share/recipes/platforms/debian-12.yaml",
               "release: {security_updates_until: \"2023-05-31\", next: \"\"}\n");
  box.set_date(2026, 11, 29);
  CHECK_THAT(box.warnings("plan"), Contains("Move the box to a new machine") && !Contains("Upgrade"));
}

TEST_CASE("release: no clock and no date make a box fail", "[cli]") {
  ReleaseBox box;
  box.set_date(1970, 1, 1);
  CHECK(box.warnings("setup").empty());
  box.set_date(2199, 1, 1);
  CHECK(box.run_json({"setup"})["result"] == "ok");
  for (const char* date : {"2028-06-31", "soon", "", "2028-6-30", "20280630xx"}) {
    box.host.put("/share/recipes/platforms/debian-12.yaml",
                 std::string("release: {security_updates_until: \"") + date + "\"}\n");
    CHECK(box.warnings("setup").empty());
  }
}

TEST_CASE("release: an upgrade that was broken off is refused, and nothing is touched", "[cli]") {
  ReleaseBox box;
  SECTION("Dovecot is an older release's") {
    box.host.packages.installed["dovecot-core"] = "1:2.3.13+dfsg1-2+deb11u1";
    const std::string said = box.refusal();
    CHECK_THAT(said,
               Contains("This machine is Debian 12") && Contains("dovecot-core 1:2.3.13+dfsg1-2+deb11u1 is an older"));
    CHECK_THAT(said, Contains("sudo dpkg --configure -a") && Contains("apt full-upgrade") && Contains("showhold"));
  }
  SECTION("Dovecot is a later release's") {
    box.host.packages.installed["dovecot-core"] = "1:2.4.1+dfsg1-6";
    CHECK_THAT(box.refusal(), Contains("dovecot-core 1:2.4.1+dfsg1-6 is a later release's"));
  }
  SECTION("it is only unpacked yet") {
    box.host.packages.installed.erase("dovecot-core");
    box.host.packages.unfinished["dovecot-core"] = "1:2.4.1+dfsg1-6";
    box.host.packages.is_interrupted = true;
    CHECK_THAT(box.refusal(), Contains("dovecot-core 1:2.4.1+dfsg1-6 is a later release's"));
  }
  SECTION("the C library is an older release's") {
    box.host.packages.installed["libc6"] = "2.31-13+deb11u11";
    CHECK_THAT(box.refusal(), Contains("libc6 2.31-13+deb11u11 is an older release's"));
  }
}

TEST_CASE("release: a single package from elsewhere is left to the administrator", "[cli]") {
  ReleaseBox box;
  box.host.packages.installed["postfix"] = "3.11.1-1~vendor";  // newer: a vendor's, a backport
  box.host.packages.installed["nginx"] = "1.29.0-1~bookworm";
  box.host.packages.installed["dovecot-core"] = "2:2.3.21.1-4+debian12";
  CHECK_THAT(box.refusal(), Contains("a later release's"));  // its epoch says so
  box.host.packages.installed["dovecot-core"] = "1:2.3.21.1-1+debian12";
  CHECK(box.warnings("setup").empty());
  box.host.packages.installed["postfix"] = "3.5.25-0+deb11u1";
  CHECK_THAT(box.warnings("plan"), Contains("postfix 3.5.25-0+deb11u1 is an older release's"));
  box.host.packages.installed.erase("postfix");
  box.host.packages.installed["libc6"] = "2.41-12";
  CHECK_THAT(box.warnings("setup"), Contains("libc6 2.41-12 is a later release's") && Contains("full-upgrade"));
  box.host.packages.installed.clear();  // a fresh machine has none of them
  CHECK(box.warnings("plan").empty());
}

TEST_CASE("release: without a version there is nothing to compare with", "[cli]") {
  ReleaseBox box;
  box.host.put("/share/recipes/platforms/debian-12.yaml",
               "release: {first_versions: {libc6: \"\"}, later_versions: {dovecot-core: \"\"}}\n");
  CHECK(box.warnings("plan").empty());
  CHECK(box.warnings("setup").empty());
}

TEST_CASE("release: with dpkg cut off, a single package is a sign of half an upgrade", "[cli]") {
  ReleaseBox box;
  box.host.packages.is_interrupted = true;
  SECTION("before /etc/os-release came") {
    box.host.packages.installed["libc6"] = "2.41-12";
    CHECK_THAT(box.refusal(), Contains("libc6 2.41-12 is a later release's"));
  }
  SECTION("after it") {
    box.host.packages.installed["postfix"] = "3.5.25-0+deb11u1";
    CHECK_THAT(box.refusal(), Contains("postfix 3.5.25-0+deb11u1 is an older release's"));
  }
}

TEST_CASE("release: packages of a later release, which apt's sources name too early, are not installed", "[cli]") {
  ReleaseBox box;
  box.host.put("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n");
  box.host.put("/local/more.yaml",
               "recipe: more\nsummary: more\nresources:\n  - package: nsd\n  - file: /etc/more\n"
               "    content: x\n");
  const auto refused = [&box](const std::string& package) {
    for (const char* command : {"plan", "setup"}) {
      box.host.clear_log();
      std::string said;
      if (command == std::string("plan")) {
        said = box.warnings(command);
        CHECK_THAT(said, Contains("Setup will refuse these changes"));
      } else {
        try {
          static_cast<void>(box.run({command}));
          FAIL("setup installed " << package);
        } catch (const Error& error) {
          CHECK(error.code() == ExitCode::unsuitable);
          said = error.what();
        }
        CHECK_THAT(said, Contains("No package was installed"));
      }
      CHECK_THAT(said, Contains("apt would install packages of a later release: " + package) &&
                           Contains("name bookworm only"));
      CHECK_FALSE(box.host.packages.installed.contains("nsd"));
      CHECK_FALSE(box.host.exists("/etc/more"));
      CHECK_FALSE(box.host.exists("/etc/mailinabox.conf"));
    }
  };
  SECTION("with the C library") {
    box.host.packages.also.brought = {{"nsd", "4.12.0-1"}, {"libc6", "2.41-12+deb13u1"}};
    refused("libc6 2.41-12+deb13u1");
  }
  SECTION("on a machine that had none") {
    box.host.packages.installed.clear();
    box.host.packages.also.brought = {{"dovecot-core", "1:2.4.1+dfsg1-6"}};
    refused("dovecot-core 1:2.4.1+dfsg1-6");
  }
  SECTION("what the machine has of it by its administrator's will stays so") {
    box.host.packages.installed["libc6"] = "2.41-12";
    box.host.packages.also.brought = {{"nsd", "4.12.0-1"}, {"libc6", "2.41-12+deb13u1"}};
    CHECK(box.run_json({"setup"})["result"] == "ok");
  }
  SECTION("its own are installed") {
    box.host.packages.also.brought = {{"nsd", "4.6.1-1"}, {"libc6", "2.36-9+deb12u13"}};
    CHECK(box.run_json({"setup"})["result"] == "ok");
    CHECK(box.host.packages.installed.contains("nsd"));
  }
}

TEST_CASE("release: what follows from users and records brings no package of a later release either", "[cli]") {
  ReleaseBox box;
  box.set_up();
  box.host.put("/share/recipes/web.yaml",
               "recipe: web\nsummary: sites\nresources:\n  - package: nsd\n"
               "  - file: /etc/sites\n    content: \"{{#web_domains}}{{.}}\\n{{/web_domains}}\"\n");
  box.host.packages.also.brought = {{"nsd", "4.12.0-1"}, {"libc6", "2.41-12+deb13u1"}};
  try {
    static_cast<void>(box.run({"dns", "update"}));
    FAIL("nsd was installed");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::unsuitable);
    CHECK_THAT(error.what(), Contains("later release: libc6 2.41-12+deb13u1"));
  }
  CHECK_FALSE(box.host.packages.installed.contains("nsd"));
}

TEST_CASE("release: a plan says that setup finishes what dpkg was cut off in", "[cli]") {
  ReleaseBox box;
  CHECK_THAT(box.warnings("plan"), !Contains("dpkg"));
  box.host.packages.is_interrupted = true;
  CHECK_THAT(box.warnings("plan"), Contains("Setup finishes it first"));
}

namespace {

// Two releases, which a recipe tells apart in three ways.
struct MovingBox : ReleaseBox {
  MovingBox() {
    host.put("/share/recipes/platforms/debian-12.yaml", std::string(k_release_12) + "port: \"25\"\nunit: \"\"\n");
    host.put("/share/recipes/platforms/debian-13.yaml", "port: \"2525\"\nunit: \"yes\"\n");
    host.put("/share/recipes/mail.yaml",
             "recipe: mail\nsummary: mail\nvariables: {greeting: hello}\nresources:\n"
             "  - file: /etc/port\n    content: \"{{platform.port}}\\n\"\n"
             "  - file: /etc/unit\n    content: \"x\"\n    when: platform.unit\n"
             "  - file: /etc/greeting\n    content: \"{{mail.greeting}}\"\n");
    set_up();
  }
  void move() {
    host.put("/etc/os-release", "ID=debian\nVERSION_ID=\"13\"\n");
    host.packages.installed.clear();
  }
  static Json change(const Json& result, const std::string& id) {
    for (const Json& change : result.at("changes")) {
      if (change.at("id") == id) return change;
    }
    return {};
  }
};

constexpr const char* k_moved = "This machine was Debian 12 when it was last set up; now it is Debian 13.";

}  // namespace

TEST_CASE("release: the first setup after an upgrade says so, and which changes stem from it", "[cli]") {
  MovingBox box;
  CHECK_FALSE(box.run_json({"plan"}).contains("moved"));
  box.move();
  box.host.put("/etc/greeting", "changed by somebody");
  const Json plan = box.run_json({"plan"});
  CHECK(plan["moved"] == Json({{"from", "debian-12"}, {"to", "debian-13"}}));
  CHECK_THAT(box.errors.str(), Contains(k_moved));
  CHECK(MovingBox::change(plan, "file:/etc/port")["new_release"] == "Debian 13");
  CHECK(MovingBox::change(plan, "file:/etc/unit")["new_release"] == "Debian 13");
  CHECK_FALSE(MovingBox::change(plan, "file:/etc/greeting").contains("new_release"));
  CHECK(box.run({"plan"}) == ExitCode::changes);
  CHECK_THAT(box.output.str(), Contains("file:/etc/port  (Debian 13)\n") && Contains("file:/etc/greeting\n"));

  const Json done = box.run_json({"setup"});
  CHECK_THAT(box.errors.str(), Contains(k_moved));
  CHECK(done["result"] == "ok");
  CHECK(done["moved"]["from"] == "debian-12");
  CHECK(MovingBox::change(done, "file:/etc/port")["new_release"] == "Debian 13");
  CHECK(box.host.content("/etc/port") == "2525\n");

  for (const char* command : {"plan", "setup"}) {
    const Json again = box.run_json({command});
    CHECK_FALSE(again.contains("moved"));
    CHECK(again["changes"].empty());
  }
}

TEST_CASE("release: a setup that fails has not moved the box yet", "[cli]") {
  MovingBox box;
  box.move();
  box.host.erase("/etc/unit");
  box.host.put_directory("/etc/unit/in the way");
  CHECK(box.run_json({"setup"})["result"] == "failed");
  CHECK(box.run_json({"plan"}).contains("moved"));
  box.host.erase("/etc/unit");
  CHECK(box.run_json({"setup"})["result"] == "ok");
  CHECK_FALSE(box.run_json({"plan"}).contains("moved"));
}

TEST_CASE("release: no rollback leads to files of another release", "[cli]") {
  MovingBox box;
  box.host.put("/local/mail.yaml", "recipe: mail\nvariables: {greeting: first}\n");
  const auto before_move = box.run_json({"setup"})["generation"].get<std::int64_t>();
  box.move();
  const auto moved_with = box.run_json({"setup"})["generation"].get<std::int64_t>();
  box.host.put("/local/mail.yaml", "recipe: mail\nvariables: {greeting: second}\n");
  const auto after_move = box.run_json({"setup"})["generation"].get<std::int64_t>();
  REQUIRE(after_move == moved_with + 1);
  for (const std::int64_t generation : {before_move, moved_with}) {
    box.host.clear_log();
    try {
      static_cast<void>(box.run({"rollback", std::to_string(generation), "--yes"}));
      FAIL("it went back to before generation " << generation);
    } catch (const Error& error) {
      CHECK_THAT(error.what(), Contains("this machine was Debian 12, and now it is Debian 13") &&
                                   Contains("before generation " + std::to_string(after_move) + " at the most"));
    }
    CHECK(box.host.content("/etc/port") == "2525\n");
    CHECK(box.host.content("/etc/greeting") == "second");
  }
  CHECK(box.run({"rollback", std::to_string(after_move), "--yes"}) == ExitCode::ok);
  CHECK(box.host.content("/etc/greeting") == "first");
  CHECK(box.host.content("/etc/port") == "2525\n");
}

TEST_CASE("release: a recipe of the administrator's that fits no longer is said at once", "[cli]") {
  MovingBox box;
  box.host.put("/local/own.yaml", "recipe: own\nresources:\n  - file: /etc/own\n    content: \"{{platform.gone}}\"\n");
  box.host.put("/share/recipes/platforms/debian-12.yaml",
               std::string(k_release_12) + "port: \"25\"\nunit: \"\"\ngone: \"1\"\n");
  CHECK(box.run_json({"setup"})["result"] == "ok");
  box.move();
  box.host.clear_log();
  for (const char* command : {"plan", "setup"}) {
    CHECK_THROWS_WITH(box.run({command}), Contains("/local/own.yaml:4:") && Contains("platform.gone"));
  }
  CHECK(box.host.touched().empty());
}

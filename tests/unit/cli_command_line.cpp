#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.hpp"
#include "cli/command_line.hpp"
#include "cli/libraries.hpp"
#include "cli/report_output.hpp"
#include "operations/context.hpp"
#include "operations/suitability.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

ExitCode run(TestCommandLine& line, std::vector<std::string> words) {
  line.output.str("");
  line.errors.str("");
  return run_command_line(line.box, line.console, std::move(words));
}

// A machine on which setup has been, as far as the directory goes.
void make_box(TestCommandLine& line) {
  line.host.put("/etc/mailinabox.conf", "STORAGE_ROOT=/home/user-data\nPRIMARY_HOSTNAME=box.example.com\n");
  line.host.put_directory("/home/user-data");
  line.host.put_directory("/home/user-data/mail");
  Database(line.host.real("/home/user-data/mail/users.sqlite"), Database::Access::create)
      .execute(
          "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT, extra, privileges TEXT, "
          "quota TEXT); CREATE TABLE aliases (id INTEGER PRIMARY KEY, source TEXT UNIQUE, destination TEXT, "
          "permitted_senders TEXT); CREATE TABLE auto_aliases (id INTEGER PRIMARY KEY, source TEXT UNIQUE, "
          "destination TEXT, permitted_senders TEXT)");
}

}  // namespace

TEST_CASE("command line: the version, and on request the libraries", "[cli]") {
  TestCommandLine line;
  CHECK(run(line, {"help", "user", "add"}) == ExitCode::ok);
  CHECK_THAT(line.output.str(), Contains("EMAIL"));
  CHECK(run(line, {"help"}) == ExitCode::ok);
  CHECK(run(line, {"--version"}) == ExitCode::ok);
  CHECK(line.output.str() == "mailinabox " MAILINABOX_VERSION "\n");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--version", "--verbose"}, {"--verbose", "--version"}}) {
    CHECK(run(line, words) == ExitCode::ok);
    CHECK_THAT(line.output.str(), StartsWith("mailinabox " MAILINABOX_VERSION "\n"));
    for (const Library& library : libraries()) {
      CHECK_THAT(library.version, !Contains("unknown"));
      CHECK_THAT(line.output.str(), Contains(std::string("\n  ") + library.name + " ") && Contains(library.version));
    }
  }
  CHECK(std::is_sorted(libraries().begin(), libraries().end(),
                       [](const Library& a, const Library& b) { return std::string(a.name) < b.name; }));
  CHECK(run(line, {"plan", "--verbose"}) == ExitCode::usage);
}

TEST_CASE("command line: a self-test says each step, and fails with the one that fails", "[cli]") {
  TestCommandLine line;
  std::string asked;
  std::vector<SelfTestStep> steps{{"YAML", "read", ""}, {"SQLite", "3.40.1", ""}};
  line.console.self_test = [&](const SelfTestOptions& options) {
    asked = options.url + " " + options.authority;
    return steps;
  };
  CHECK(run(line, {"selftest", "--url", "https://localhost/", "--authority", "/ca.pem"}) == ExitCode::ok);
  CHECK(asked == "https://localhost/ /ca.pem");
  CHECK(line.output.str() == "YAML           read\nSQLite         3.40.1\n");
  steps[0].error = "a list was not read as one";
  CHECK(run(line, {"selftest"}) == ExitCode::failed);
  CHECK(line.output.str() == "YAML           FAILED\nSQLite         3.40.1\n");
  CHECK_THAT(line.errors.str(), Contains("YAML: a list was not read as one"));
}

TEST_CASE("command line: what is misspelt is named with the nearest spelling", "[cli]") {
  TestCommandLine line;
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {{{"setpu"}, "\"setup\""},
                                                                               {{"plan", "--dif"}, "--diff"},
                                                                               {{"setup", "--nowait"}, "--no-wait"},
                                                                               {{"recipes", "lits"}, "list"},
                                                                               {{"user", "ad", "x@example.com"}, "add"},
                                                                               {{"--share", "/x", "plna"}, "\"plan\""},
                                                                               {{"user"}, "needs one of: list"},
                                                                               {{"--jsn"}, "--json"}};
  for (const auto& [words, nearest] : cases) {
    CAPTURE(words);
    CHECK(run(line, words) == ExitCode::usage);
    CHECK_THAT(line.errors.str(), StartsWith("mailinabox: ") && Contains(nearest));
    CHECK(line.output.str().empty());
  }
  CHECK(run(line, {"user", "add"}) == ExitCode::usage);
  CHECK_THAT(line.errors.str(), Contains("EMAIL"));
  CHECK(run(line, {""}) == ExitCode::usage);
}

TEST_CASE("command line: every command has help with exit codes, and a file of its own", "[cli]") {
  TestCommandLine line;
  std::set<std::string> files;
  for (const CliCommand& command : all_commands()) {
    CAPTURE(command.name);
    std::vector<std::string> words = {command.name.substr(0, command.name.find(' '))};
    std::string file = words.front();
    std::replace(file.begin(), file.end(), '-', '_');
    files.insert(file);
    if (words.front() != command.name) words.push_back(command.name.substr(words.front().size() + 1));
    words.emplace_back("--help");
    CHECK(run(line, words) == ExitCode::ok);
    CHECK_THAT(line.output.str(), Contains(command.summary) && Contains("Exit codes:") && Contains("Examples:"));
    for (const char* always : {"\n  0   ", "\n  3   ", "\n  5   ", "\n  64  "})
      CHECK_THAT(line.output.str(), Contains(always));
    CHECK((line.output.str().find("--no-wait ") != std::string::npos) ==
          (line.output.str().find("\n  4   another run") != std::string::npos));
    CHECK_FALSE(command.summary.empty());
    CHECK(command.run);
  }
  for (const std::string& name : files) {
    CHECK(std::filesystem::exists(std::string(SOURCE_ROOT) + "/src/cli/" + name + ".cpp"));
  }
  // And no file of commands without its line.
  for (const auto& entry : std::filesystem::directory_iterator(std::string(SOURCE_ROOT) + "/src/cli")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream stream(entry.path());
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const std::string name = entry.path().stem().string();
    if (text.find("> " + name + "_commands() {") != std::string::npos) CHECK(files.count(name) == 1);
  }
  CHECK(run(line, {"--version"}) == ExitCode::ok);
  CHECK_THAT(line.output.str(), StartsWith("mailinabox "));
}

TEST_CASE("command line: users and aliases", "[cli]") {
  TestCommandLine line;
  CHECK_THROWS_WITH(run(line, {"user", "list"}), Contains("Run `sudo mailinabox setup` first"));
  make_box(line);
  line.input.str("correct horse\nnot this\n");
  CHECK(run(line, {"user", "add", "me@example.com", "--admin", "--password-stdin"}) == ExitCode::ok);
  CHECK(line.output.str() == "mail user added\n");
  CHECK(Directory(line.host.real("/home/user-data/mail/users.sqlite"), "box.example.com", Directory::Access::look)
            .authenticates("me@example.com", Secret("correct horse")));
  line.input.clear();
  line.input.str("another password");
  CHECK(run(line, {"user", "add", "you@example.com", "--quota", "5g"}) == ExitCode::ok);  // no terminal: from input
  CHECK(run(line, {"user", "list"}) == ExitCode::ok);
  CHECK(line.output.str() == "me@example.com*\nyou@example.com\n");
  CHECK(run(line, {"user", "list", "--json"}) == ExitCode::ok);
  CHECK(nlohmann::json::parse(line.output.str())["users"][1] ==
        nlohmann::json({{"email", "you@example.com"}, {"privileges", nlohmann::json::array()}, {"quota", "5G"}}));
  CHECK(run(line, {"user", "quota", "you@example.com", "1M"}) == ExitCode::ok);
  CHECK(run(line, {"user", "quota", "you@example.com"}) == ExitCode::ok);
  CHECK(line.output.str() == "1M\n");
  CHECK_THROWS_WITH(run(line, {"user", "quota", "x@example.com"}), "That's not a user (x@example.com).");

  CHECK(run(line, {"alias", "add", "sales@example.com", "me@example.com", "you@example.com"}) == ExitCode::ok);
  CHECK(run(line, {"alias", "add", "sales@example.com", "me@example.com", "--sender", "you@example.com", "--update"}) ==
        ExitCode::ok);
  CHECK(line.output.str() == "alias updated\n");
  CHECK(run(line, {"alias", "list"}) == ExitCode::ok);
  CHECK_THAT(line.output.str(), Contains("sales@example.com -> me@example.com  (senders: you@example.com)\n") &&
                                    Contains("postmaster@example.com -> administrator@box.example.com  (automatic)\n"));
  CHECK(run(line, {"alias", "remove", "sales@example.com"}) == ExitCode::ok);
  CHECK(run(line, {"user", "make-admin", "you@example.com"}) == ExitCode::ok);
  CHECK(run(line, {"user", "remove", "me@example.com"}) == ExitCode::ok);
  CHECK(line.output.str() == "mail user removed\n");
  line.box.root = false;
  try {
    run(line, {"user", "list"});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::unsuitable);
  }
}

TEST_CASE("command line: bytes in the database that are not UTF-8 are shown as replacement characters", "[cli]") {
  TestCommandLine line;
  make_box(line);
  Database(line.host.real("/home/user-data/mail/users.sqlite"), Database::Access::read_write)
      .execute(
          "INSERT INTO users (email, password, privileges, quota) VALUES (CAST(x'e440612e7465' AS TEXT), 'x',"
          " CAST(x'e4' AS TEXT), CAST(x'e4' AS TEXT)); INSERT INTO aliases (source, destination, permitted_senders)"
          " VALUES (CAST(x'e440612e7465' AS TEXT), CAST(x'e440612e7465' AS TEXT), CAST(x'e4' AS TEXT))");
  const std::string shown = "\uFFFD@a.te";
  CHECK(run(line, {"user", "list", "--json"}) == ExitCode::ok);
  CHECK(nlohmann::json::parse(line.output.str())["users"][0]["email"] == shown);
  CHECK(run(line, {"alias", "list", "--json"}) == ExitCode::ok);
  const auto aliases = nlohmann::json::parse(line.output.str())["aliases"];
  CHECK(std::any_of(aliases.begin(), aliases.end(), [&](const auto& alias) {
    return alias["address"] == shown && alias["forwards_to"][0] == shown && alias["permitted_senders"][0] == "\uFFFD";
  }));
}

TEST_CASE("command line: a password is typed twice, unseen", "[cli]") {
  TestCommandLine line;
  make_box(line);
  line.person.here = true;
  line.person.types = {"short", "correct horse", "corect horse", "correct horse", "correct horse"};
  CHECK(run(line, {"user", "add", "me@example.com"}) == ExitCode::ok);
  CHECK_THAT(line.person.heard, Contains("at least eight") && Contains("differ") && !Contains("horse"));
  CHECK_THROWS_WITH(run(line, {"user", "password", "me@example.com"}), Contains("Cancelled"));
}

TEST_CASE("command line: machines that cannot be a box", "[cli]") {
  TestCommandLine line;
  const auto refused = [&](ExitCode code, const std::string& words) {
    try {
      require_suitable(line.box);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == code);
      CHECK_THAT(error.what(), Contains(words));
    }
  };
  line.box.sources.recipes = "/recipes";
  line.host.put("/recipes/platforms/debian-12.yaml", "{}\n");
  line.host.put("/etc/os-release", "ID=gentoo\nVERSION_ID=\"99\"\n");
  line.host.put("/proc/meminfo", "MemTotal: 400000 kB\n");
  line.box.root = false;
  refused(ExitCode::unsuitable, "root");
  line.box.root = true;
  refused(ExitCode::unsuitable, "Gentoo 99");
  refused(ExitCode::unsuitable, "Debian 12");
  line.host.put("/etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nVERSION_CODENAME=forky\n");
  refused(ExitCode::unsuitable, "This machine runs Debian GNU/Linux forky/sid");
  line.host.put("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
  line.host.put("/var/lib/dpkg/arch", "i386\n");
  refused(ExitCode::unsuitable, "architecture is i386");
  refused(ExitCode::unsuitable, "amd64 and arm64");
  line.host.put("/var/lib/dpkg/arch", "amd64\n");
  refused(ExitCode::unsuitable, "400 MB of memory");
  line.host.put("/proc/meminfo", "MemTotal: 700000 kB\n");
  line.host.files.free_bytes_answer = 999'000'000;
  refused(ExitCode::no_space, "999 MB free");
  line.host.files.free_bytes_answer = 2'000'000'000;
  const auto warnings = require_suitable(line.box);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings.front(), Contains("700 MB"));
  CHECK(require_platform(line.box) == "debian-12");
  line.host.put("/etc/mailinabox.conf", "");
  line.host.files.free_bytes_answer = 500'000'000;
  CHECK(require_suitable(line.box).size() == 1);  // a repair needs less
}

TEST_CASE("command line: reports for programs and for people", "[cli]") {
  Report report;
  report.outcomes = {{.id = {"file", "/etc/a"}, .recipe = "system", .status = Status::changed, .local = true},
                     {.id = {"file", "/etc/b"}, .recipe = "system", .status = Status::in_sync},
                     {.id = {"file", "/etc/c"}, .recipe = "web", .status = Status::failed, .error = "no \xff space"}};
  report.outcomes[0].changes = {{.attribute = "mode", .before = "0644", .after = "0600"}};
  report.reloaded = {"nginx", "nsd"};
  report.left_over = {"nsd"};
  report.generation = 3;
  report.elapsed = std::chrono::milliseconds(1234);
  const auto json = report_json(report, true);
  CHECK(json["result"] == "failed");
  CHECK(json["changed"] == 1);
  CHECK(json["unchanged"] == 1);
  CHECK(json["failed"] == 1);
  CHECK(json["generation"] == 3);
  CHECK(json["elapsed_ms"] == 1234);
  REQUIRE(json["changes"].size() == 2);
  CHECK(json["changes"][0]["id"] == "file:/etc/a");
  CHECK(json["changes"][0]["local"] == true);
  CHECK_THAT(json["changes"][0]["diff"].get<std::string>(), Contains("0600"));
  CHECK_FALSE(report_json(report, false)["changes"][0].contains("diff"));
  CHECK_THAT(json_text(json), Contains("no \xEF\xBF\xBD space"));  // bytes that are not UTF-8
  CHECK_THAT(failures_text(report), Contains("file:/etc/c") && Contains("sudo mailinabox"));
  CHECK(json["left_over"] == std::vector<std::string>{"nsd"});
  report.outcomes = {{.id = {"file", "/etc/b"}, .recipe = "system"}};
  CHECK(plan_text(report, false) ==
        "Would reload: nginx\nWould reload: nsd, left by a run that was cut off or failed\n");
  report.reloaded.clear();
  CHECK(summary_text(report) ==
        "The answers were stored; the one resource is up to date (1.2 s).\nRecorded as generation 3.\n");
  report.generation.reset();
  CHECK_THAT(summary_text(report), StartsWith("Nothing to do: the one resource is up to date"));
  CHECK(report_json(report, false)["result"] == "ok");
  CHECK(report_json({}, false)["generation"].is_null());
  CHECK(report_json(report, false)["removed_packages"].is_array());
  CHECK_FALSE(report_json(report, false).contains("removed_packages_unknown"));
  report.packages.unknown = "the package indexes are not up to date";
  const Report both = together(report, {});
  CHECK(report_json(both, false)["removed_packages"].is_null());
  CHECK(report_json(both, false)["removed_packages_unknown"] == "the package indexes are not up to date");
  CHECK(duration_text(std::chrono::milliseconds(52)) == "0.05 s");
  CHECK(duration_text(std::chrono::milliseconds(75'000)) == "75 s");
  CHECK(duration_text(std::chrono::milliseconds(200'000)) == "3 min 20 s");
}

#include "engine/journaling_files.hpp"
#include "support/catch.hpp"
#include "support/engine_fakes.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::string k_journal = k_state_directory + "/journal/journal.jsonl";
const ResourceId k_file{"file", "/etc/x"};
const ResourceId k_service{"service", "s"};

std::unique_ptr<Journal> open_journal(TestHost& host) {
  return std::make_unique<Journal>(host.files, host.clock, k_state_directory, "0.1.0");
}

TEST_CASE("what is announced is on the disk, privately, after one append", "[engine][journal]") {
  TestHost host;
  host.put("/etc/x", "old secret\n", 0640, 33, 8);
  const auto journal = open_journal(host);
  journal->begin("setup");
  host.clear_log();
  journal->change(k_file, "r", Action::update, {k_service}, {});
  journal->owe({k_service, {k_file, {"content"}}});
  journal->keep("/etc/x");
  journal->keep("/etc/x");
  CHECK(host.content(k_journal).find("/etc/x") == std::string::npos);
  journal->sync();
  journal->sync();
  std::size_t appends = 0;
  for (const std::string& line : host.touched()) appends += line == "append " + k_journal ? 1U : 0U;
  CHECK(appends == 1);
  const JournalRecords records = read_journal(host.content(k_journal));
  CHECK(records.damage.empty());
  CHECK(records.command == "setup");
  CHECK(records.started == "2026-11-23T08:00:00Z");
  REQUIRE(records.paths.size() == 1);
  CHECK(records.paths[0].info.mode == 0640);
  CHECK(records.paths[0].info.uid == 33);
  CHECK(records.owed.size() == 1);
  CHECK(host.content(k_journal).find("secret") == std::string::npos);
  const std::string kept = k_state_directory + "/journal/content/" + records.paths[0].content.value();
  CHECK(host.content(kept) == "old secret\n");
  CHECK(records.paths[0].content == "7de652cd4cb3041a13f4e926de6255d8beb3303cfa4df47925a13588ba9a85d7");
  CHECK(host.info(kept).mode == 0600);
  CHECK(host.info(k_journal).mode == 0600);
  CHECK(host.info(k_state_directory).mode == 0700);
}

TEST_CASE("of keys and databases only owner and mode are recorded", "[engine][journal]") {
  TestHost host;
  for (const char* path : {"/srv/a.sqlite", "/srv/keys/one", "/etc/x"}) host.put(path, path, 0644);
  const auto journal = open_journal(host);
  journal->begin("setup");
  journal->change({"database", "/srv/a.sqlite"}, "r", Action::update, {}, {.data = {"/srv/a.sqlite", "/srv/keys/"}});
  JournalingFileSystem files(host.files, *journal);
  files.set_attributes("/srv/a.sqlite", {0600, 0, 0});
  files.write("/srv/keys/one", "another key", {0600, 0, 0});
  files.write("/etc/x", "new", {0600, 0, 0});
  const std::string contents = k_state_directory + "/journal/content";
  CHECK(host.files.list(contents) == std::vector<std::string>{content_digest("/etc/x")});
  CHECK(read_journal(host.content(k_journal)).paths.size() == 3);
  // The way back within a run.
  CHECK(journal->restore({"/srv/a.sqlite", "/srv/keys/one", "/etc/x"}).empty());
  CHECK(host.content("/srv/a.sqlite") == "/srv/a.sqlite");
  CHECK(host.info("/srv/a.sqlite").mode == 0644);
  CHECK(host.content("/srv/keys/one") == "another key");
  CHECK(host.content("/etc/x") == "/etc/x");
}

TEST_CASE("a run that changed something becomes the next generation", "[engine][journal]") {
  TestHost host;
  for (std::int64_t number = 1; number <= 11; ++number) {
    const auto journal = open_journal(host);
    journal->begin("setup");
    journal->change(k_file, "r", Action::update, {}, {});
    journal->done(k_file);
    CHECK(journal->end(true, 1) == number);
  }
  CHECK(host.exists(k_state_directory + "/generations/11/journal.jsonl"));
  CHECK_FALSE(host.exists(k_state_directory + "/journal"));
  const auto journal = open_journal(host);
  journal->begin("setup");
  CHECK_FALSE(journal->end(true, 0));
  CHECK_FALSE(host.exists(k_state_directory + "/journal"));
}

TEST_CASE("a failed run that left a path changed keeps its old content", "[engine][journal]") {
  TestHost host;
  host.put("/etc/x", "old");
  const auto journal = open_journal(host);
  journal->begin("setup");
  journal->keep("/etc/x");
  CHECK(journal->end(false, 0) == 1);
}

TEST_CASE("what is owed outlives the run, and is gone once settled", "[engine][journal]") {
  TestHost host;
  const OwedNotice notice{k_service, {k_file, {"content", "mode"}}};
  {
    const auto journal = open_journal(host);
    journal->begin("setup");
    journal->owe(notice);
    journal->owe({{"service", "t"}, {k_file, {}}});
    journal->settle({"service", "t"});
    CHECK_FALSE(journal->end(true, 0));
  }
  CHECK(open_journal(host)->owed() == OwedNotices{notice});
  const auto journal = open_journal(host);
  journal->begin("setup");
  CHECK(journal->owed() == OwedNotices{notice});
  journal->settle(k_service);
  static_cast<void>(journal->end(true, 0));
  CHECK(open_journal(host)->owed().empty());
  CHECK_FALSE(host.exists(k_state_directory + "/owed.jsonl"));
}

TEST_CASE("a run that was cut off is closed by the next one, and owes on", "[engine][journal]") {
  TestHost host;
  host.put("/etc/x", "old");
  {
    const auto journal = open_journal(host);
    journal->begin("setup");
    journal->change(k_file, "r", Action::update, {k_service}, {});
    journal->owe({k_service, {k_file, {"content"}}});
    journal->keep("/etc/x");
    journal->sync();
  }
  // The line that was being written when the power went.
  host.files.append(k_journal, R"({"type":"owe","target":"service:)", {0600, 0, 0});
  const auto journal = open_journal(host);
  CHECK(journal->notes().size() == 1);
  CHECK(journal->owed().size() == 1);
  journal->begin("setup");
  CHECK(journal->notes().empty());
  CHECK(host.exists(k_state_directory + "/generations/1/journal.jsonl"));
  CHECK(read_journal(host.content(k_journal)).owed.size() == 1);
  CHECK_FALSE(journal->end(true, 0));
  CHECK(open_journal(host)->owed().size() == 1);
}

TEST_CASE("a run that was killed while it was closing is closed by one that has nothing to change",
          "[engine][journal]") {
  TestHost host;
  const std::string stopped = k_state_directory + "/stopped";
  {
    const auto journal = open_journal(host);
    journal->begin("setup");
    journal->change(k_file, "r", Action::update, {k_service}, {});
    journal->owe({k_service, {k_file, {"content"}}});
    journal->keep("/etc/x");
    journal->sync();
    host.put(stopped, host.content(k_journal) + journal_line::end(false, 1));
    CHECK(journal->end(false, 1) == 1);
  }
  // As it stands between the last line and the rename.
  host.files.remove(k_state_directory + "/generations/1", true);
  host.files.make_directory(k_state_directory + "/journal", {0700, 0, 0});
  host.files.rename(stopped, k_journal);
  open_journal(host)->close_earlier();
  CHECK(host.exists(k_state_directory + "/generations/1/journal.jsonl"));
  CHECK_FALSE(host.exists(k_state_directory + "/journal"));
  CHECK(open_journal(host)->owed().size() == 1);
}

TEST_CASE("a damaged journal is named and set aside", "[engine][journal]") {
  TestHost host;
  const std::string good = journal_line::begin("0.1.0", "2026-11-23T08:00:00Z", "setup") +
                           journal_line::owe({k_service, {k_file, {"content"}}});
  std::string text;
  SECTION("garbage") { text = good + "\x01\xff garbage\n" + journal_line::done(k_file); }
  SECTION("a record of another type") { text = good + R"({"type":"surprise"})" + "\n"; }
  SECTION("a path without its mode") {
    text = good + R"({"type":"path","path":"/etc/x","was":"regular"})" + "\n" + journal_line::done(k_file);
  }
  SECTION("a list") { text = good + "[1]\n" + journal_line::done(k_file); }
  SECTION("from a newer version") {
    text = R"({"type":"begin","format":99,"version":"9.0","started":"","command":"x","pid":1})" + std::string("\n") +
           journal_line::owe({k_service, {k_file, {"content"}}});
  }
  host.put(k_journal, text, 0600);
  const auto journal = open_journal(host);
  REQUIRE(journal->notes().size() == 1);
  CHECK_THAT(journal->notes()[0], Contains("damaged (line "));
  CHECK(journal->owed().size() == 1);
  journal->begin("setup");
  CHECK(host.content(k_state_directory + "/journal.damaged-1/journal.jsonl") == text);
  CHECK_FALSE(host.exists(k_state_directory + "/generations/1"));
}

TEST_CASE("no text makes the reader of journals fail", "[engine][journal]") {
  const std::string good = journal_line::begin("0.1.0", "2026-11-23T08:00:00Z", "setup") +
                           journal_line::path({.path = "/etc/x", .info = {}}, {}) +
                           journal_line::owe({k_service, {k_file, {"content"}}}) + journal_line::end(true, 1);
  for (std::size_t length = 0; length <= good.size(); ++length) {
    CHECK(read_journal(good.substr(0, length)).damage.empty());
  }
  for (std::size_t position = 0; position < good.size(); ++position) {
    std::string changed = good;
    changed[position] = '\xfe';
    CHECK_NOTHROW(read_journal(changed));
  }
}

TEST_CASE("paths go back to what they were", "[engine][journal]") {
  TestHost host;
  host.put_directory("/etc/d", 0750, 8, 8);
  host.put("/etc/d/file", "old", 04711, 33, 33);
  host.put_symlink("/etc/link", "target");
  host.put("/etc/becomes-directory", "file");
  host.put("/etc/removed/deep/file", "deep");
  const auto before = host.snapshot();
  const auto journal = open_journal(host);
  journal->begin("setup");
  std::vector<std::string> changed;
  JournalingFileSystem files(host.files, *journal);
  const JournalingFileSystem::Watch watch(files, {"file", "/etc/x"}, changed);
  files.set_attributes("/etc/d", {0777, 0, 0});
  files.write("/etc/d/file", "new", {0600, 0, 0});
  files.write("/etc/d/file", "newer", {0600, 0, 0});
  files.make_symlink("/etc/link", "elsewhere");
  files.remove("/etc/becomes-directory");
  files.make_directory("/etc/becomes-directory", {0755, 0, 0});
  files.write("/etc/becomes-directory/file", "x", {0644, 0, 0});
  files.make_directory("/etc/new", {0755, 0, 0});
  files.make_directory("/etc/new/sub", {0755, 0, 0});
  files.write("/etc/new/sub/file", "x", {0644, 0, 0});
  files.remove("/etc/removed", true);
  files.make_directory("/etc/unpacked.new", {0755, 0, 0});
  host.put("/etc/unpacked.new/by-tar", "x");  // not through us
  files.rename("/etc/unpacked.new", "/etc/unpacked");
  CHECK(journal->restore(changed).empty());
  auto after = host.snapshot();
  std::erase_if(after, [](const auto& line) { return line.first.find("/var/lib") == 0; });
  auto expected = before;
  std::erase_if(expected, [](const auto& line) { return line.first.find("/var/lib") == 0; });
  CHECK(after == expected);
  CHECK_FALSE(journal->end(false, 0));
}

TEST_CASE("paths that are not UTF-8 are read back byte by byte", "[engine][journal]") {
  const std::string path = "/srv/caf\xe9";
  const KeptPath link{.path = path, .info = {.kind = FileKind::symlink, .mode = 0777}, .target = "\xff"};
  const JournalRecords records = read_journal(journal_line::path(link, {}) + journal_line::restore(path));
  CHECK(records.damage.empty());
  REQUIRE(records.paths.size() == 1);
  CHECK(records.paths[0].path == path);
  CHECK(records.paths[0].target == "\xff");
  CHECK(records.restored == std::set<std::string>{path});
  CHECK_FALSE(read_journal("{\"type\":\"restore\",\"path\":{\"base64\":\"!\"}}\n").damage.empty());
}

TEST_CASE("a path is watched only as long as its watch lives", "[engine][journal]") {
  TestHost host;
  const auto journal = open_journal(host);
  journal->begin("setup");
  JournalingFileSystem files(host.files, *journal);
  std::vector<std::string> changed;
  try {
    const JournalingFileSystem::Watch watch(files, {"file", "/etc/x"}, changed);
    files.write("/etc/x", "1", {0644, 0, 0});
    throw Error("as a resource would");
  } catch (const Error&) {
    files.write("/etc/y", "1", {0644, 0, 0});
  }
  CHECK(changed == std::vector<std::string>{"/etc/x"});
}

TEST_CASE("a new directory that somebody else has filled stays", "[engine][journal]") {
  TestHost host;
  const auto journal = open_journal(host);
  journal->begin("setup");
  JournalingFileSystem files(host.files, *journal);
  files.make_directory("/home/mail", {0755, 0, 0});
  host.put("/home/mail/letter", "dear");
  const auto problems = journal->restore({"/home/mail"});
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Contains("/home/mail could not be put back"));
  CHECK(host.content("/home/mail/letter") == "dear");
}

TEST_CASE("a state directory that others may read stays readable, the journal does not", "[engine][journal]") {
  TestHost host;
  host.put_directory(k_state_directory, 0755);
  host.put_directory(k_state_directory + "/generations", 0755);
  open_journal(host)->begin("setup");
  CHECK(host.info(k_state_directory).mode == 0755);
  CHECK(host.info(k_state_directory + "/generations").mode == 0700);
  CHECK(host.info(k_state_directory + "/journal").mode == 0700);
  CHECK(host.info(k_state_directory + "/journal/content").mode == 0700);
}

TEST_CASE("the journal's own directory is not kept", "[engine][journal]") {
  TestHost host;
  host.put(k_state_directory + "/downloads/archive", "x");
  const auto journal = open_journal(host);
  journal->begin("setup");
  journal->keep(k_state_directory + "/downloads/archive");
  CHECK_FALSE(journal->end(false, 0));
}

TEST_CASE("a large directory in which this run made files comes back without them", "[engine][journal]") {
  TestHost host;
  host.put("/opt/old/large", std::string(17U << 20U, 'x'));
  const auto journal = open_journal(host);
  journal->begin("setup");
  std::vector<std::string> changed;
  JournalingFileSystem files(host.files, *journal);
  const JournalingFileSystem::Watch watch(files, {"file", "/opt/old/made"}, changed);
  files.write("/opt/old/made", "x", {0644, 0, 0});
  files.remove("/opt/old", true);
  REQUIRE_FALSE(host.exists("/opt/old"));
  CHECK(journal->restore(changed).empty());
  CHECK(host.content("/opt/old/large").size() == 17U << 20U);
  CHECK_FALSE(host.exists("/opt/old/made"));
}

}  // namespace

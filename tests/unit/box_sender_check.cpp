#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "box/mail/sender_check.hpp"
#include "cli/command_line.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

std::string text_of_file(const std::string& path) {
  std::ifstream stream(std::string(SOURCE_ROOT) + path);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The file as the recipe writes it, from the golden catalog.
std::string shipped_table() {
  const std::string catalog = text_of_file("/tests/golden/catalog-debian-12.txt");
  const std::size_t begin = catalog.find("file:/etc/postfix/sender-login-maps.cf");
  REQUIRE(begin != std::string::npos);
  std::istringstream lines(catalog.substr(begin));
  std::string table;
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line) && line.substr(0, 2) == "  ";) {
    if (line.substr(0, 6) == "    | ") table += line.substr(6) + "\n";
  }
  return table;
}

class Senders {
 public:
  Senders() {
    char folder[] = "/tmp/sender-test-XXXXXX";
    REQUIRE(mkdtemp(folder) != nullptr);
    folder_ = folder;
    Database database(path(), Database::Access::create);
    database.execute(text_of_file("/templates/directory/users.sql"));
    database.execute(
        "INSERT INTO users (email, password) VALUES ('me@box.example', ''), ('boss@box.example', ''), "
        "('friend@box.example', '');"
        "INSERT INTO aliases (source, destination, permitted_senders) VALUES ('info@box.example', "
        "'me@box.example,friend@box.example', NULL), ('news@box.example', 'boss@box.example', "
        "'friend@box.example,me@box.example'), ('@all.example', 'me@box.example', NULL), ('@box.example.org', "
        "'@box.example', NULL), ('fwd@box.example', 'someone@example.org', NULL), ('me@xn--mller-kva.example', "
        "'me@box.example', NULL)");
  }
  ~Senders() { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/users.sqlite"; }
  SenderTable table() const {
    SenderTable table = parse_sender_table(shipped_table());
    CHECK(table.database == "/home/user-data/mail/users.sqlite");
    table.database = path();
    return table;
  }
  // What becomes of a message with these lines of From.
  std::string verdict(const std::vector<std::string>& from, const std::string& login = "me@box.example",
                      const std::string& sender = "me@box.example") {
    check.begin(login, sender);
    check.header("Subject", "From: boss@box.example");
    for (const std::string& value : from) check.header("From", value);
    return check.verdict();
  }

  bool broken = false;  // the table's file
  SenderCheck check{[this] { return broken ? throw Error("x.cf does not exist") : table(); }};

 private:
  std::string folder_;
};

const std::string k_unreadable = "550 5.7.1 The addresses in From cannot be read without doubt";

}  // namespace

TEST_CASE("sender check: From is judged as the envelope is", "[box]") {
  Senders senders;
  for (const char* address : {"me@box.example", "ME@Box.Example", "me+tag@box.example", "info@box.example",
                              "info+x@box.example", "news@box.example", "anything@all.example", "me@box.example.org",
                              "me+x@box.example.org", "info@box.example.org", "me@m\xc3\xbcller.example",
                              "Boss <me@box.example>", "info@box.example, news@box.example"}) {
    CAPTURE(address);
    CHECK(senders.verdict({address}).empty());
  }
  for (const char* address :
       {"boss@box.example", "boss+me@box.example", "boss@box.example.org", "fwd@box.example", "nobody@box.example",
        "someone@example.org", "me@example.org", "me@box.example, boss@box.example",
        "boss@box.example <me@box.example>", "\"' OR 1 --\" <x'or'1@box.example>"}) {
    CAPTURE(address);
    CHECK_THAT(senders.verdict({address}), StartsWith("550 5.7.1 From is "));
  }
  CHECK(senders.verdict({"Boss <boss@box.example>"}) ==
        "550 5.7.1 From is boss@box.example, as which me@box.example may not send: choose another sender, or have the "
        "administrator permit it (mailinabox alias add --help)");
  // To make it an alias would take its domain's mail away from it.
  CHECK(senders.verdict({"me@example.org"}) ==
        "550 5.7.1 From is me@example.org, as which me@box.example may not send: this box has no such address. Choose "
        "another sender");
  CHECK_THAT(senders.verdict({"M\xfcller <me@box.example>"}), StartsWith("550 5.7.1 From has bytes that are neither"));
  CHECK(senders.verdict({"M\xc3\xbcller\n <me@box.example>"}).empty());
  CHECK(senders.verdict({"news@box.example"}, "Friend@box.example").empty());
  CHECK_THAT(senders.verdict({"news@box.example"}, "boss@box.example"), StartsWith("550 5.7.1 From is news@"));
  CHECK_THAT(senders.verdict({"boss@box.example"}, "box.example"), StartsWith("550 "));
  CHECK_THAT(senders.verdict({"fwd@box.example"}, "me"), StartsWith("550 "));
}

TEST_CASE("sender check: one From header is expected", "[box]") {
  Senders senders;
  CHECK_THAT(senders.verdict({}), StartsWith("550 5.7.1 The message has no From header"));
  CHECK_THAT(senders.verdict({"me@box.example", "boss@box.example"}),
             StartsWith("550 5.7.1 The message has more than one From header"));
  CHECK_THAT(senders.verdict({"me@box.example", "me@box.example"}), Contains("more than one"));
  CHECK_THAT(senders.verdict({"<me@box.example> boss"}), StartsWith(k_unreadable));
  CHECK(senders.verdict({"me@box.example"}).empty());  // nothing of the messages before is left
  for (const char* name : {"from", "FROM", "From ", "From\t"}) {
    senders.check.begin("me@box.example", "");
    senders.check.header("From", "me@box.example");
    senders.check.header(name, "boss@box.example");
    CHECK_THAT(senders.check.verdict(), Contains("more than one"));
  }
  // Others say who has sent it for those in From, or passed it on.
  senders.check.begin("me@box.example", "");
  for (const char* name : {"Sender", "Resent-From", "Reply-To", "X-From"})
    senders.check.header(name, "boss@box.example");
  senders.check.header("From", "me@box.example");
  CHECK(senders.check.verdict().empty());
}

TEST_CASE("sender check: a carriage return within a line could hide a header", "[box]") {
  Senders senders;
  senders.check.begin("me@box.example", "");
  senders.check.header("From", "me@box.example");
  senders.check.header("Subject", "a\r\n b");
  CHECK(senders.check.verdict().empty());
  senders.check.begin("me@box.example", "");
  senders.check.header("From", "me@box.example");
  senders.check.header("Subject", "a\rFrom: boss@box.example");
  CHECK_THAT(senders.check.verdict(), StartsWith("550 5.7.1 A header has a carriage return"));
}

TEST_CASE("sender check: without a login there is nobody to compare with", "[box]") {
  Senders senders;
  for (const char* sender : {"", "www-data@box.example", "info@box.example", "someone@example.org", "me"}) {
    CHECK(senders.verdict({"boss@box.example"}, "", sender).empty());
    CHECK(senders.verdict({}, "", sender).empty());
  }
  CHECK_FALSE(senders.verdict({"boss@box.example"}).empty());
}

TEST_CASE("sender check: what a user's script makes comes from the user", "[box]") {
  Senders senders;
  for (const char* sender : {"me@box.example", "Me+tag@box.example"}) {
    CHECK(senders.verdict({"Info <info@box.example>"}, "", sender).empty());
    CHECK(
        senders.verdict({"boss@box.example"}, "", sender) ==
        "550 5.7.1 From is boss@box.example, as which me@box.example may not send: choose another sender, or have the "
        "administrator permit it (mailinabox alias add --help)");
  }
  // Passed on, which only the first headers can say.
  const auto redirected = [&](const std::vector<std::string>& names) {
    senders.check.begin("", "me@box.example");
    for (const std::string& name : names) senders.check.header(name, "boss@box.example");
    return senders.check.verdict();
  };
  CHECK(redirected({"X-Sieve", "X-Sieve-Redirected-From", "Received", "From"}).empty());
  CHECK_THAT(redirected({"X-Sieve", "From", "X-Sieve", "X-Sieve-Redirected-From"}), StartsWith("550 "));
  CHECK_THAT(redirected({"X-Sieve-Redirected-From", "X-Sieve", "From"}), StartsWith("550 "));
}

TEST_CASE("sender check: what cannot be looked up is put off, and tried again", "[box]") {
  Senders senders;
  senders.broken = true;
  CHECK(senders.verdict({"me@box.example"}) ==
        "451 4.3.0 Who may send as which address cannot be looked up now, try again later: x.cf does not exist");
  senders.broken = false;
  CHECK(senders.verdict({"me@box.example"}).empty());
  // A change of the database counts at once.
  Database(senders.path(), Database::Access::read_write).execute("DELETE FROM users WHERE email = 'me@box.example'");
  CHECK_THAT(senders.verdict({"me@box.example"}), StartsWith("550 "));
  Database(senders.path(), Database::Access::read_write).execute("DROP TABLE users");
  CHECK_THAT(senders.verdict({"me@box.example"}), StartsWith("451 4.3.0 ") && Contains("no such table: users"));
}

TEST_CASE("sender check: the table's file is read as Postfix reads it, or not at all", "[box]") {
  const SenderTable table = parse_sender_table(
      "# dbpath = /old\ndbpath =  /data/users.sqlite \n\nquery = SELECT '%s'\n  # not this\n\tWHERE '%s' LIKE '%%'\n");
  CHECK(table.database == "/data/users.sqlite");
  CHECK(table.query == "SELECT ?1 WHERE ?1 LIKE '%'");
  for (const char* text : {"", "dbpath = /x", "query = SELECT 1", "dbpath = /x\nquery = SELECT %s",
                           "dbpath = /x\nquery = SELECT '%u'", "dbpath = /x\nquery = SELECT '%s'\nresult_format = %u",
                           "dbpath = /x\nquery\n", "dbpath = /x\nquery = SELECT '%"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_sender_table(text), Error);
  }
}

TEST_CASE("sender check: the command speaks nothing but the protocol", "[cli]") {
  TestCommandLine line;
  const auto packet = [](const std::string& content) {
    return std::string(3, '\0') + static_cast<char>(content.size()) + content;
  };
  const std::string nul(1, '\0');
  const std::string message = packet("DM{auth_authen}" + nul + "me@box.example" + nul) + packet("M<>" + nul) +
                              packet("LFrom" + nul + "boss@box.example" + nul) + packet("E");
  const auto serve = [&](const std::string& input) {
    line.output.str("");
    line.input.clear();
    line.input.str(input);
    return run_command_line(line.box, line.console, {"sender-check", "--map", "/etc/map.cf"});
  };
  const auto reply_after = [&] { return line.output.str().substr(10); };  // to the sender and the header
  CHECK(serve(message + packet("Q")) == ExitCode::ok);
  CHECK_THAT(reply_after(), Contains("y451 4.3.0 ") && Contains("/etc/map.cf does not exist"));
  line.host.put("/etc/map.cf", "dbpath = /users.sqlite\nquery = SELECT 'me@box.example' WHERE '%s' LIKE 'boss@%%'\n");
  CHECK(serve(message) == ExitCode::ok);
  CHECK_THAT(reply_after(), Contains("y451 4.3.0 ") && Contains("users.sqlite"));
  Database(line.host.real("/users.sqlite"), Database::Access::create).execute("CREATE TABLE t (x)");
  CHECK(serve(message) == ExitCode::ok);
  CHECK(reply_after() == packet("c"));
  CHECK(serve("GET / HTTP/1.0\r\n") == ExitCode::failed);
  CHECK(line.output.str().empty());
  CHECK(line.errors.str().empty());
}

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/directory/directory.hpp"
#include "box/directory/password.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

// The tables exactly as they are on boxes of the original.
constexpr const char* k_tables_of_an_existing_box = R"(
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL, extra,
  privileges TEXT NOT NULL DEFAULT '', quota TEXT NOT NULL DEFAULT '0');
CREATE TABLE aliases (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE, destination TEXT NOT NULL,
  permitted_senders TEXT);
CREATE TABLE mfa (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, type TEXT NOT NULL,
  secret TEXT NOT NULL, mru_token TEXT, label TEXT, FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE);
CREATE TABLE auto_aliases (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE,
  destination TEXT NOT NULL, permitted_senders TEXT);
)";

class Box {
 public:
  Box() {
    char folder[] = "/tmp/directory-test-XXXXXX";
    REQUIRE(mkdtemp(folder) != nullptr);
    folder_ = folder;
    path = folder_ + "/users.sqlite";
    Database(path, Database::Access::create).execute(k_tables_of_an_existing_box);
    directory = std::make_unique<Directory>(path, "box.example.com", Directory::Access::change);
  }
  ~Box() {
    directory.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string one(const std::string& sql) const {
    Database database(path, Database::Access::read_only);
    Statement statement = database.prepare(sql);
    return statement.step() ? statement.text(0) : "(none)";
  }

  std::string path;
  std::unique_ptr<Directory> directory;

 private:
  std::string folder_;
};

const Secret k_password("correct horse");

}  // namespace

TEST_CASE("addresses: what is a valid one", "[box]") {
  CHECK(valid_address("me@example.com", AddressMode::user));
  CHECK(valid_address("first.last-name_2@sub.example.com", AddressMode::user));
  CHECK(valid_address("a+b@example.com", AddressMode::full));
  CHECK_FALSE(valid_address("a+b@example.com", AddressMode::user));
  CHECK_FALSE(valid_address("Me@example.com", AddressMode::user));
  CHECK(valid_address("me@müller.example", AddressMode::full));
  CHECK_FALSE(valid_address("me@müller.example", AddressMode::user));
  CHECK(valid_address("@example.com", AddressMode::alias));
  for (const char* wrong : {"",
                            "me",
                            "me@",
                            "@example.com",
                            "a@b@example.com",
                            "me@example",
                            "me@-a.example",
                            "me@a-.example",
                            "me@a_b.example",
                            "me@a..example",
                            "me@[192.0.2.1]",
                            "me@192.0.2.1",
                            "me@example.c0",
                            ".me@example.com",
                            "me.@example.com",
                            "m..e@example.com",
                            "m e@example.com",
                            "\"me\"@example.com",
                            "mé@example.com",
                            "me@xn--a.example",
                            "me@example.com."}) {
    INFO(wrong);
    CHECK_FALSE(valid_address(wrong, AddressMode::full));
  }
  CHECK(valid_address(std::string(64, 'a') + "@example.com", AddressMode::full));
  CHECK_FALSE(valid_address(std::string(65, 'a') + "@example.com", AddressMode::full));
}

TEST_CASE("addresses: reserved domains belong only to boxes that are named there", "[box]") {
  for (const char* domain : {"me@a.test", "me@a.local", "me@localhost.localhost", "me@x.onion", "me@y.invalid"}) {
    INFO(domain);
    CHECK_FALSE(valid_address(domain, AddressMode::user, "box.example.com"));
  }
  CHECK(valid_address("me@a.test", AddressMode::user, "box.local.test"));
  CHECK_FALSE(valid_address("me@a.local", AddressMode::user, "box.local.test"));
  CHECK(valid_address("me@contest", AddressMode::user) == false);
  CHECK(valid_address("me@my.contest", AddressMode::user));
}

TEST_CASE("addresses: domains are kept in ASCII and shown in Unicode", "[box]") {
  CHECK(domain_to_ascii("MÜLLER.Example") == "xn--mller-kva.example");
  CHECK(domain_to_ascii("faß.example") == "xn--fa-hia.example");  // not "fass": IDNA 2008
  CHECK(domain_to_ascii("пример.example") == "xn--e1afmkfd.example");
  CHECK(domain_to_unicode("xn--mller-kva.example") == "müller.example");
  CHECK(address_to_ascii("Me@MÜLLER.example") == "Me@xn--mller-kva.example");
}

TEST_CASE("passwords: Dovecot's form, verified by crypt", "[box]") {
  const std::string hash = hash_password(k_password);
  CHECK(hash.rfind("{SHA512-CRYPT}$6$", 0) == 0);
  CHECK(hash != hash_password(k_password));
  CHECK(verify_password(k_password, hash));
  CHECK(verify_password(k_password, hash.substr(14)));
  CHECK_FALSE(verify_password(Secret("wrong horse"), hash));
  CHECK_FALSE(verify_password(k_password, "{PLAIN}correct horse"));
  CHECK_FALSE(verify_password(k_password, ""));
  // Made by another program: perl -e 'print crypt("Hello world!", "\$6\$saltstring")'.
  CHECK(
      verify_password(Secret("Hello world!"),
                      "{SHA512-CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFd"
                      "cbYEdFCoEOfaS35inz1"));
}

TEST_CASE("directory: every refusal of a new user has its sentence", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  const auto add = [&](const std::string& email, const char* password = "correct horse", const char* quota = "0",
                       const std::vector<std::string>& privileges = {}) {
    return directory.add_user(email, Secret(password), quota, privileges);
  };
  CHECK(add("admin@example.com") == DirectoryReport{"mail user added"});  // the first may have a role's name
  CHECK_THROWS_MATCHES(add(""), Error, Message("No email address provided."));
  CHECK_THROWS_MATCHES(add("me@"), Error, Message("Invalid email address."));
  CHECK_THROWS_MATCHES(add("me+x@example.com"), Error,
                       Message("User account email addresses may only use the lowercase ASCII letters a-z, the digits "
                               "0-9, underscore (_), hyphen (-), and period (.)."));
  CHECK_THROWS_MATCHES(add("abuse@example.com"), Error,
                       Message("You may not make a user account for that address because it is frequently used for "
                               "domain control validation. Use an alias instead if necessary."));
  CHECK_THROWS_MATCHES(add("me@example.com", "  "), Error, Message("No password provided."));
  CHECK_THROWS_MATCHES(add("me@example.com", "seven77"), Error,
                       Message("Passwords must be at least eight characters."));
  CHECK_THROWS_MATCHES(add("me@example.com", "correct horse", "0", {"a\nb"}), Error,
                       Message("That's not a valid privilege (a\nb)."));
  const std::string rule = " Give a number of bytes, or one with M or G behind it, such as 500M or 5G; 0 is no limit.";
  CHECK_THROWS_MATCHES(add("me@example.com", "correct horse", "1.5G"), Error,
                       Message("Quotas cannot contain spaces, commas, or decimal points." + rule));
  CHECK_THROWS_MATCHES(add("me@example.com", "correct horse", "5T"), Error, Message("Invalid quota." + rule));
  CHECK_THROWS_MATCHES(add("me@example.com", "correct horse", "999999999G"), Error,
                       Message("Invalid quota. 999999999G is more than any disk holds." + rule));
  CHECK_THROWS_MATCHES(add("me@example.com", "correct horse", ""), Error, Message("No quota provided." + rule));
  add(" Me@Example.COM ", "correct horse", "5g");
  CHECK(directory.user("me@example.com")->quota == "5G");
  CHECK_THROWS_MATCHES(add("me@example.com"), Error, Message("User already exists."));
  CHECK(directory.users().size() == 2);
}

TEST_CASE("directory: one rule for new passwords", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  const std::string control =
      "Passwords must not contain control characters, such as a tab, a line end or a zero byte.";
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "No password provided."},
      {"         ", "No password provided."},
      {"seven77", "Passwords must be at least eight characters."},
      {std::string(512, 'a'), "Passwords must be at most 511 bytes."},
      {std::string("\0aaaaaaaa", 9), control},
      {std::string("aaaaaaaa\0", 9), control},
      {"correct\thorse", control},
      {"correct horse\x7f", control}};
  for (const auto& [password, sentence] : wrong) {
    CAPTURE(password);
    CHECK(problem_with_password(password) == sentence);
    CHECK_THROWS_MATCHES(directory.add_user("me@example.com", Secret(password)), Error, Message(sentence));
    CHECK_THROWS_MATCHES(hash_password(Secret(password)), Error, Message(sentence));
  }
  for (const std::string& password : {std::string("eight888"), std::string(511, 'a'), std::string("zwölf Bögen")}) {
    CAPTURE(password);
    CHECK(problem_with_password(password).empty());
    const std::string stored = hash_password(Secret(password));
    CHECK(verify_password(Secret(password), stored));
    CHECK_FALSE(verify_password(Secret(password + std::string("\0x", 2)), stored));
    CHECK_FALSE(verify_password(Secret(std::string()), stored));
  }
}

TEST_CASE("directory: checking an unknown user takes as long as a known one", "[box]") {
  Box box;
  box.directory->add_user("me@example.com", k_password);
  const auto time_of = [&](const std::string& email) {
    const std::clock_t before = std::clock();
    CHECK_FALSE(box.directory->authenticates(email, Secret("not the password")));
    return std::clock() - before;
  };
  // Of this process's processor time, the least of several tries, taken in turn: load on the machine changes it several
  // times over. Without a hash to compute an unknown user takes a hundredth.
  std::clock_t unknown = time_of("nobody@example.com");
  std::clock_t known = time_of("me@example.com");
  for (int tries = 0; tries < 5; ++tries) {
    unknown = std::min(unknown, time_of("nobody@example.com"));
    known = std::min(known, time_of("me@example.com"));
  }
  CHECK(unknown * 10 > known);
}

TEST_CASE("directory: passwords, quotas, privileges and removal", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  directory.add_user("me@example.com", k_password, "0", {"admin"});
  directory.add_user("you@example.com", k_password);
  CHECK(directory.authenticates("me@example.com", k_password));
  directory.set_password("me@example.com", Secret("battery staple"));
  CHECK(directory.authenticates("me@example.com", Secret("battery staple")));
  CHECK_FALSE(directory.authenticates("me@example.com", k_password));
  CHECK_THROWS_MATCHES(directory.set_password("x@example.com", k_password), Error,
                       Message("That's not a user (x@example.com)."));
  CHECK_THROWS_MATCHES(directory.set_password("me@example.com", Secret("short")), Error,
                       Message("Passwords must be at least eight characters."));
  directory.set_quota("me@example.com", "100m");
  CHECK(directory.user("me@example.com")->quota == "100M");
  CHECK_NOTHROW(directory.set_quota("me@example.com", "00000000000000000099999999G"));
  CHECK_NOTHROW(directory.set_quota("me@example.com", "99999999999999999"));
  for (const char* large : {"100000000G", "100000000M", "100000000000000000"}) {
    CHECK_THROWS_WITH(directory.set_quota("me@example.com", large), Contains("is more than any disk holds"));
  }
  directory.set_quota("me@example.com", "100M");
  CHECK_THROWS_MATCHES(directory.set_quota("x@example.com", "0"), Error, Message("That's not a user (x@example.com)."));

  CHECK_THROWS_AS(directory.remove_user("me@example.com"), Error);  // the last administrator
  CHECK_THROWS_AS(directory.remove_privilege("me@example.com", "admin"), Error);
  directory.add_privilege("you@example.com", "admin");
  directory.add_privilege("you@example.com", "admin");
  CHECK(directory.user("you@example.com")->privileges == std::vector<std::string>{"admin"});
  CHECK(directory.remove_user("me@example.com") == DirectoryReport{"mail user removed"});
  CHECK_THROWS_MATCHES(directory.remove_user("me@example.com"), Error, Message("That's not a user (me@example.com)."));
}

TEST_CASE("directory: a removed user's second factors go too", "[box]") {
  Box box;
  box.directory->add_user("a@example.com", k_password);
  Database(box.path, Database::Access::read_write)
      .execute("INSERT INTO mfa (user_id, type, secret) SELECT id, 'totp', 'x' FROM users");
  box.directory->remove_user("a@example.com");
  CHECK(box.one("SELECT count(*) FROM mfa") == "0");
}

TEST_CASE("directory: a user stays a good destination when the box's name has changed", "[box]") {
  Box box;
  {
    Directory before(box.path, "box.local.test", Directory::Access::change);
    before.add_user("me@box.local.test", k_password, "0", {"admin"});
  }
  Directory& now = *box.directory;  // as box.example.com
  CHECK(now.add_alias("administrator@box.example.com", "me@box.local.test").front() == "alias added");
  CHECK_THROWS_MATCHES(now.add_alias("info@box.example.com", "nobody@box.local.test"), Error,
                       Message("Invalid receiver email address (nobody@box.local.test)."));
}

TEST_CASE("directory: every refusal of an alias has its sentence", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  directory.add_user("me@example.com", k_password, "0", {"admin"});
  directory.add_user("you@example.com", k_password);
  CHECK_THROWS_MATCHES(directory.add_alias(" ", "me@example.com"), Error, Message("No email address provided."));
  CHECK_THROWS_MATCHES(directory.add_alias("a b@example.com", "me@example.com"), Error,
                       Message("Invalid email address (a b@example.com)."));
  CHECK_THROWS_MATCHES(directory.add_alias("a@example.com", "me@example.com, nonsense"), Error,
                       Message("Invalid receiver email address (nonsense)."));
  CHECK_THROWS_MATCHES(directory.add_alias("abuse+x@example.com", "you@example.com"), Error,
                       Message("This alias can only have administrators of this system as destinations because the "
                               "address is frequently used for domain control validation."));
  CHECK_THROWS_MATCHES(directory.add_alias("a@example.com", "", "x@example.com"), Error,
                       Message("Invalid permitted sender: x@example.com is not a user on this system."));
  CHECK_THROWS_MATCHES(directory.add_alias("a@example.com", ""), Error,
                       Message("The alias must either forward to an address or have a permitted sender."));
  CHECK(directory.add_alias("Abuse@MÜLLER.example", "me+tag@example.com").front() == "alias added");
  CHECK(box.one("SELECT destination FROM aliases WHERE source = 'abuse@xn--mller-kva.example'") ==
        "me+tag@example.com");
  CHECK_THROWS_MATCHES(directory.add_alias("abuse@müller.example", "me@example.com"), Error,
                       Message("Alias already exists (abuse@xn--mller-kva.example)."));
  CHECK(directory.add_alias("abuse@müller.example", "me@example.com", "", true).front() == "alias updated");
  CHECK(directory.remove_alias(" ABUSE@müller.example").front() == "alias removed");
  CHECK_THROWS_MATCHES(directory.remove_alias("postmaster@example.com"), Error,
                       Message("That's not an alias (postmaster@example.com)."));
}

TEST_CASE("directory: the kinds of alias are stored as the mail services expect", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  directory.add_user("me@example.com", k_password);
  directory.add_alias("@other.example", "@example.com");
  CHECK(box.one("SELECT destination FROM aliases WHERE source = '@other.example'") == "@example.com");
  directory.add_alias("list@example.com", "Me@example.com,\n you@elsewhere.example ,");
  CHECK(box.one("SELECT destination FROM aliases WHERE source = 'list@example.com'") ==
        "Me@example.com,you@elsewhere.example");
  CHECK(box.one("SELECT permitted_senders IS NULL FROM aliases WHERE source = 'list@example.com'") == "1");
  directory.add_alias("sender@example.com", "", "me@example.com");
  CHECK(box.one("SELECT destination || '/' || permitted_senders FROM aliases WHERE source = 'sender@example.com'") ==
        "/me@example.com");
  CHECK(directory.add_alias("gone@example.com", "nobody@example.com").size() == 2);  // says that mail will bounce
  CHECK(directory.add_alias("there@example.com", "me@example.com").size() == 1);
}

TEST_CASE("directory: aliases that lead back to themselves are refused", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  directory.add_user("me@example.com", k_password);
  directory.add_user("you@example.com", k_password);
  CHECK_THROWS_WITH(directory.add_alias("a@example.com", "A@example.com"), Contains("lead back to itself"));
  directory.add_alias("a@example.com", "b@example.com");
  directory.add_alias("b@example.com", "c@example.com, me@example.com");
  CHECK_THROWS_WITH(directory.add_alias("c@example.com", "a@example.com"),
                    Contains("(c@example.com -> a@example.com -> b@example.com -> c@example.com)"));
  CHECK_NOTHROW(directory.add_alias("c@example.com", "you@example.com"));
  // A user's copy is no loop; but who takes a user's mail away should know it.
  CHECK(directory.add_alias("me@example.com", "me@example.com, me@elsewhere.example").size() == 1);
  const DirectoryReport taken = directory.add_alias("you@example.com", "me@example.com");
  REQUIRE(taken.size() == 2);
  CHECK_THAT(taken[1], Contains("you@example.com is a user, whose mail now goes to the alias's"));
  CHECK_THAT(taken[1], Contains("may go on sending as you@example.com"));
}

TEST_CASE("directory: who adds a user where an alias takes the mail is told", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  directory.add_user("me@example.com", k_password);
  directory.add_alias("info@example.com", "me@example.com, you@elsewhere.example");
  directory.add_user("keeps@example.com", k_password);
  directory.add_alias("keeps@example.com", "keeps@example.com, me@example.com");
  directory.remove_user("keeps@example.com");
  directory.add_alias("news@example.com", "", "me@example.com");
  const DirectoryReport report = directory.add_user("info@example.com", k_password);
  REQUIRE(report.size() == 2);
  CHECK(report[1] ==
        "note: info@example.com is an alias, too, whose destinations (me@example.com, you@elsewhere.example) go on "
        "getting its mail; the user gets it after `mailinabox alias remove info@example.com`");
  CHECK(directory.add_user("keeps@example.com", k_password).size() == 1);
  CHECK(directory.add_user("news@example.com", k_password).size() == 1);
}

TEST_CASE("directory: what still leads to a removed user is named", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  directory.add_user("me@example.com", k_password);
  directory.add_user("gone@example.com", k_password);
  directory.add_alias("sales@example.com", "gone@example.com, me@example.com");
  const DirectoryReport report = directory.remove_user("gone@example.com");
  REQUIRE(report.size() == 2);
  CHECK(report[1] == "note: the alias sales@example.com still leads to gone@example.com; mail to it will bounce");
}

TEST_CASE("directory: automatic aliases follow every change", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  directory.add_user("me@xn--mller-kva.example", k_password, "0", {"admin"});
  const auto route = [&](const std::string& source) {
    return box.one("SELECT destination FROM auto_aliases WHERE source = '" + source + "'");
  };
  const std::string administrator = "administrator@box.example.com";
  CHECK(route("hostmaster@box.example.com") == administrator);
  CHECK(route("administrator@box.example.com") == "(none)");
  for (const char* name : {"postmaster@", "admin@", "abuse@"}) {
    CHECK(route(name + std::string("xn--mller-kva.example")) == administrator);
  }
  CHECK(route("@müller.example") == "@xn--mller-kva.example");
  CHECK(route("postmaster@box.example.com") == "(none)");
  directory.add_alias("administrator@box.example.com", "me@xn--mller-kva.example");
  CHECK(route("postmaster@box.example.com") == administrator);
  directory.add_alias("@catchall.example", "me@xn--mller-kva.example");
  CHECK(route("postmaster@catchall.example") == "(none)");  // only what follows from a domain
  directory.add_alias("x@third.example", "me@xn--mller-kva.example");
  CHECK(route("abuse@third.example") == administrator);
  directory.remove_alias("x@third.example");
  CHECK(route("abuse@third.example") == "(none)");

  directory.add_alias("postmaster@xn--mller-kva.example", "me@xn--mller-kva.example");
  std::size_t shown = 0;
  for (const Alias& alias : directory.aliases()) {
    if (alias.address != "postmaster@xn--mller-kva.example") continue;
    ++shown;
    CHECK_FALSE(alias.automatic);
  }
  CHECK(shown == 1);
}

TEST_CASE("directory: leftovers of older boxes are cleaned up, and nothing to do writes nothing", "[box]") {
  Box box;
  Database(box.path, Database::Access::read_write)
      .execute(
          "INSERT INTO aliases (source, destination) VALUES ('abuse@gone.example', "
          "'administrator@box.example.com'), ('abuse@kept.example', 'x@kept.example')");
  CHECK(box.directory->refresh_automatic_aliases() ==
        DirectoryReport{"removed alias abuse@gone.example (was to administrator@box.example.com; domain no longer used "
                        "for email)"});
  CHECK(box.one("SELECT group_concat(source) FROM aliases") == "abuse@kept.example");
  const auto written = std::filesystem::last_write_time(box.path);
  CHECK(box.directory->refresh_automatic_aliases().empty());
  CHECK(std::filesystem::last_write_time(box.path) == written);
}

TEST_CASE("directory: write-ahead logging is switched off again, a failed change leaves no lock", "[box]") {
  Box box;
  box.directory.reset();
  Database(box.path, Database::Access::read_write).execute("PRAGMA journal_mode = WAL");
  REQUIRE(journal_mode_of(box.path) == "wal");
  box.directory = std::make_unique<Directory>(box.path, "box.example.com", Directory::Access::change);
  CHECK_THROWS_AS(box.directory->add_user("nonsense", k_password), Error);
  CHECK(journal_mode_of(box.path) == "delete");
  Database(box.path, Database::Access::read_write).execute("BEGIN IMMEDIATE; COMMIT");
  CHECK_THROWS_WITH(Directory("/nonexistent/users.sqlite", "box.example.com", Directory::Access::look),
                    Contains("mailinabox setup"));
}

TEST_CASE("directory: an empty file, or another database, is not taken for one without users", "[box]") {
  Box box;
  box.directory.reset();
  const auto opened = [&] { return Directory(box.path, "box.example.com", Directory::Access::look).empty(); };
  std::ofstream(box.path, std::ios::trunc).close();
  CHECK_THROWS_WITH(opened(), Contains("is an empty file: its users and aliases are lost") &&
                                  Contains("--replace-lost") && !Contains("before-change"));
  std::ofstream(box.path + ".before-change") << "x";
  CHECK_THROWS_WITH(opened(), Contains(box.path + ".before-change is one"));
  Database(box.path, Database::Access::read_write).execute("CREATE TABLE others (x)");
  CHECK_THROWS_WITH(opened(), Contains("no such table: users; this is not the database that is expected there"));
}

TEST_CASE("directory: an id is never another user's", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  directory.add_user("admin@example.com", k_password, "0", {"admin"});
  directory.add_user("me@example.com", k_password);
  const std::int64_t id = directory.user("me@example.com")->id;
  CHECK(directory.user_by_id(id)->email == "me@example.com");
  const std::string hash = directory.password_hash("me@example.com");
  CHECK(verify_password(k_password, hash));
  directory.remove_user("me@example.com");
  CHECK(directory.password_hash("me@example.com").empty());
  directory.add_user("me@example.com", k_password);
  CHECK_FALSE(directory.user_by_id(id));
  CHECK(directory.user("me@example.com")->id > id);
  CHECK(directory.users()[1].id == directory.user("me@example.com")->id);
}

TEST_CASE("directory: users by the page", "[box]") {
  Box box;
  Database(box.path, Database::Access::read_write)
      .execute(
          "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 24) INSERT INTO users (email, "
          "password, quota) SELECT printf('user%02d@%s', i, iif(i % 2, 'a.example', 'b.example')), 'x', '5G' FROM n;"
          "INSERT INTO users (email, password) VALUES ('under_score@xn--mller-kva.example', 'x')");
  const Directory& directory = *box.directory;
  std::vector<std::string> all;
  UserQuery query{.limit = 10};
  for (int pages = 0; pages < 3; ++pages) {
    const UserPage page = directory.user_page(query);
    CHECK(page.total == 26);
    for (const User& user : page.users) all.push_back(user.email);
    query.after = page.next;
  }
  CHECK(query.after.empty());
  CHECK(all.size() == 26);
  CHECK(std::is_sorted(all.begin(), all.end()));

  const UserPage found = directory.user_page({.search = "SER0", .domain = "A.example", .limit = 2});
  CHECK(found.total == 5);
  REQUIRE(found.users.size() == 2);
  CHECK(found.users[1].email == "user03@a.example");
  CHECK(found.users[1].quota == "5G");
  CHECK(found.users[1].id == 4);
  CHECK(found.next == "user03@a.example");
  CHECK(directory.user_page({.search = "r_s"}).total == 1);
  CHECK(directory.user_page({.search = "%"}).total == 0);
  CHECK(directory.user_page({.domain = "müller.example"}).total == 1);
  CHECK(directory.user_page({.search = "SER0", .domain = "A.example", .limit = 5}).next.empty());
}

TEST_CASE("directory: aliases by the page, an operator's before the box's own", "[box]") {
  Box box;
  Directory& directory = *box.directory;
  directory.add_user("me@example.com", k_password, "0", {"admin"});
  directory.add_alias("abuse@example.com", "me@example.com");
  directory.add_alias("info@example.com", "me@example.com", "me@example.com");
  std::vector<std::string> all;
  AliasQuery query{.limit = 2};
  do {
    const AliasPage page = directory.alias_page(query);
    CHECK(page.total == static_cast<std::int64_t>(directory.aliases().size()));
    for (const Alias& alias : page.aliases) {
      all.push_back(alias.address);
      if (alias.address == "abuse@example.com") CHECK_FALSE(alias.automatic);
      if (alias.address == "postmaster@example.com") CHECK(alias.automatic);
    }
    query.after = page.next;
  } while (!query.after.empty());
  std::vector<std::string> wanted;
  for (const Alias& alias : directory.aliases()) wanted.push_back(alias.address);
  std::sort(wanted.begin(), wanted.end());
  CHECK(all == wanted);
  const AliasPage found = directory.alias_page({.search = "INFO"});
  REQUIRE(found.aliases.size() == 1);
  CHECK(found.aliases[0].permitted_senders == std::vector<std::string>{"me@example.com"});
  CHECK(directory.alias_page({.domain = "box.example.com"}).total == 1);
}

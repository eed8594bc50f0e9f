// Data of every layout that the original has had, brought to ours: what each migration does, and what is left where it
// is cut off, fails, or finds damage.
#include <memory>
#include <nlohmann/json.hpp>

#include "box/storage/database_migrations.hpp"
#include "box/storage/migrations.hpp"
#include "cli/command_line.hpp"
#include "operations/migrate/storage_migrator.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::string k_root = "/home/user-data";

// The schema of layout 0: later columns and tables come with their migrations.
const char* const k_oldest_schema =
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL, "
    "extra); CREATE TABLE aliases (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE, destination TEXT "
    "NOT NULL); INSERT INTO users (email, password) VALUES ('me@example.com', '{SHA512-CRYPT}$6$x');";

class OldStorage {
 public:
  explicit OldStorage(int version) {
    host().put_directory(k_root, 0755, 1000, 1000);
    put("mailinabox.version", std::to_string(version) + "\n");
    host().put("/etc/mailinabox.conf", "STORAGE_ROOT=" + k_root + "\nPRIMARY_HOSTNAME=box.example.com\n");
  }
  TestHost& host() { return line.host; }
  void put(const std::string& path, const std::string& content, unsigned mode = 0644) {
    host().put(k_root + "/" + path, content, mode);
  }
  std::string content(const std::string& path) { return host().content(k_root + "/" + path); }
  bool exists(const std::string& path) { return host().exists(k_root + "/" + path); }
  std::string version() { return content("mailinabox.version"); }

  void make_database(const std::string& path, const std::string& sql) {
    put(path, "");
    Database(real(path), Database::Access::create).execute(sql);
  }
  std::string real(const std::string& path) { return host().real(k_root + "/" + path); }
  std::vector<std::string> rows(const std::string& path, const std::string& sql) {
    Database database(real(path), Database::Access::read_only);
    Statement statement = database.prepare(sql);
    std::vector<std::string> all;
    while (statement.step()) all.push_back(statement.text(0));
    return all;
  }
  std::vector<std::string> columns(const std::string& table) {
    return rows("mail/users.sqlite", "SELECT name FROM pragma_table_info('" + table + "')");
  }

  Answers answers() { return Answers::parse(host().content("/etc/mailinabox.conf")); }
  std::vector<DoneMigration> migrate() {
    Answers given = answers();
    return migrate_storage(line.box.system, given, [](const DoneMigration&) {});
  }
  std::vector<PlannedMigration> plan() { return plan_migrations(line.box.view(), answers()); }
  ExitCode run(std::vector<std::string> words) {
    line.output.str("");
    line.errors.str("");
    return run_command_line(line.box, line.console, std::move(words));
  }

  TestCommandLine line{};
};

using Words = std::vector<std::string>;

// Everything that migrations change, as a box of the first release had it.
void fill_oldest(OldStorage& old) {
  old.make_database("mail/users.sqlite", std::string(k_oldest_schema) +
                                             "INSERT INTO aliases (source, destination) VALUES "
                                             "('info@müller.example', 'me@example.com')");
  old.make_database("mail/roundcube/roundcube.sqlite",
                    "CREATE TABLE carddav_addressbooks (id INTEGER PRIMARY KEY); CREATE TABLE carddav_contacts (id "
                    "INTEGER REFERENCES carddav_addressbooks(id)); INSERT INTO carddav_addressbooks VALUES (1); INSERT "
                    "INTO carddav_contacts VALUES (1); CREATE TABLE session (id); INSERT INTO session VALUES (1); "
                    "CREATE TABLE identities (name); INSERT INTO identities VALUES ('Me')");
  old.put("ssl/domains/example.com_certifiate.pem", "certificate");
  old.put("ssl/domains/example.com_private_key.pem", "key", 0600);
  old.put("ssl/domains/example.com_cert_sign_req.csr", "request");
  old.put("ssl/domains/example.org_certifiate.pem", "certificate of org");
  old.put("ssl/ssl_certificate.pem", "the box's certificate");
  old.put("ssl/ssl_private_key.pem", "the box's key", 0600);
  old.put("ssl/lets_encrypt/accounts/1", "account");
  old.put("mail/mailboxes/example.com/me/.dovecot.sieve", "keep;");
  old.put("mail/mailboxes/example.com/me/.dovecot.svbin", "compiled");
  old.put("mail/mailboxes/example.com/me/cur/1", "mail");
  old.put("backup/secret_key.txt", "passphrase");
  old.put("dns/dnssec/keys.conf", "KSK=Kone\nZSK=Ktwo\n");
  old.put("mail/dkim/mail.private", "1024 bits");
}

void check_migrated(OldStorage& old) {
  CHECK(old.version() == "15\n");
  CHECK(old.content("ssl/example.com/ssl_certificate.pem") == "certificate");
  CHECK(old.content("ssl/example.com/private_key.pem") == "key");
  CHECK(old.host().info(k_root + "/ssl/example.com/private_key.pem").mode == 0600);
  CHECK(old.content("ssl/example.com/certificate_signing_request.csr") == "request");
  CHECK(old.content("ssl/example.org.pem") == "certificate of org");
  CHECK_FALSE(old.exists("ssl/example.org"));
  CHECK_FALSE(old.exists("ssl/domains"));
  CHECK(old.content("ssl/" + old.host().link_target(k_root + "/ssl/ssl_certificate.pem")) == "the box's certificate");
  CHECK(old.content("ssl/ssl_private_key.pem") == "the box's key");
  CHECK(old.content("ssl/lets_encrypt-old/accounts/1") == "account");
  CHECK_FALSE(old.exists("ssl/lets_encrypt"));
  CHECK_FALSE(old.exists("mail/mailboxes/example.com/me/.dovecot.sieve"));
  CHECK_FALSE(old.exists("mail/mailboxes/example.com/me/.dovecot.svbin"));
  CHECK(old.content("mail/mailboxes/example.com/me/cur/1") == "mail");
  CHECK(old.host().info(k_root + "/backup/secret_key.txt").mode == 0600);
  CHECK(old.content("dns/dnssec/RSASHA1-NSEC3-SHA1.conf") == "KSK=Kone\nZSK=Ktwo\n");
  CHECK_FALSE(old.exists("dns/dnssec/keys.conf"));
  CHECK_FALSE(old.exists("mail/dkim/mail.private"));
  CHECK(old.columns("users") == Words{"id", "email", "password", "extra", "privileges", "quota"});
  CHECK(old.columns("aliases") == Words{"id", "source", "destination", "permitted_senders"});
  CHECK(old.columns("mfa") == Words{"id", "user_id", "type", "secret", "mru_token", "label"});
  CHECK(old.columns("auto_aliases") == Words{"id", "source", "destination", "permitted_senders"});
  CHECK(old.rows("mail/users.sqlite", "SELECT email || privileges || quota FROM users") == Words{"me@example.com0"});
  CHECK(old.rows("mail/users.sqlite", "SELECT source FROM aliases") == Words{"info@xn--mller-kva.example"});
  CHECK(old.rows("mail/users.sqlite", "PRAGMA journal_mode") == Words{"delete"});
  const std::string webmail = "mail/roundcube/roundcube.sqlite";
  CHECK(old.rows(webmail, "SELECT name FROM sqlite_master ORDER BY 1") == Words{"identities", "session"});
  CHECK(old.rows(webmail, "SELECT * FROM session").empty());
  CHECK(old.rows(webmail, "SELECT * FROM identities") == Words{"Me"});
}

// Ends the program, as far as the code under test can see: nothing that it might still do happens.
struct Ended {};

class EndingFiles final : public FileSystem {
 public:
  EndingFiles(FileSystem& files, int calls) : files_(files), left_(calls) {}
  FileInfo info(const std::string& path) const override { return files_.info(path); }
  std::optional<FileContent> read(const std::string& path) const override { return files_.read(path); }
  std::optional<std::string> read_link(const std::string& path) const override { return files_.read_link(path); }
  std::vector<std::string> list(const std::string& directory) const override { return files_.list(directory); }
  std::string real_path(const std::string& path) const override { return files_.real_path(path); }
  std::uint64_t free_bytes(const std::string& path) const override { return files_.free_bytes(path); }
  void write(const std::string& path, std::string_view content, const FileAttributes& attributes) override {
    touch([&] { files_.write(path, content, attributes); });
  }
  void make_directory(const std::string& path, const FileAttributes& attributes) override {
    touch([&] { files_.make_directory(path, attributes); });
  }
  void make_symlink(const std::string& path, const std::string& target) override {
    touch([&] { files_.make_symlink(path, target); });
  }
  void set_attributes(const std::string& path, const FileAttributes& attributes) override {
    touch([&] { files_.set_attributes(path, attributes); });
  }
  void remove(const std::string& path, bool recursive) override {
    touch([&] { files_.remove(path, recursive); });
  }
  void rename(const std::string& from, const std::string& to) override {
    touch([&] { files_.rename(from, to); });
  }
  void preserve(const std::string& path) override { files_.preserve(path); }

 private:
  template <typename Call>
  void touch(const Call& call) {
    if (left_-- <= 0) throw Ended{};
    call();
  }
  FileSystem& files_;
  int left_;
};

// True where the run came to its end before the k-th change.
bool migrate_until(OldStorage& old, int k) {
  EndingFiles ending(old.host().files, k);
  const System whole = old.line.box.system;
  System system{ending,         whole.commands, whole.packages,   whole.services,
                whole.accounts, whole.machine,  whole.downloader, whole.clock};
  Answers answers = old.answers();
  try {
    migrate_storage(system, answers, [](const DoneMigration&) {});
    return true;
  } catch (const Ended&) {
    return false;
  }
}

}  // namespace

TEST_CASE("migrations: data of the first layout reaches the present one, with copies", "[storage]") {
  OldStorage old(0);
  fill_oldest(old);
  const std::vector<PlannedMigration> planned = old.plan();
  REQUIRE(planned.size() == 15);
  const std::vector<DoneMigration> done = old.migrate();
  REQUIRE(done.size() == 15);
  check_migrated(old);
  for (std::size_t i = 0; i < 15; ++i) {
    CAPTURE(i, planned[i].changes);
    CHECK(planned[i].number == done[i].number);
    CHECK(planned[i].summary == done[i].summary);
    // Where something was to change there is a copy, but for a folder that only gets another name.
    CHECK(done[i].copy.empty() == (planned[i].changes.empty() || done[i].number == 11));
  }
  CHECK(old.host().info(k_root + "/mailinabox.version").uid == 0);
  const std::string copies = k_root + "/before-migration-";
  for (const char* number : {"1", "4", "8", "15"}) {
    CHECK(old.host().info(copies + number).mode == 0700);
    CHECK(old.host().info(copies + number).uid == 0);
  }
  CHECK(old.content("before-migration-1/ssl/domains/example.com_private_key.pem") == "key");
  CHECK(old.content("before-migration-8/mail/dkim/mail.private") == "1024 bits");
  CHECK(old.content("before-migration-2/mail/mailboxes/example.com/me/.dovecot.sieve") == "keep;");
  CHECK(old.host().info(copies + "15/mail/users.sqlite").mode == 0600);
  CHECK(old.rows("before-migration-4/mail/users.sqlite", "SELECT name FROM pragma_table_info('users')") ==
        Words{"id", "email", "password", "extra"});
  CHECK(old.rows("before-migration-12/mail/roundcube/roundcube.sqlite", "SELECT id FROM session") == Words{"1"});
  const auto before = old.host().snapshot();
  CHECK(old.migrate().empty());
  CHECK(old.plan().empty());
  CHECK(old.host().snapshot() == before);
}

TEST_CASE("migrations: a plan says the steps and changes nothing", "[storage]") {
  OldStorage old(0);
  fill_oldest(old);
  const auto before = old.host().snapshot();
  CHECK(old.run({"migrate", "--plan"}) == ExitCode::changes);
  CHECK(old.host().snapshot() == before);
  CHECK(old.host().touched().empty());
  const std::string text = old.line.output.str();
  CHECK_THAT(text, Contains("has layout 0; the present one is 15"));
  CHECK_THAT(text, Contains("ssl/domains/example.com_private_key.pem to ssl/example.com/private_key.pem"));
  CHECK_THAT(text, Contains("rename the alias info@müller.example to info@xn--mller-kva.example"));
  CHECK_THAT(text, Contains("mail/users.sqlite: add the column quota to users"));
  CHECK(old.run({"migrate", "--plan", "--json"}) == ExitCode::changes);
  const auto json = nlohmann::json::parse(old.line.output.str());
  CHECK((json["layout"] == 0 && json["present_layout"] == 15 && json["migrations"].size() == 15));
  CHECK_THAT(json["migrations"][0]["changes"].dump(), Contains("ssl/domains/example.com_private_key.pem"));
  // Of what an earlier step will have left.
  CHECK_THAT(text, Contains("move ssl/example.org/ssl_certificate.pem to ssl/example.org.pem"));
}

TEST_CASE("migrations: v57a needs the quota only; v75 nothing", "[storage]") {
  for (const int version : {14, 15}) {
    OldStorage old(version);
    old.make_database("mail/users.sqlite",
                      std::string("CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL "
                                  "UNIQUE, password TEXT NOT NULL, extra, privileges TEXT NOT NULL DEFAULT ''") +
                          (version == 15 ? ", quota TEXT NOT NULL DEFAULT '0'" : "") +
                          "); INSERT INTO users (email, password, privileges) VALUES ('me@example.com', 'p', 'admin')");
    old.put("mail/dkim/mail.private", "2048 bits");
    old.put("ssl/lets_encrypt/accounts/1", "account");
    const auto done = old.migrate();
    CHECK(done.size() == (version == 14 ? 1 : 0));
    CHECK(old.version() == "15\n");
    CHECK(old.columns("users").back() == "quota");
    CHECK(old.rows("mail/users.sqlite", "SELECT email || privileges || quota FROM users") ==
          Words{"me@example.comadmin0"});
    CHECK(old.content("mail/dkim/mail.private") == "2048 bits");
    CHECK(old.exists("ssl/lets_encrypt/accounts/1"));
    if (version == 14) CHECK(done.front().copy == k_root + "/before-migration-15");
  }
}

TEST_CASE("migrations: cut off at any change, the next run ends where an uninterrupted one would", "[storage]") {
  int interruptions = 0;
  for (int k = 0;; ++k) {
    OldStorage old(0);
    fill_oldest(old);
    if (migrate_until(old, k)) break;
    ++interruptions;
    CAPTURE(k);
    // What was removed or changed so far is in the copy.
    if (!old.exists("mail/dkim/mail.private")) {
      CHECK((old.exists("before-migration-8/mail/dkim/mail.private") ||
             old.exists("before-migration-8.unfinished/mail/dkim/mail.private")));
    }
    CHECK(old.content("ssl/ssl_certificate.pem") == "the box's certificate");  // at every instant
    old.migrate();
    check_migrated(old);
    CHECK(old.content("before-migration-8/mail/dkim/mail.private") == "1024 bits");
    CHECK(old.columns("users").size() == 6);
    for (int number = 1; number <= 15; ++number) {
      CHECK_FALSE(old.exists("before-migration-" + std::to_string(number) + ".unfinished"));
    }
  }
  CHECK(interruptions > 60);
}

TEST_CASE("migrations: a step that fails is undone with those before it", "[storage]") {
  const std::vector<std::pair<std::string, int>> failures = {
      {"rename " + k_root + "/ssl/domains/example.org_certifiate.pem " + k_root +
           "/ssl/example.org/ssl_certificate.pem",
       1},
      {"remove " + k_root + "/ssl/domains", 1},
      {"remove " + k_root + "/mail/mailboxes/example.com/me/.dovecot.svbin", 2},
      {"symlink " + k_root + "/ssl/ssl_certificate.pem", 10}};
  for (const auto& [operation, number] : failures) {
    CAPTURE(operation);
    OldStorage old(0);
    fill_oldest(old);
    old.host().files.fail_on = {{operation, EIO}};
    CHECK_THROWS_WITH(old.migrate(), Contains("migration " + std::to_string(number) + " of " + k_root) &&
                                         Contains("is as it was before this migration") &&
                                         Contains("before-migration-" + std::to_string(number) + ".unfinished"));
    CHECK(old.version() == std::to_string(number == 1 ? 0 : number - 1) + "\n");
    if (number == 1) {
      CHECK(old.content("ssl/domains/example.com_private_key.pem") == "key");
      CHECK(old.content("ssl/domains/example.org_certifiate.pem") == "certificate of org");
      CHECK_FALSE(old.exists("ssl/example.com"));
    }
    if (number == 2) CHECK(old.content("mail/mailboxes/example.com/me/.dovecot.sieve") == "keep;");
    if (number == 10) {
      CHECK(old.host().info(k_root + "/ssl/ssl_certificate.pem").kind == FileKind::regular);
      CHECK_FALSE(old.exists("ssl/box.example.com-20261123.pem"));
    }
    old.host().files.fail_on.clear();
    old.migrate();
    check_migrated(old);
  }
}

TEST_CASE("migrations: root opens no database in a folder of another account", "[storage]") {
  const std::string webmail = "mail/roundcube/roundcube.sqlite";
  OldStorage old(11);
  fill_oldest(old);
  old.host().files.set_attributes(k_root + "/" + webmail, {.mode = 0640, .uid = 33, .gid = 33});
  const std::string bytes = old.content(webmail);
  SECTION("a journal that lies beside it is neither played back nor removed") {
    const std::string ending = GENERATE("-journal", "-wal");
    old.put(webmail + ending, "planted");
    CHECK_THROWS_WITH(old.plan(), Contains(ending + " lies beside it") && Contains("sudo -u '#33' sqlite3"));
    CHECK_THROWS_WITH(old.migrate(), Contains("migration 12 of") && Contains(ending + " lies beside it"));
    CHECK(old.content(webmail + ending) == "planted");
    CHECK((old.content(webmail) == bytes));
    old.host().erase(k_root + "/" + webmail + ending);
  }
  SECTION("an empty one, as some programs leave it, does not matter") { old.put(webmail + "-journal", ""); }
  SECTION("one in WAL mode becomes one that is not") {
    std::string wal = bytes;
    wal[18] = wal[19] = 2;
    old.put(webmail, wal, 0640);
    old.host().files.set_attributes(k_root + "/" + webmail, {.mode = 0640, .uid = 33, .gid = 33});
  }
  CHECK(old.plan().front().changes.size() == 3);
  old.migrate();
  CHECK(old.rows(webmail, "SELECT name FROM sqlite_master ORDER BY 1") == Words{"identities", "session"});
  CHECK(old.rows(webmail, "SELECT * FROM session").empty());
  const FileInfo info = old.host().info(k_root + "/" + webmail);
  CHECK(info.mode == 0640);
  CHECK(info.uid == 33);
  CHECK(info.gid == 33);
}

TEST_CASE("migrations: a full disk leaves the data and says so", "[storage]") {
  OldStorage old(0);
  fill_oldest(old);
  old.host().files.fail_on = {{"write " + k_root +
                                   "/before-migration-2.unfinished/mail/mailboxes/example.com/me/"
                                   ".dovecot.sieve",
                               ENOSPC}};
  try {
    old.migrate();
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::no_space);
    CHECK_THAT(error.what(), Contains("migration 2 of"));
  }
  CHECK(old.version() == "1\n");
  CHECK(old.content("mail/mailboxes/example.com/me/.dovecot.sieve") == "keep;");

  // A database that cannot grow: the copy fails, or the change.
  OldStorage small(14);
  small.make_database("mail/users.sqlite", k_oldest_schema);
  small.host().files.fail_on = {{"mkdir " + k_root + "/before-migration-15.unfinished", ENOSPC}};
  CHECK_THROWS_WITH(small.migrate(), Contains("migration 15 of") && Contains("nothing had been changed"));
  CHECK(small.version() == "14\n");
  CHECK(small.columns("users") == Words{"id", "email", "password", "extra"});
}

TEST_CASE("migrations: a damaged database stays as it is, and its copy is named", "[storage]") {
  OldStorage old(14);
  std::string many = k_oldest_schema;
  for (int i = 0; i < 500; ++i) {
    many +=
        "INSERT INTO users (email, password) VALUES ('user" + std::to_string(i) + "@example.com', 'xxxxxxxxxxxxxxx');";
  }
  old.make_database("mail/users.sqlite", many);
  std::string bytes = old.content("mail/users.sqlite");
  REQUIRE(bytes.size() > 5 * 4096);
  bytes.replace(3 * 4096, 3000, 3000, '\xa5');
  old.put("mail/users.sqlite", bytes);
  CHECK_THROWS_WITH(old.migrate(), Contains("migration 15 of") && Contains("damaged") && Contains("restore it") &&
                                       Contains("before-migration-15.unfinished/mail/users.sqlite"));
  CHECK((old.content("mail/users.sqlite") == bytes));
  // The first page has counters of SQLite's own.
  CHECK((old.content("before-migration-15.unfinished/mail/users.sqlite").substr(4096) == bytes.substr(4096)));
  CHECK(old.version() == "14\n");

  OldStorage worse(14);
  worse.put("mail/users.sqlite",
            "this is no database, but long enough to be looked at as if it were one .............");
  CHECK_THROWS_WITH(worse.migrate(), Contains("mail/users.sqlite") && Contains("damaged"));
  CHECK(worse.version() == "14\n");
}

TEST_CASE("migrations: data of a newer release is refused with both numbers, before anything is touched", "[storage]") {
  OldStorage old(16);
  old.make_database("mail/users.sqlite", k_oldest_schema);
  const auto before = old.host().snapshot();
  for (const Words& words : {Words{"migrate"}, Words{"migrate", "--plan"}}) {
    try {
      old.run(words);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::unsuitable);
      CHECK_THAT(error.what(), Contains("has layout 16") && Contains("up to 15"));
    }
  }
  CHECK(old.host().snapshot() == before);
  old.put("mailinabox.version", "fifteen\n");
  CHECK_THROWS_WITH(old.migrate(), Contains("mailinabox.version") && Contains("\"fifteen\""));
}

TEST_CASE("migrations: the number of the oldest boxes stands among the answers, and leaves them", "[storage]") {
  OldStorage old(0);
  fill_oldest(old);
  old.host().erase(k_root + "/mailinabox.version");
  CHECK(old.run({"migrate", "--plan"}) == ExitCode::ok);  // no number at all: taken as of the present layout
  CHECK_THAT(old.line.output.str(), Contains("no mailinabox.version"));
  old.host().put("/etc/mailinabox.conf",
                 "STORAGE_ROOT=" + k_root + "\nPRIMARY_HOSTNAME=box.example.com\nMIGRATIONID=1\nMINE=kept\n");
  CHECK(old.run({"migrate"}) == ExitCode::ok);
  CHECK_THAT(old.line.output.str(),
             Contains("Migration 15: Users get a quota. The old state is kept in " + k_root + "/before-migration-15."));
  CHECK(old.exists("ssl/domains"));  // migration 1 had been done, says the number
  CHECK(old.version() == "15\n");
  CHECK_FALSE(old.answers().find("MIGRATIONID"));
  CHECK(old.answers().get("MINE") == "kept");
  CHECK(old.run({"migrate"}) == ExitCode::ok);
  CHECK_THAT(old.line.output.str(), Contains("has the present layout, 15"));
}

TEST_CASE("migrations: an alias whose ASCII form exists stays, one that leads to it too", "[storage]") {
  OldStorage old(6);
  old.make_database("mail/users.sqlite",
                    std::string(k_oldest_schema) +
                        "INSERT INTO aliases (source, destination) VALUES ('a@müller.example', 'b@example.com'), "
                        "('a@xn--mller-kva.example', 'c@example.com'), ('@müller.example', '@xn--mller-kva.example')");
  old.migrate();
  CHECK(old.rows("mail/users.sqlite", "SELECT source FROM aliases ORDER BY id") ==
        Words{"a@müller.example", "a@xn--mller-kva.example", "@müller.example"});
}

TEST_CASE("migrations: copies of an earlier taking over are kept beside the new ones", "[storage]") {
  OldStorage old(14);
  old.make_database("mail/users.sqlite", k_oldest_schema);
  old.put("before-migration-15/mail/users.sqlite", "earlier");
  CHECK(old.migrate().front().copy == k_root + "/before-migration-15-2");
  CHECK(old.content("before-migration-15/mail/users.sqlite") == "earlier");
}

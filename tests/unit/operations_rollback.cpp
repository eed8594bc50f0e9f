// A rollback as an operator sees it: who agrees to it, what it holds afterwards, answers that go back, too.
#include "operations/hold.hpp"
#include "operations/journal.hpp"
#include "support/catch.hpp"
#include "support/model_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const char* const k_own = "/etc/own";
const char* const k_answers = "/etc/mailinabox.conf";

// A box whose second generation made a file by an override, and whose last one went back to before that.
struct RolledBackBox : ModelBox {
  RolledBackBox() {
    set_up();
    host.put("/local/own.yaml", "recipe: own\nsummary: own\nresources:\n  - file: /etc/own\n    content: x\n");
    REQUIRE(run({"setup"}) == ExitCode::ok);
    REQUIRE(host.exists(k_own));
    REQUIRE(run({"rollback", "--yes"}) == ExitCode::ok);
    REQUIRE_FALSE(host.exists(k_own));
  }
};

ExitCode code_of(ModelBox& box, const std::vector<std::string>& words) {
  try {
    return box.run(words);
  } catch (const Error& error) {
    box.errors << error.what();
    return error.code();
  }
}

// The next setup answers one question otherwise. Returns the file with the first one's answers.
std::string set_up_and_answer_otherwise(ModelBox& box, const std::string& question, const std::string& answer) {
  const auto variables = box.console.variables;
  box.set_up();
  box.console.variables = variables;
  box.console.variables[question] = answer;
  return box.host.content(k_answers);
}

}  // namespace

TEST_CASE("rollback: the nightly run leaves the box as it is and says so, until it is let go",
          "[operations][rollback]") {
  RolledBackBox box;
  CHECK_THAT(box.output.str(), Contains("The box is held as it was before generation 2") && Contains("--release"));
  box.console.variables["NONINTERACTIVE"] = "1";
  CHECK(code_of(box, {"setup", "--quiet"}) == ExitCode::missing_answers);
  CHECK_THAT(box.errors.str(), Contains("held as it was before generation 2") && Contains("rollback --release"));
  CHECK_FALSE(box.host.exists(k_own));
  CHECK(code_of(box, {"plan"}) == ExitCode::changes);
  CHECK_THAT(box.errors.str(), Contains("Warning: The box is held"));
  CHECK_THAT(box.run_json({"history"})["held"].get<std::string>(), Contains("generation 2"));

  CHECK(box.run({"rollback", "--release"}) == ExitCode::ok);
  CHECK(box.run({"setup", "--quiet"}) == ExitCode::ok);
  CHECK(box.host.exists(k_own));
  CHECK(box.run({"rollback", "--release"}) == ExitCode::ok);
  CHECK(box.output.str() == "No rollback holds the box.\n");
}

TEST_CASE("rollback: setup asks whether it may end, and --yes says so", "[operations][rollback]") {
  RolledBackBox box;
  SECTION("no") {
    box.person.here = true;
    box.person.types = {""};
    CHECK(code_of(box, {"setup"}) == ExitCode::failed);
    CHECK_FALSE(box.host.exists(k_own));
    CHECK(read_hold(box.box));
    return;
  }
  SECTION("yes") {
    box.person.here = true;
    box.person.types = {"y"};
    CHECK(code_of(box, {"setup"}) == ExitCode::ok);
    CHECK_THAT(box.person.heard, Contains("held as it was before generation 2"));
  }
  SECTION("--yes") { CHECK(code_of(box, {"setup", "--yes"}) == ExitCode::ok); }
  CHECK(box.host.exists(k_own));
  CHECK_FALSE(read_hold(box.box));
}

TEST_CASE("rollback: while it holds the box, users' changes are published and nothing else", "[operations][rollback]") {
  RolledBackBox box;
  box.host.put("/share/recipes/web.yaml",
               "recipe: web\nsummary: sites\nresources:\n"
               "  - file: /etc/sites\n    content: \"{{#web_domains}}{{.}}\\n{{/web_domains}}\"\n"
               "  - file: /etc/web\n    content: new\n");
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("The box is held"));
  CHECK(box.host.exists("/etc/zones/example.org.txt"));
  CHECK_THAT(box.host.content("/etc/sites"), Contains("example.org"));
  CHECK_FALSE(box.host.exists("/etc/web"));
  CHECK_FALSE(box.host.exists(k_own));
}

TEST_CASE("rollback: a changed host name goes back, and so do the zones", "[operations][rollback]") {
  ModelBox box;
  const std::string before = set_up_and_answer_otherwise(box, "PRIMARY_HOSTNAME", "other.example.com");
  REQUIRE(box.run({"setup"}) == ExitCode::ok);
  REQUIRE_THAT(box.host.content(k_zone), Contains("other.example.com"));
  CHECK_THAT(box.output.str(), !Contains("Nothing to do") && Contains("Recorded as generation 2"));
  REQUIRE(box.run_json({"history"})["generations"].size() == 2);
  CHECK(box.run({"rollback", "--yes"}) == ExitCode::ok);
  CHECK(box.host.content(k_answers) == before);
  CHECK_THAT(box.host.content(k_zone), Contains("box.example.com") && !Contains("other.example.com"));
  CHECK(box.run_json({"history"})["generations"].size() == 3);
}

TEST_CASE("rollback: to before the first setup there is no box any more, and its data stays",
          "[operations][rollback]") {
  ModelBox box;
  box.set_up();
  CHECK(box.run({"rollback", "1", "--yes"}) == ExitCode::ok);
  CHECK_FALSE(box.host.exists(k_answers));
  CHECK_FALSE(is_set_up(box.box));
  CHECK(box.host.exists("/home/user-data/mail/users.sqlite"));
  CHECK_THROWS_WITH(box.run({"user", "list"}), Contains("There is no box on this machine yet"));
}

TEST_CASE("rollback: only answers may have changed", "[operations][rollback]") {
  ModelBox box;
  const std::string before = set_up_and_answer_otherwise(box, "STORAGE_USER", "other-data");
  REQUIRE(box.run({"setup"}) == ExitCode::ok);
  REQUIRE(box.host.content(k_answers) != before);
  CHECK_THAT(box.output.str(), !Contains("Nothing to do") && Contains("Recorded as generation 2"));
  CHECK(box.run({"rollback", "--yes"}) == ExitCode::ok);
  CHECK(box.host.content(k_answers) == before);
}

TEST_CASE("rollback: JSON is a form of output, no consent", "[operations][rollback]") {
  ModelBox box;
  box.set_up();
  CHECK(code_of(box, {"rollback", "1", "--json"}) == ExitCode::usage);
  const auto said = nlohmann::json::parse(box.output.str());
  CHECK(said["result"] == "failed");
  CHECK(said["changed"] == 0);
  CHECK_THAT(said["error"].get<std::string>(), Contains("--yes"));
  CHECK(said["plan"]["changed"].get<int>() > 0);
  CHECK(box.host.exists(k_answers));
  CHECK_FALSE(read_hold(box.box));
  box.person.here = true;
  box.person.types = {"n"};
  CHECK(code_of(box, {"rollback", "1", "--json"}) == ExitCode::failed);
  CHECK(nlohmann::json::parse(box.output.str())["error"] == "Nothing has been changed.");
  CHECK(box.run({"rollback", "1", "--json", "--yes"}) == ExitCode::ok);
  CHECK_FALSE(box.host.exists(k_answers));
}

TEST_CASE("rollback: one that cannot be done is refused before its first change", "[operations][rollback]") {
  RolledBackBox box;
  const std::string contents = "/var/lib/mailinabox/generations/3/content";
  for (const std::string& name : box.host.files.list(contents)) box.host.put(contents + "/" + name, "other", 0600);
  CHECK(code_of(box, {"rollback", "3", "--yes"}) == ExitCode::failed);
  CHECK_THAT(box.errors.str(), Contains("cannot be rolled back, and nothing was changed") && Contains("/etc/own"));
  CHECK_FALSE(box.host.exists(k_own));
}

TEST_CASE("rollback: while it holds the box, the nightly run keeps up what follows from data",
          "[operations][rollback]") {
  RolledBackBox box;
  const std::string zone = box.host.content(k_zone);
  box.host.put(k_zone, "signatures that end soon");
  box.console.variables["NONINTERACTIVE"] = "1";
  CHECK(code_of(box, {"setup", "--quiet"}) == ExitCode::missing_answers);
  CHECK(box.host.content(k_zone) == zone);
  CHECK_FALSE(box.host.exists(k_own));
  CHECK(read_hold(box.box));
  CHECK_THAT(box.errors.str(), Contains("follows from the box's data"));

  box.host.put(k_zone, "signatures that end soon");
  box.host.files.fail_on[std::string("write ") + k_zone] = 5;
  CHECK(code_of(box, {"setup", "--quiet"}) == ExitCode::missing_answers);
  CHECK_THAT(box.errors.str(), Contains("held as it was before generation 2") && Contains(k_zone));
}

TEST_CASE("rollback: setup of one recipe leaves the hold", "[operations][rollback]") {
  RolledBackBox box;
  CHECK(code_of(box, {"setup", "--only", "web", "--yes"}) == ExitCode::ok);
  CHECK(read_hold(box.box));
  box.person.here = true;
  box.person.types = {"y"};
  CHECK(code_of(box, {"setup", "--only", "web"}) == ExitCode::ok);
  CHECK_THAT(box.person.heard, Contains("The box stays held"));
  CHECK(read_hold(box.box));
}

TEST_CASE("rollback: a setup that cannot fetch leaves the hold and the answers", "[operations][rollback]") {
  RolledBackBox box;
  const std::string answers = box.host.content(k_answers);
  box.host.put("/local/own.yaml",
               "recipe: own\nsummary: own\nresources:\n  - download: /opt/x\n    url: https://example.org/x\n    "
               "sha256: " +
                   std::string(64, 'a') + "\n");
  box.console.variables = {{"NONINTERACTIVE", "1"}, {"STORAGE_USER", "other-data"}};
  CHECK(code_of(box, {"setup", "--yes"}) == ExitCode::no_network);
  CHECK(read_hold(box.box));
  CHECK(box.host.content(k_answers) == answers);
}

TEST_CASE("rollback: of a run that was cut off", "[operations][rollback]") {
  ModelBox box;
  box.set_up();
  {
    const auto journal = open_journal(box.box);
    journal->begin("setup");
    journal->change({"file", k_own}, "own", Action::create, {}, Resource::Lasting{});
    journal->keep(k_own, {"file", k_own});
    journal->change({"file", "/etc/not-reached"}, "own", Action::create, {}, Resource::Lasting{});
    journal->keep("/etc/not-reached", {"file", "/etc/not-reached"});
    journal->change({"package", "mutt"}, "own", Action::install, {}, Resource::Lasting{});
    journal->sync();
    box.host.put(k_own, "half");
  }
  CHECK(box.run({"history"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("was cut off or is still under way"));
  CHECK(box.run_json({"history"})["warnings"].size() == 1);
  SECTION("the last one") { CHECK(box.run({"rollback", "--yes"}) == ExitCode::ok); }
  SECTION("and those before it") {
    CHECK(box.run({"rollback", "1", "--yes"}) == ExitCode::ok);
    CHECK_FALSE(box.host.exists(k_answers));
  }
  CHECK_FALSE(box.host.exists(k_own));
  // What it had no time to write down is seen from its files.
  const auto generation = box.run_json({"history"})["generations"][1];
  CHECK(generation["result"] == "cut off");
  CHECK(generation["changes"] == std::vector<std::string>{std::string("file:") + k_own});
  CHECK(generation["not_certain"] == std::vector<std::string>{"package:mutt"});
  CHECK(box.run({"history"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("cut off  1 changed, 1 perhaps\n"));
}

TEST_CASE("rollback: what was put back is reported if bringing the data up to date fails", "[operations][rollback]") {
  ModelBox box;
  const std::string before = set_up_and_answer_otherwise(box, "PRIMARY_HOSTNAME", "other.example.com");
  // With the old host name it declares one file twice.
  box.host.put("/local/own.yaml",
               "recipe: own\nsummary: own\nresources:\n  - file: /etc/own-{{primary_hostname}}\n    content: x\n"
               "  - file: /etc/own-box.example.com\n    content: x\n");
  REQUIRE(box.run({"setup"}) == ExitCode::ok);
  const bool json = GENERATE(true, false);
  CHECK(code_of(box, json ? std::vector<std::string>{"rollback", "--yes", "--json"}
                          : std::vector<std::string>{"rollback", "--yes"}) == ExitCode::failed);
  CHECK(box.host.content(k_answers) == before);
  if (json) {
    const auto said = nlohmann::json::parse(box.output.str());
    CHECK(said["result"] == "failed");
    CHECK(said["changed"].get<int>() > 0);
    CHECK_THAT(said["error"].get<std::string>(), Contains("own-box.example.com"));
    CHECK(said.contains("not_undone"));
  } else {
    CHECK_THAT(box.output.str(), Contains("Changed 3") && Contains("The box is held"));
    CHECK_THAT(box.errors.str(), Contains("own-box.example.com"));
  }
}

namespace {

// Its addresses that begin with administrator@.
std::vector<std::string> administrators(ModelBox& box) {
  std::vector<std::string> found;
  const auto list = box.run_json({"alias", "list"});
  for (const auto& alias : list["aliases"]) {
    const auto address = alias["address"].get<std::string>();
    if (address.starts_with("administrator@")) found.push_back(address);
  }
  return found;
}

}  // namespace

TEST_CASE("rollback: the administrator's address follows the box's name, there and back", "[operations][rollback]") {
  ModelBox box;
  static_cast<void>(set_up_and_answer_otherwise(box, "PRIMARY_HOSTNAME", "other.example.net"));
  REQUIRE(administrators(box) == std::vector<std::string>{"administrator@box.example.com"});
  SECTION("nothing else needs the old name") {
    REQUIRE(box.run({"setup"}) == ExitCode::ok);
    CHECK(administrators(box) == std::vector<std::string>{"administrator@other.example.net"});
    CHECK(box.models().input.mail_domains == std::vector<std::string>{"example.com", "other.example.net"});
    REQUIRE(box.run({"rollback", "--yes"}) == ExitCode::ok);
    CHECK(administrators(box) == std::vector<std::string>{"administrator@box.example.com"});
  }
  SECTION("if the run is cut off once it has the new name, the next one does it") {
    const std::string left = "/var/lib/mailinabox/host-name-left";
    box.host.files.fail_on["remove " + left] = 5;
    CHECK(box.run({"setup"}) != ExitCode::ok);
    CHECK(box.host.content(left) == "box.example.com\n");
    box.host.files.fail_on.clear();
    REQUIRE(box.run({"alias", "remove", "administrator@other.example.net"}) == ExitCode::ok);
    REQUIRE(box.run({"alias", "add", "administrator@box.example.com", "me@example.com"}) == ExitCode::ok);
    REQUIRE(box.run({"setup"}) == ExitCode::ok);
    CHECK(administrators(box) == std::vector<std::string>{"administrator@other.example.net"});
    CHECK_FALSE(box.host.exists(left));
  }
  SECTION("it stays while something is in its domain, or leads to it") {
    const auto alias = GENERATE(std::vector<std::string>{"info@box.example.com", "me@example.com"},
                                std::vector<std::string>{"info@example.com", "administrator@box.example.com"},
                                std::vector<std::string>{"@example.org", "@box.example.com"});
    REQUIRE(box.run({"alias", "add", alias[0], alias[1]}) == ExitCode::ok);
    REQUIRE(box.run({"setup"}) == ExitCode::ok);
    CHECK(administrators(box).size() == 2);
  }
  SECTION("it stays if it is not as setup made it") {
    REQUIRE(box.run({"alias", "add", "administrator@box.example.com", "me@example.com", "--sender", "me@example.com",
                     "--update"}) == ExitCode::ok);
    REQUIRE(box.run({"setup"}) == ExitCode::ok);
    CHECK(administrators(box).size() == 2);
  }
}

TEST_CASE("rollback: one to before the first setup that was cut off leaves no box", "[operations][rollback]") {
  ModelBox box;
  const auto variables = box.console.variables;
  box.set_up();
  box.host.erase(k_answers);
  CHECK_FALSE(is_set_up(box.box));
  box.console.variables = variables;
  REQUIRE(box.run({"setup", "--only", "web"}) == ExitCode::ok);
  CHECK(box.host.exists(k_answers));
  CHECK_FALSE(is_set_up(box.box));
}

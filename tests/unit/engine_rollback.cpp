// Generations: history, going back to before one, what stays, pruning. Recipes are applied to a temporary machine.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engine/engine.hpp"
#include "engine/generations.hpp"
#include "recipe/loader.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_state = "/var/lib/mailinabox";

class Box {
 public:
  test::TestHost host{};

  Box() { host.put_directory("/srv"); }

  // Entries that use the list `domains` follow from data, as those that use a model of the box do.
  Catalog load(const std::string& resources, const ValueList& domains = {}) {
    host.put("/share/recipes/platforms/debian-12.yaml", "name: debian-12\n");
    host.put("/share/recipes/one.yaml",
             "recipe: one\nsummary: one\nresources:\n" + resources + "services:\n  web: {unit: web.service}\n");
    Catalog catalog = load_catalog(host.files, {"/share/recipes", "/share/templates", "/local"},
                                   Value(ValueMap{{"domains", domains}}), "debian-12");
    for (CatalogEntry& entry : catalog.entries) entry.follows_from_data = entry.uses.contains("domains");
    return catalog;
  }

  Report run(const Catalog& catalog, const std::string& command = "setup") {
    const auto journal = std::make_unique<Journal>(host.files, host.clock, k_state, "1.0");
    System system = host.system();
    Reporter reporter;
    Report report = apply(catalog, system, *journal, reporter, command);
    for (const Outcome& outcome : report.outcomes) {
      if (!outcome.error.empty()) UNSCOPED_INFO(outcome.id.text() << ": " << outcome.error);
    }
    return report;
  }

  Report roll_back(const Catalog& present, std::int64_t number) {
    return run(make_rollback(present, host.files, k_state, number).catalog, "rollback");
  }
};

const std::string k_first =
    "  - file: /etc/a\n    content: \"one\\n\"\n    mode: \"0640\"\n    notify: web\n"
    "  - directory: /srv/new\n  - file: /srv/new/b\n    content: b\n  - symlink: /etc/link\n    target: a\n";
const std::string k_second =
    "  - file: /etc/a\n    content: \"two\\n\"\n    notify: web\n  - symlink: /etc/link\n    target: b\n"
    "  - absent: /srv/new/b\n";

}  // namespace

TEST_CASE("rollback: contents, modes and links are as they were, and the service is told once", "[engine][rollback]") {
  Box box;
  REQUIRE_FALSE(box.run(box.load(k_first)).failed());
  const auto before = box.host.info("/etc/a");
  const Catalog second = box.load(k_second);
  REQUIRE_FALSE(box.run(second).failed());
  REQUIRE(box.host.content("/etc/a") == "two\n");
  REQUIRE_FALSE(box.host.exists("/srv/new/b"));
  const int reloads = box.host.services.states["web"].reloads;

  const Report report = box.roll_back(second, 2);
  CHECK_FALSE(report.failed());
  CHECK(box.host.content("/etc/a") == "one\n");
  CHECK(box.host.info("/etc/a").mode == before.mode);
  CHECK(box.host.link_target("/etc/link") == "a");
  CHECK(box.host.content("/srv/new/b") == "b");
  CHECK(report.reloaded == std::vector<std::string>{"web"});
  CHECK(box.host.services.states["web"].reloads == reloads + 1);
  CHECK(report.generation == 3);
}

TEST_CASE("rollback: zones stay as they are served, they follow from data that stays", "[engine][rollback]") {
  Box box;
  box.host.put_directory("/etc/zones");
  box.host.put_directory("/keys");
  REQUIRE_FALSE(box.run(box.load("  - dnssec_key: /keys\n")).failed());
  const auto zone = [&](const std::string& address) {
    return "  - zone: example.com\n    directory: /etc/zones\n    keys: /keys\n    name_server: ns1.example.com\n"
           "    hostmaster: h.example.com\n    records: \"\\tIN\\tNS\\tns1.example.com.\\nns1\\tIN\\tA\\t" +
           address + "\\n\"\n";
  };
  REQUIRE_FALSE(box.run(box.load(zone("192.0.2.1"))).failed());
  const Catalog second = box.load(zone("192.0.2.2"));
  REQUIRE_FALSE(box.run(second).failed());
  const std::string served = box.host.content("/etc/zones/example.com.txt.signed");
  const Rollback rollback = make_rollback(second, box.host.files, k_state, 3);
  CHECK(std::find(rollback.not_undone.begin(), rollback.not_undone.end(),
                  "/etc/zones/example.com.txt.signed stays: it follows from data that stays") !=
        rollback.not_undone.end());
  CHECK_FALSE(box.run(rollback.catalog, "rollback").failed());
  CHECK(box.host.content("/etc/zones/example.com.txt.signed") == served);
}

TEST_CASE("rollback: files made of data stay as they are, and so do those that a domain's removal removed",
          "[engine][rollback]") {
  Box box;
  const std::string resources =
      "  - file: /etc/table\n    content: \"{{#domains}}{{.}} {{/domains}}\"\n    notify: web\n"
      "  - directory: /etc/zones\n    only: \"{{domains}}\"\n    notify: web\n"
      "  - file: \"/etc/zones/{{domain}}\"\n    for_each: domains\n    as: domain\n    content: zone\n"
      "  - file: /etc/plain\n    content: ";
  REQUIRE_FALSE(box.run(box.load(resources + "one\n", {Value("a"), Value("b")})).failed());
  const Catalog present = box.load(resources + "two\n", {Value("a"), Value("c")});
  REQUIRE_FALSE(box.run(present).failed());
  REQUIRE_FALSE(box.host.exists("/etc/zones/b"));
  const int reloads = box.host.services.states["web"].reloads;

  const Report report = box.roll_back(present, 2);
  CHECK_FALSE(report.failed());
  CHECK(box.host.content("/etc/table") == "a c ");
  CHECK_FALSE(box.host.exists("/etc/zones/b"));
  CHECK(box.host.exists("/etc/zones/c"));
  CHECK(box.host.content("/etc/plain") == "one");
  CHECK(box.host.services.states["web"].reloads == reloads);
}

TEST_CASE("rollback: a service that was not there before is stopped, first, and told nothing", "[engine][rollback]") {
  Box box;
  const Catalog catalog = box.load(
      k_first +
          "  - command: compile\n    run: [compile, /etc/a]\n    on_notify: true\n"
          "  - file: /etc/table\n    content: \"{{#domains}}{{.}}{{/domains}}\"\n    notify: [web, command:compile]\n",
      {Value("a")});
  box.host.commands.answer({"compile", "/etc/a"}, {});
  REQUIRE_FALSE(box.run(catalog).failed());
  const auto& web = box.host.services.states["web"];
  REQUIRE(web.active);
  box.host.commands.calls.clear();
  const Report report = box.roll_back(catalog, 1);
  CHECK_FALSE(report.failed());
  CHECK_FALSE(web.active);
  CHECK_FALSE(web.enabled);
  CHECK(web.reloads == 0);
  CHECK(report.reloaded.empty());
  CHECK_FALSE(box.host.exists("/etc/a"));
  CHECK(report.outcomes.front().id.text() == "service:web");
  CHECK(box.host.commands.calls.empty());  // what the handler works on is not there any more
  CHECK_FALSE(box.run(catalog).failed());
  CHECK(web.active);
}

TEST_CASE("rollback: the running host name is that of before the first, whatever its resource is called",
          "[engine][rollback]") {
  Box box;
  box.host.put("/etc/hosts", "127.0.0.1 localhost\n");
  Catalog present;
  for (const char* name : {"one.test", "two.test", "a.test"}) {
    present = box.load("  - hostname: " + std::string(name) + "\n");
    REQUIRE_FALSE(box.run(present).failed());
    REQUIRE(box.host.machine.name == name);
  }
  CHECK_FALSE(box.roll_back(present, 3).failed());
  CHECK(box.host.machine.name == "two.test");
  CHECK_FALSE(box.roll_back(present, 1).failed());
  CHECK(box.host.machine.name == "machine");
  CHECK_FALSE(box.host.exists("/etc/hostname"));
}

TEST_CASE("rollback: a service that was only down, or ran, goes on", "[engine][rollback]") {
  Box box;
  auto& web = box.host.services.states["web"];
  web.enabled = true;
  web.active = GENERATE(true, false);
  const Catalog catalog = box.load(k_first);
  REQUIRE_FALSE(box.run(catalog).failed());
  CHECK_FALSE(box.roll_back(catalog, 1).failed());
  CHECK(web.active);
  CHECK(web.stops == 0);
}

TEST_CASE("rollback: a service that refuses takes back its own files only, directories before what is in them",
          "[engine][rollback]") {
  Box box;
  const std::string services = "  mail: {unit: mail.service, validate: [check-mail]}\n";
  const std::string hosts = "  - hostname: box.example.com\n";
  const auto load = [&](const std::string& resources) {
    box.host.put("/share/recipes/two.yaml",
                 "recipe: two\nsummary: two\nresources:\n" + hosts + resources + "services:\n" + services);
    return box.load("  - file: /etc/web\n    content: \"" + std::to_string(resources.size()) + "\"\n    notify: web\n");
  };
  for (const char* name : {"web", "mail"}) box.host.services.states[name].enabled = true;
  box.host.commands.answer({"check-mail"}, {});
  REQUIRE_FALSE(box.run(load("  - absent: /etc/none\n")).failed());
  const std::string before = box.host.content("/etc/hosts");
  box.host.put("/etc/hosts", "127.0.0.1 localhost\n");
  const Catalog present = load("  - directory: /etc/mail\n  - file: /etc/mail/x\n    content: x\n    notify: mail\n");
  REQUIRE_FALSE(box.run(present).failed());
  REQUIRE(box.host.content("/etc/hosts") == before);

  box.host.commands.answer({"check-mail"}, {.exit_code = 1, .err = "no file x"});
  const Report report = box.roll_back(present, 2);
  CHECK(report.failed());
  CHECK(box.host.content("/etc/mail/x") == "x");
  CHECK(box.host.content("/etc/hosts") == "127.0.0.1 localhost\n");
  CHECK(report.reloaded == std::vector<std::string>{"web"});
  REQUIRE(report.refresh_failures.size() == 1);
  CHECK_THAT(report.refresh_failures[0].error, !Contains("could not be put back"));
}

TEST_CASE("rollback: it can be rolled back itself", "[engine][rollback]") {
  Box box;
  static_cast<void>(box.run(box.load(k_first)));
  const Catalog second = box.load(k_second);
  static_cast<void>(box.run(second));
  const auto state = box.host.content("/etc/a");
  static_cast<void>(box.roll_back(second, 2));
  CHECK_FALSE(box.roll_back(second, 3).failed());
  CHECK(box.host.content("/etc/a") == state);
  CHECK_FALSE(box.host.exists("/srv/new/b"));
}

TEST_CASE("rollback: over several generations, what a run made goes, but never what others put there",
          "[engine][rollback]") {
  Box box;
  box.host.put("/etc/a", "original\n", 0600);
  const Catalog first = box.load(k_first);
  static_cast<void>(box.run(first));
  const Catalog second = box.load(k_second);
  static_cast<void>(box.run(second));
  SECTION("empty directories go") {
    CHECK_FALSE(box.roll_back(second, 1).failed());
    CHECK(box.host.content("/etc/a") == "original\n");
    CHECK(box.host.info("/etc/a").mode == 0600);
    CHECK_FALSE(box.host.exists("/srv/new"));
    CHECK_FALSE(box.host.exists("/etc/link"));
  }
  SECTION("a directory that somebody uses stays") {
    box.host.put("/srv/new/mail", "a message");
    CHECK_FALSE(box.roll_back(second, 1).failed());
    CHECK(box.host.content("/srv/new/mail") == "a message");
  }
}

TEST_CASE("rollback: databases and keys stay, and are named", "[engine][rollback]") {
  Box box;
  box.host.put("/share/templates/x.sql", "CREATE TABLE t (id INTEGER PRIMARY KEY);");
  const Catalog catalog = box.load(
      "  - database: /srv/data.sqlite\n    schema: x.sql\n  - secret: /srv/key\n  - file: /etc/a\n    content: x\n");
  REQUIRE_FALSE(box.run(catalog).failed());
  const Rollback rollback = make_rollback(catalog, box.host.files, k_state, 1);
  CHECK_FALSE(box.run(rollback.catalog, "rollback").failed());
  CHECK(box.host.exists("/srv/data.sqlite"));
  CHECK(box.host.exists("/srv/key"));
  CHECK_FALSE(box.host.exists("/etc/a"));
  const std::string all = fmt::format("{}", fmt::join(rollback.not_undone, "\n"));
  CHECK_THAT(all, Contains("/srv/data.sqlite stays") && Contains("/srv/key stays"));
}

TEST_CASE("rollback: what older versions did not record is asked of the recipes, and else stays",
          "[engine][rollback]") {
  Box box;
  const std::string resources = "  - secret: /srv/key\n  - file: /etc/a\n    content: x\n";
  const Catalog catalog = box.load(resources + "  - file: /etc/dropped\n    content: x\n");
  REQUIRE_FALSE(box.run(catalog).failed());
  const std::string journal = std::string(k_state) + "/generations/1/journal.jsonl";
  std::string text = box.host.content(journal);
  const Catalog present = box.load(resources);
  const auto lines = [&] {
    return fmt::format("{}", fmt::join(make_rollback(present, box.host.files, k_state, 1).not_undone, "\n"));
  };
  CHECK_THAT(lines(), Contains("/srv/key stays: it is data") && !Contains("dropped"));
  for (const std::string recorded : {"\"data\":[],", "\"data\":[\"/srv/key\"],"}) {
    for (std::size_t at = text.find(recorded); at != std::string::npos; at = text.find(recorded)) {
      text.erase(at, recorded.size());
    }
  }
  box.host.put(journal, text);
  CHECK(text.find("data") == std::string::npos);
  CHECK_THAT(lines(),
             Contains("/srv/key stays: it is data") && Contains("file:/etc/dropped stays as that run left it"));
  CHECK_FALSE(box.roll_back(present, 1).failed());
  CHECK(box.host.exists("/srv/key"));
  CHECK(box.host.exists("/etc/dropped"));
  CHECK_FALSE(box.host.exists("/etc/a"));
}

TEST_CASE("rollback: a generation that is gone or damaged is named, and nothing happens", "[engine][rollback]") {
  Box box;
  const Catalog catalog = box.load(k_first);
  CHECK_THROWS_WITH(make_rollback(catalog, box.host.files, k_state, 1), Contains("no run has changed anything"));
  static_cast<void>(box.run(catalog));
  CHECK_THROWS_WITH(make_rollback(catalog, box.host.files, k_state, 7), Contains("there are: 1"));
  const std::string journal = std::string(k_state) + "/generations/1/journal.jsonl";
  SECTION("garbage") { box.host.put(journal, "{\"type\":\"begin\"\ngarbage\nmore\n"); }
  SECTION("from a newer version") {
    box.host.put(journal,
                 "{\"type\":\"begin\",\"format\":99,\"version\":\"9\",\"started\":\"\",\"command\":\"\"}\n{}\n");
  }
  CHECK_THROWS_WITH(make_rollback(catalog, box.host.files, k_state, 1), Contains("generation 1 is damaged"));
}

TEST_CASE("rollback: an old content that was tampered with is not trusted", "[engine][rollback]") {
  Box box;
  static_cast<void>(box.run(box.load(k_first)));
  const Catalog second = box.load(k_second);
  static_cast<void>(box.run(second));
  const std::string contents = std::string(k_state) + "/generations/2/content";
  for (const std::string& name : box.host.files.list(contents)) box.host.put(contents + "/" + name, "other", 0600);
  const Report report = box.roll_back(second, 2);
  CHECK(report.failed());
  CHECK(box.host.content("/etc/a") == "two\n");
}

TEST_CASE("generations: the oldest go by count and size, the last good one never", "[engine][rollback]") {
  test::TestHost host;
  const auto put = [&](int number, const std::string& result) {
    host.put(fmt::format("{}/generations/{}/journal.jsonl", k_state, number),
             R"({"type":"begin","format":1,"version":"1","started":"","command":"setup"})"
             "\n"
             R"({"type":"end","result":")" +
                 result + "\",\"changed\":1}\n");
    host.put(fmt::format("{}/generations/{}/content/x", k_state, number), std::string(1000, 'x'));
  };
  for (int number = 1; number <= 6; ++number) put(number, number <= 4 ? "ok" : "failed");
  SECTION("by count") {
    prune_generations(host.files, k_state, 4, 1'000'000);
    CHECK(generation_numbers(host.files, k_state) == std::vector<std::int64_t>{3, 4, 5, 6});
  }
  SECTION("by size") {
    prune_generations(host.files, k_state, 100, 5'000);
    CHECK(generation_numbers(host.files, k_state).front() > 1);
  }
  SECTION("what is left over the limit is said") {
    CHECK(size_warning(host.files, k_state).empty());
    CHECK_THAT(size_warning(host.files, k_state, 2U << 10U), Contains(k_state) && Contains("more than"));
  }
  SECTION("never the last good one") {
    prune_generations(host.files, k_state, 1, 1);
    CHECK(generation_numbers(host.files, k_state) == std::vector<std::int64_t>{4, 5, 6});
  }
}

TEST_CASE("generations: runs that fail each night become one, and the way back is the same", "[engine][rollback]") {
  Box box;
  const auto load = [&](int night) {
    return box.load("  - file: /etc/big\n    content: \"" + std::string(2000, static_cast<char>('a' + night)) +
                    "\"\n  - file: /etc/night" + std::to_string(night) +
                    "\n    content: x\n  - file: /etc/fails\n    content: x\n");
  };
  REQUIRE_FALSE(box.run(box.load("  - file: /etc/big\n    content: original\n")).failed());
  box.host.files.fail_on["write /etc/fails"] = 5;
  for (int night = 1; night <= 6; ++night) REQUIRE(box.run(load(night)).failed());
  REQUIRE(generation_numbers(box.host.files, k_state).size() == 7);
  const std::uint64_t size = generations_size(box.host.files, k_state);
  prune_generations(box.host.files, k_state, 100, 1);
  CHECK(generation_numbers(box.host.files, k_state) == std::vector<std::int64_t>{1, 2, 7});
  CHECK(generations_size(box.host.files, k_state) + 7000 < size);
  box.host.files.fail_on.clear();
  CHECK_FALSE(box.roll_back(load(6), 2).failed());
  CHECK(box.host.content("/etc/big") == "original");
  for (int night = 1; night <= 6; ++night) CHECK_FALSE(box.host.exists("/etc/night" + std::to_string(night)));
}

TEST_CASE("generations: a large directory is moved aside, not copied, and comes back", "[engine][rollback]") {
  Box box;
  box.host.put("/opt/old/bin/large", std::string(17U << 20U, 'x'), 0755);
  box.host.put_symlink("/opt/old/link", "bin/large");
  const Catalog catalog = box.load("  - absent: /opt/old\n    recursive: true\n    notify: web\n");
  SECTION("by a rollback, more than once") {
    REQUIRE_FALSE(box.run(catalog).failed());
    CHECK_FALSE(box.host.exists("/opt/old"));
    CHECK(box.host.files.list(std::string(k_state) + "/generations/1/content").empty());
    for (const int again : {1, 2}) {
      CAPTURE(again);
      CHECK_FALSE(box.roll_back(catalog, 1).failed());
      CHECK(box.host.content("/opt/old/bin/large").size() == 17U << 20U);
      CHECK(box.host.info("/opt/old/bin/large").mode == 0755);
      CHECK(box.host.link_target("/opt/old/link") == "bin/large");
      REQUIRE_FALSE(box.run(catalog).failed());
      REQUIRE_FALSE(box.host.exists("/opt/old"));
    }
  }
  SECTION("at once, if the service refuses") {
    box.host.put("/etc/broken", "x");
    const Catalog broken = box.load(
        "  - absent: /opt/old\n    recursive: true\n    notify: checked\n"
        "services:\n  checked: {unit: checked.service, validate: [check]}\n#");
    box.host.commands.answer({"check"}, {.exit_code = 1, .err = "no"});
    CHECK(box.run(broken).failed());
    CHECK(box.host.content("/opt/old/bin/large").size() == 17U << 20U);
  }
}

TEST_CASE("generations: a tree comes back whole or not at all, without what must not come back", "[engine][rollback]") {
  Box box;
  box.host.put("/opt/old/bin/large", std::string(17U << 20U, 'x'), 0755);
  REQUIRE_FALSE(box.run(box.load("  - file: /opt/old/made\n    content: x\n  - directory: /opt/old/empty\n"
                                 "  - directory: /opt/old/used\n  - file: /opt/old/used/made\n    content: x\n"))
                    .failed());
  box.host.put("/opt/old/used/own", "somebody's");
  const Catalog catalog = box.load("  - absent: /opt/old\n    recursive: true\n");
  REQUIRE_FALSE(box.run(catalog).failed());
  REQUIRE_FALSE(box.host.exists("/opt/old"));
  SECTION("a path that the rollback removes") {
    CHECK_FALSE(box.roll_back(catalog, 1).failed());
    CHECK(box.host.content("/opt/old/bin/large").size() == 17U << 20U);
    CHECK_FALSE(box.host.exists("/opt/old/made"));
    CHECK_FALSE(box.host.exists("/opt/old/empty"));
    CHECK_FALSE(box.host.exists("/opt/old/used/made"));
    CHECK(box.host.content("/opt/old/used/own") == "somebody's");
  }
  SECTION("half of it") {
    for (const char* directory : {"/opt/old", "/opt/old.mailinabox-restored"}) {
      box.host.files.fail_on[fmt::format("write {}/made", directory)] = 5;
    }
    CHECK(box.roll_back(catalog, 2).failed());
    CHECK_FALSE(box.host.exists("/opt/old"));
    box.host.files.fail_on.clear();
    CHECK_FALSE(box.roll_back(catalog, 2).failed());
    CHECK(box.host.content("/opt/old/bin/large").size() == 17U << 20U);
    CHECK(box.host.content("/opt/old/made") == "x");
    CHECK_FALSE(box.host.exists("/opt/old.mailinabox-restored"));
  }
  SECTION("of which nothing is left") {
    const Rollback rollback = make_rollback(catalog, box.host.files, k_state, 2);
    box.host.files.remove(std::string(k_state) + "/generations/2/trees", true);
    CHECK(box.run(rollback.catalog, "rollback").failed());
    CHECK_FALSE(box.host.exists("/opt/old"));
  }
}

TEST_CASE("generations: one that was half removed is in nobody's way", "[engine][rollback]") {
  Box box;
  const std::string generations = std::string(k_state) + "/generations/";
  REQUIRE_FALSE(box.run(box.load(k_first)).failed());
  const Catalog second = box.load(k_second);
  REQUIRE_FALSE(box.run(second).failed());
  box.host.put(generations + "removed-7/content/x", "x");
  box.host.erase(generations + "1/journal.jsonl");
  CHECK(generation_numbers(box.host.files, k_state) == std::vector<std::int64_t>{2});
  CHECK_THROWS_WITH(make_rollback(second, box.host.files, k_state, 1), Contains("there are: 2"));
  prune_generations(box.host.files, k_state, 100, 512U << 20U);
  CHECK(box.host.files.list(std::string(k_state) + "/generations") == std::vector<std::string>{"2"});
  CHECK_FALSE(box.roll_back(second, 2).failed());
}

TEST_CASE("generations: one that cannot be removed is a note", "[engine][rollback]") {
  Box box;
  box.host.put(std::string(k_state) + "/generations/removed-7/content/x", "x");
  box.host.files.fail_on["remove " + std::string(k_state) + "/generations/removed-7"] = 5;
  Journal journal(box.host.files, box.host.clock, k_state, "1.0");
  System system = box.host.system();
  struct Notes : Reporter {
    void on_note(const std::string& note) override { notes += note; }
    std::string notes{};
  } reporter;
  const Report report = apply(box.load(k_first), system, journal, reporter, "setup");
  CHECK_FALSE(report.failed());
  CHECK(report.generation == 1);
  CHECK_THAT(reporter.notes, Contains("removed-7"));
}

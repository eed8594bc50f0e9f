#include <unistd.h>

#include "base/error.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("file: absent", "[cases]") {
  TestHost host;
  const auto file = make_resource("file", "/etc/x", {{"content", "new\n"}, {"mode", 0640}, {"group", "mail"}});
  const Changes changes = converge(host, *file);
  CHECK(attributes_of(changes) == "content mode owner group");
  CHECK(change_of(changes, "content").after == "new\n");
  CHECK(file->action(changes) == Action::create);
  CHECK(host.content("/etc/x") == "new\n");
  CHECK(host.info("/etc/x").mode == 0640);
  CHECK(host.info("/etc/x").gid == 8);

  converge(host, *make_resource("file", "/etc/empty", {{"source", ""}}));
  CHECK(host.content("/etc/empty").empty());
}

TEST_CASE("file: drifted", "[cases]") {
  TestHost host;
  const auto file = make_resource("file", "/etc/x", {{"template", "new\n"}});

  SECTION("content: owner and mode stay right") {
    host.put("/etc/x", "old\n");
    const Changes changes = converge(host, *file);
    CHECK(attributes_of(changes) == "content");
    CHECK(changes[0].before == "old\n");
    CHECK(file->action(changes) == Action::update);
    CHECK(host.content("/etc/x") == "new\n");
  }
  SECTION("mode, owner and group: the content is not written") {
    host.put("/etc/x", "new\n", 0666, 33, 8);
    const Changes changes = file->diff(host.view());
    CHECK(attributes_of(changes) == "mode owner group");
    CHECK(change_of(changes, "mode").before == "0666");
    CHECK(change_of(changes, "owner").before == "www-data");
    CHECK(change_of(changes, "group").before == "mail");
    System system = host.system();
    file->apply(system, changes);
    CHECK(host.touched() == std::vector<std::string>{"attributes /etc/x"});
    check_in_sync(host, *file);
  }
  SECTION("a symbolic link is replaced, not followed") {
    host.put("/etc/passwd.target", "new\n");
    host.put_symlink("/etc/x", "passwd.target");
    CHECK(attributes_of(converge(host, *file)) == "type");
    CHECK(host.info("/etc/x").kind == FileKind::regular);
    CHECK(host.content("/etc/passwd.target") == "new\n");
  }
  SECTION("an owner without an account counts as a difference until it exists") {
    host.put("/etc/x", "new\n");
    const auto later = make_resource("file", "/etc/x", {{"content", "new\n"}, {"owner", "later"}});
    CHECK(change_of(later->diff(host.view()), "owner").after == "later");
  }
}

TEST_CASE("file: create_only leaves an existing content alone", "[cases]") {
  TestHost host;
  const auto file = make_resource("file", "/etc/x", {{"content", "new\n"}, {"create_only", true}});
  converge(host, *file);
  host.put("/etc/x", "changed\n", 0600);
  CHECK(attributes_of(converge(host, *file)) == "mode");
  CHECK(host.content("/etc/x") == "changed\n");
}

TEST_CASE("file: in sync", "[cases]") {
  TestHost host;
  host.put("/etc/x", "new\n", 0600, 33, 8);
  const auto file =
      make_resource("file", "/etc/x", {{"content", "new\n"}, {"mode", 0600}, {"owner", "www-data"}, {"group", "mail"}});
  check_in_sync(host, *file);
  host.clear_log();
  CHECK(file->diff(host.view()).empty());
  CHECK(host.accesses() == std::vector<std::string>{"info /etc/x", "read /etc/x"});
}

TEST_CASE("file: error", "[cases]") {
  TestHost host;
  host.put_directory("/etc/x");
  check_error(host, *make_resource("file", "/etc/x", {{"content", "a"}}), "/etc/x: expected a file, found a directory");
  check_error(host, *make_resource("file", "/etc/y", {{"content", "a"}, {"owner", "later"}}), "no such user");
  check_error(host, *make_resource("file", "/etc/y", {{"content", "a"}, {"group", "later"}}), "no such group");
  check_refused("file", "/etc/x", {}, "one of content, template and source");
  check_refused("file", "/etc/x", {{"content", "a"}, {"source", "b"}}, "only one of content");
}

TEST_CASE("file: what not everybody may read is not shown, marked or not", "[cases]") {
  TestHost host;
  host.put("/etc/open", "old");
  host.put("/etc/closed", "old", 0640);
  host.put_directory("/etc/private", 0700);
  host.put("/etc/private/open", "old");
  const auto hidden = [&](const std::string& path, int mode) {
    const auto file = make_resource("file", path, {{"content", "new"}, {"mode", mode}});
    return change_of(file->diff(host.view()), "content").sensitive;
  };
  CHECK_FALSE(hidden("/etc/open", 0644));
  CHECK_FALSE(hidden("/etc/absent", 0644));
  CHECK(hidden("/etc/open", 0640));
  CHECK(hidden("/etc/closed", 0644));  // what it held until now
  CHECK(hidden("/etc/absent", 0600));
  CHECK(hidden("/etc/private/open", 0644));
  CHECK(hidden("/etc/private/absent", 0644));
}

TEST_CASE("file: secrets and local overrides are marked", "[cases]") {
  TestHost host;
  const auto file =
      make_resource("file", "/etc/x", {{"content", "secret"}, {"mode", 0600}, {"sensitive", true}}, {"content"});
  const Changes changes = file->diff(host.view());
  CHECK(change_of(changes, "content").sensitive);
  CHECK(change_of(changes, "content").local);
  CHECK(!change_of(changes, "mode").local);
}

TEST_CASE("file: a check judges new content before it is written", "[cases]") {
  TestHost host;
  host.put_directory("/etc/check");
  const std::string candidate = "/etc/check/candidate";
  std::string seen;
  CommandResult answer;
  host.commands.on({"judge"}, [&](const Command&) {
    seen = host.content(candidate);
    return answer;
  });
  const auto file = [&](const std::string& content, const std::map<std::string, Value>& more = {}) {
    std::map<std::string, Value> fields = {
        {"content", content}, {"check", ValueList{"judge", "-t"}}, {"candidate", candidate}, {"mode", 0640}};
    fields.insert(more.begin(), more.end());
    return make_resource("file", "/etc/x", fields);
  };

  SECTION("accepted: written, and the candidate is gone") {
    CHECK(attributes_of(converge(host, *file("new\n"))) == "content mode owner group");
    CHECK(seen == "new\n");
    CHECK_FALSE(host.exists(candidate));
    CHECK(file("new\n")->fails_alone());
    CHECK_FALSE(make_resource("file", "/etc/x", {{"content", "a"}})->fails_alone());
  }
  SECTION("the candidate is gone before the file is there: a run that is cut off leaves none") {
    const auto wanted = file("new\n");
    System system = host.system();
    wanted->apply(system, wanted->diff(host.view()));
    CHECK(host.touched() ==
          std::vector<std::string>{"write " + candidate, "run judge -t", "remove " + candidate, "write /etc/x"});
  }
  SECTION("only owner and mode differ: there is nothing to judge") {
    host.put("/etc/x", "new\n", 0666);
    CHECK(attributes_of(converge(host, *file("new\n"))) == "mode");
    CHECK(host.commands.calls.empty());
  }
  SECTION("refused: the old file stays, and the words name lines that a person knows") {
    host.put("/etc/x", "old\n", 0640);
    answer = {.exit_code = 1,
              .err = "bad word in " + candidate + ":2\nworse in " + candidate + ":5, and at " + candidate};
    const std::string content = "one\n  two\n# Begin of /srv/part\nthree\nfour\n# End of /srv/part\nfive\n";
    check_error(host, *file(content), "bad word in /etc/x:2 (two)\nworse in /srv/part:2, and at " + candidate);
    check_error(host, *file(content), "`judge -t` failed with exit code 1");
    check_error(host, *file(content), "the file stays as it was");
    answer.err = "in " + candidate + ":7 and " + candidate + ":99";
    check_error(host, *file(content), "in /etc/x:7 (five) and /etc/x:99");
    check_error(host, *file(content, {{"optional", ValueList{"one", "five"}}}), "the file stays as it was");
  }
  SECTION("refused and nothing there: without the optional lines, or not at all") {
    answer = {.exit_code = 1, .err = "no"};
    check_error(host, *file("a\nbegin\nb\nend\nc\n"), "no");
    CHECK_FALSE(host.exists("/etc/x"));
    const auto wanted = file("a\n begin\nb\nend\nbegin\nend\nc\n", {{"optional", ValueList{"begin", "end"}}});
    System system = host.system();
    CHECK_THROWS_WITH(wanted->apply(system, wanted->diff(host.view())),
                      Contains("the file was written without what the check refuses"));
    CHECK(host.content("/etc/x") == "a\nc\n");
    CHECK(attributes_of(wanted->diff(host.view())) == "content");
    check_error(host, *wanted, "the file stays as it was");
    host.erase("/etc/x");
    check_error(host, *file("a\nb\n", {{"optional", ValueList{"begin", "end"}}}), "no");
  }
  SECTION("fields that do not fit together") {
    check_refused("file", "/etc/x", {{"content", "a"}, {"check", ValueList{"judge"}}}, "both check and candidate");
    check_refused("file", "/etc/x", {{"content", "a"}, {"candidate", candidate}}, "both check and candidate");
    check_refused(
        "file", "/etc/x",
        {{"content", "a"}, {"check", ValueList{"judge"}}, {"candidate", candidate}, {"optional", ValueList{"a"}}},
        "expected two lines");
  }
}

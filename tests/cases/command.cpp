#include "base/error.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {
ValueList words(std::initializer_list<const char*> list) {
  ValueList result;
  for (const char* word : list) result.emplace_back(word);
  return result;
}
}  // namespace

TEST_CASE("command: absent: what it creates is missing", "[cases]") {
  TestHost host;
  host.commands.on({"newaliases"}, [&](const Command& command) {
    host.put("/etc/aliases.db", command.input + command.user + command.environment.at("A"));
    return CommandResult{};
  });
  const auto command = make_resource("command", "aliases",
                                     {{"run", words({"newaliases", "-v"})},
                                      {"creates", "/etc/aliases.db"},
                                      {"input", "in "},
                                      {"user", "mail "},
                                      {"environment", ValueMap{{"A", "b"}}},
                                      {"timeout", 5},
                                      {"changes", words({"/etc/aliases.db", "/etc/aliases"})}});
  host.clear_log();
  const Changes changes = converge(host, *command);
  CHECK(command->action(changes) == Action::run);
  CHECK(host.content("/etc/aliases.db") == "in mail b");
  REQUIRE(host.commands.calls.size() == 1);  // asking started nothing
  CHECK(host.commands.calls[0].timeout == std::chrono::seconds(5));
}

TEST_CASE("command: the paths that it changes are kept first", "[cases]") {
  TestHost host;
  host.commands.answer({"false-guard"}, {.exit_code = 1});
  host.commands.answer({"work"}, {});
  const auto command = make_resource(
      "command", "w", {{"run", words({"work"})}, {"unless", words({"false-guard"})}, {"changes", words({"/etc/a"})}});
  const Changes changes = command->diff(host.view());
  host.clear_log();
  System system = host.system();
  command->apply(system, changes);
  CHECK(host.accesses() == std::vector<std::string>{"preserve /etc/a", "run work"});
}

TEST_CASE("command: drifted: its guard says no", "[cases]") {
  TestHost host;
  int state = 1;
  host.commands.on({"test-it"}, [&](const Command&) { return CommandResult{.exit_code = state}; });
  host.commands.on({"do-it"}, [&](const Command&) {
    state = 0;
    return CommandResult{};
  });
  const auto command = make_resource("command", "it", {{"run", words({"do-it", "x"})}, {"unless", words({"test-it"})}});
  CHECK(change_of(converge(host, *command), "run").after == "do-it x");
}

TEST_CASE("command: in sync", "[cases]") {
  TestHost host;
  host.commands.answer({"test-it"}, {});
  check_in_sync(host, *make_resource("command", "it", {{"run", words({"do-it"})}, {"unless", words({"test-it"})}}));
  check_in_sync(host, *make_resource("command", "it", {{"run", words({"do-it"})}, {"creates", "/etc/passwd"}}));
  check_in_sync(host, *make_resource("command", "it", {{"run", words({"do-it"})}, {"on_notify", true}}));
}

TEST_CASE("command: a handler runs when it is notified", "[cases]") {
  TestHost host;
  host.commands.answer({"do-it"}, {});
  const auto command = make_resource("command", "it", {{"run", words({"do-it"})}, {"on_notify", true}});
  CHECK(command->phase() == Phase::handlers);
  CHECK(command->refreshable());
  const std::vector<Notice> notices{{{"file", "/etc/x"}, {"content"}}};
  CHECK(command->would_refresh(host.view(), notices) == Refreshed::ran);
  CHECK(host.touched().empty());
  System system = host.system();
  CHECK(command->refresh(system, notices) == Refreshed::ran);
  CHECK(host.touched() == std::vector<std::string>{"run do-it"});
  CHECK(!make_resource("command", "it", {{"run", words({"do-it"})}, {"creates", "/x/y"}})->refreshable());
}

TEST_CASE("command: error", "[cases]") {
  TestHost host;
  host.commands.answer({"do-it"}, {.exit_code = 3, .err = "it went wrong\n"});
  host.commands.answer({"idle"}, {});
  host.commands.answer({"hang"}, {.exit_code = 137, .timed_out = true});
  check_error(host, *make_resource("command", "it", {{"run", words({"do-it"})}, {"creates", "/etc/x"}}),
              "it went wrong");
  check_error(host, *make_resource("command", "it", {{"run", words({"idle"})}, {"creates", "/etc/x"}}),
              "did not create /etc/x");
  check_error(host, *make_resource("command", "it", {{"run", words({"idle"})}, {"unless", words({"hang"})}}),
              "timed out");
  check_refused("command", "it", {{"run", words({"do-it"})}}, "exactly one of");
  check_refused("command", "it", {{"run", words({"do-it"})}, {"creates", "/x"}, {"on_notify", true}}, "exactly one of");
  check_refused("command", "it", {{"run", ValueList{}}, {"on_notify", true}}, "expected the program");
  check_refused("command", "it", {{"run", words({"do-it"})}, {"on_notify", true}, {"timeout", 0}}, "1 to 86400");
}

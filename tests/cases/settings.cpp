#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

std::shared_ptr<const Resource> main_cf(const std::vector<std::string>& local = {}) {
  return make_resource("settings", "/etc/postfix/main.cf",
                       {{"format", "postfix"},
                        {"values", ValueMap{{"message_size_limit", "20"}, {"biff", "no"}}},
                        {"unset", ValueList{"relayhost"}},
                        {"group", "postfix"},
                        {"mode", 0640}},
                       local);
}

}  // namespace

TEST_CASE("settings: absent", "[cases]") {
  TestHost host;
  host.put_directory("/etc/postfix");
  const auto settings = main_cf();
  const Changes changes = converge(host, *settings);
  CHECK(attributes_of(changes) == "biff message_size_limit mode owner group");
  CHECK(settings->action(changes) == Action::create);
  CHECK(host.content("/etc/postfix/main.cf") == "biff = no\nmessage_size_limit = 20\n");
  CHECK(host.info("/etc/postfix/main.cf").mode == 0640);
  CHECK(host.info("/etc/postfix/main.cf").gid == 102);

  check_in_sync(host, *make_resource("settings", "/etc/none",
                                     {{"format", "equals"}, {"unset", ValueList{"a"}}}));  // is not created for nothing
}

TEST_CASE("settings: drifted: owner and mode stay", "[cases]") {
  TestHost host;
  host.put("/etc/postfix/main.cf", "# mine\nmessage_size_limit=10\nother = 1\nbiff = no\nrelayhost = x\n", 0600, 33,
           33);
  const auto settings = main_cf({"values.biff", "values.message_size_limit"});
  const Changes changes = converge(host, *settings);
  CHECK(attributes_of(changes) == "message_size_limit relayhost");
  CHECK(change_of(changes, "message_size_limit").before == "10");
  CHECK(change_of(changes, "message_size_limit").after == "20");
  CHECK(change_of(changes, "message_size_limit").local);
  CHECK(!change_of(changes, "relayhost").local);
  CHECK(settings->action(changes) == Action::update);
  CHECK(host.content("/etc/postfix/main.cf") == "# mine\nmessage_size_limit = 20\nother = 1\nbiff = no\n");
  CHECK(host.info("/etc/postfix/main.cf").mode == 0600);
  CHECK(host.info("/etc/postfix/main.cf").uid == 33);
}

TEST_CASE("settings: in sync", "[cases]") {
  TestHost host;
  host.put("/etc/postfix/main.cf", "message_size_limit=20\nbiff  =\n no\n", 0600, 33, 33);
  check_in_sync(host, *main_cf());
}

TEST_CASE("settings: error", "[cases]") {
  TestHost host;
  SECTION("a file that cannot be read as it should be") {
    host.put("/etc/postfix/main.cf", "a = 1\n???\n");
    check_error(host, *main_cf(), "/etc/postfix/main.cf:2: expected \"name = value\"");
  }
  SECTION("a symbolic link") {
    host.put_symlink("/etc/postfix/main.cf", "/etc/passwd");
    check_error(host, *main_cf(), "a symbolic link to /etc/passwd");
  }
  SECTION("a directory") {
    host.put_directory("/etc/postfix/main.cf");
    check_error(host, *main_cf(), "expected a file, found a directory");
  }
  check_refused("settings", "/etc/x", {{"format", "equals"}}, "need `values` or `unset`");
  check_refused("settings", "/etc/x", {{"format", "shell"}, {"values", ValueMap{{"a-b", "1"}}}},
                "cannot be a variable");
  check_refused("settings", "/etc/x",
                {{"format", "equals"}, {"values", ValueMap{{"a", "1"}}}, {"unset", ValueList{"a"}}},
                "both set and unset");
}

TEST_CASE("settings: two parts edit one file, secrets are marked", "[cases]") {
  TestHost host;
  host.put("/etc/x", "a = 1\n");
  const auto one = make_resource("settings", "/etc/x", {{"format", "equals"}, {"values", ValueMap{{"b", "2"}}}});
  const auto other =
      make_resource("settings", "/etc/x",
                    {{"format", "equals"}, {"part", "dkim"}, {"values", ValueMap{{"c", "3"}}}, {"sensitive", true}});
  converge(host, *one);
  CHECK(change_of(converge(host, *other), "c").sensitive);
  check_in_sync(host, *one);
  CHECK(host.content("/etc/x") == "a = 1\nb = 2\nc = 3\n");
}

TEST_CASE("settings: what not everybody may read is not shown, marked or not", "[cases]") {
  TestHost host;
  using Given = std::map<std::string, Value>;
  const Given fields = {{"format", "equals"}, {"values", ValueMap{{"password", "new"}}}};
  const auto hidden = [&](Given given) {
    return change_of(make_resource("settings", "/etc/x", std::move(given))->diff(host.view()), "password").sensitive;
  };
  Given closed = fields;
  closed["mode"] = 0640;
  CHECK_FALSE(hidden(fields));
  CHECK(hidden(closed));
  host.put("/etc/x", "password = old\n", 0600);
  CHECK(hidden(fields));
}

TEST_CASE("settings: local overrides of nested keys are marked", "[cases]") {
  TestHost host;
  host.put("/etc/x", "");
  const auto ini =
      make_resource("settings", "/etc/x",
                    {{"format", "ini"}, {"values", ValueMap{{"s", ValueMap{{"a", "1"}, {"b", "2"}}}}}}, {"values.s.a"});
  const Changes changes = ini->diff(host.view());
  CHECK(change_of(changes, "s.a").local);
  CHECK(!change_of(changes, "s.b").local);
}

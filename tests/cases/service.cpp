#include "base/error.hpp"
#include "engine/settled_diff.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

// A host on which starting postfix makes its ports listen.
void ports_follow_service(TestHost& host, const std::set<ListeningPort>& ports) {
  host.services.on_started = [&host, ports](const std::string&) { host.machine.listening = ports; };
  host.services.on_stopped = [&host](const std::string&) { host.machine.listening.clear(); };
}

void run_service(TestHost& host, const std::string& name) { host.services.states[name] = {true, true}; }

const std::vector<Notice> k_content_changed{{{"file", "/etc/x"}, {"content"}}};

std::map<std::string, Value> postfix_fields() {
  return {{"listens", ValueList{25, 587}}, {"restart_on", ValueList{"inet_interfaces"}}};
}

}  // namespace

TEST_CASE("service: absent: not running, not enabled", "[cases]") {
  TestHost host;
  ports_follow_service(host, {{25, "0.0.0.0"}, {587, "::"}});
  const auto service = make_resource("service", "postfix", postfix_fields());
  CHECK(service->phase() == Phase::services);
  const Changes changes = converge(host, *service);
  CHECK(attributes_of(changes) == "state enabled");
  CHECK(service->action(changes) == Action::start);
  CHECK(host.services.states["postfix"].starts == 1);
  CHECK(host.services.states["postfix"].enabled);
}

TEST_CASE("service: drifted", "[cases]") {
  TestHost host;
  run_service(host, "postfix");
  SECTION("a port without a listener: restarted") {
    host.machine.listening = {{25, "0.0.0.0"}};
    ports_follow_service(host, {{25, "0.0.0.0"}, {587, "::"}});
    const auto service = make_resource("service", "postfix", postfix_fields());
    const Changes changes = converge(host, *service);
    CHECK(change_of(changes, "listens").before == "nothing on 587");
    CHECK(host.services.states["postfix"].starts == 1);
  }
  SECTION("a socket without a listener, or whose file is gone: restarted") {
    const auto service = make_resource("service", "postfix", {{"sockets", ValueList{"/run/x/a", "/run/x/b"}}});
    host.put("/run/x/a", "");
    host.machine.sockets = {"/run/x/a", "/run/x/b"};
    host.services.on_started = [&host](const std::string&) { host.put("/run/x/b", ""); };
    const Changes changes = converge(host, *service);
    CHECK(change_of(changes, "listens").before == "nothing on /run/x/b");
    CHECK(change_of(changes, "listens").after == "/run/x/a, /run/x/b");
    CHECK(host.services.states["postfix"].starts == 1);
    host.machine.sockets = {"/run/x/b"};
    host.services.on_started = [&host](const std::string&) { host.machine.sockets.insert("/run/x/a"); };
    CHECK(change_of(converge(host, *service), "listens").before == "nothing on /run/x/a");
    check_in_sync(host, *service);
  }
  SECTION("not enabled: running goes on") {
    host.services.states["postfix"].enabled = false;
    CHECK(attributes_of(converge(host, *make_resource("service", "postfix"))) == "enabled");
    CHECK(host.services.states["postfix"].starts == 0);
  }
  SECTION("running, but shall be stopped") {
    const auto service = make_resource("service", "postfix", {{"state", "stopped"}});
    const Changes changes = converge(host, *service);
    CHECK(attributes_of(changes) == "state enabled");
    CHECK(service->action(changes) == Action::stop);
    CHECK(!host.services.states["postfix"].active);
  }
}

TEST_CASE("service: in sync", "[cases]") {
  TestHost host;
  run_service(host, "postfix");
  host.machine.listening = {{25, "::"}, {587, "127.0.0.1"}};
  check_in_sync(host, *make_resource("service", "postfix", postfix_fields()));
  check_in_sync(host, *make_resource("service", "other", {{"state", "stopped"}}));
  check_in_sync(host, *make_resource("service", "other", {{"state", "any"}}));
  check_in_sync(host, *make_resource("service", "postfix", {{"state", "any"}}));
  // Without systemd every service counts as enabled, and nobody can change that.
  host.services.manager_name = "sysvinit";
  host.services.states["other"].enabled = true;
  check_in_sync(host, *make_resource("service", "other", {{"state", "stopped"}}));
}

TEST_CASE("service: error", "[cases]") {
  TestHost host;
  SECTION("it does not start") {
    host.services.states["postfix"].start_error = "fatal: bad configuration";
    check_error(host, *make_resource("service", "postfix"), "fatal: bad configuration");
  }
  SECTION("it does not listen") {
    ports_follow_service(host, {{25, "::"}, {80, "::"}});
    check_error(host, *make_resource("service", "postfix", postfix_fields()),
                "30 s after the start nothing listens on TCP port 587 (this machine listens on 25, 80); "
                "`journalctl -u postfix.service` says why");
  }
  SECTION("it does not make its socket") {
    check_error(
        host, *make_resource("service", "postfix", {{"sockets", ValueList{"/run/x/a"}}}),
        "running, but 30 s after the start nothing listens on /run/x/a; `journalctl -u postfix.service` says why");
  }
  SECTION("it ends at once") {
    host.services.on_started = [&](const std::string& name) { host.services.states[name].active = false; };
    host.services.manager_name = "sysvinit";
    check_error(host, *make_resource("service", "postfix", {{"timeout", 2}}), "not running 2 s after the start");
  }
  check_refused("service", "x", {{"listens", ValueList{70000}}}, "not a TCP port");
  check_refused("service", "x", {{"sockets", ValueList{"private/x"}}}, "expected absolute paths");
  check_refused("service", "x", {{"timeout", 0}}, "1 to 3600");
}

TEST_CASE("service: waits until it listens", "[cases]") {
  TestHost host;
  run_service(host, "postfix");
  class LateMachine final : public Machine {
   public:
    explicit LateMachine(const FakeClock& clock) : clock_(clock), start_(clock.monotonic()) {}
    std::string host_name() const override { return "late"; }
    std::set<ListeningPort> listening_tcp() const override {
      if (clock_.monotonic() - start_ < std::chrono::seconds(1)) return {};
      return {{25, "::"}, {587, "::"}};
    }
    std::set<std::string> listening_sockets() const override { return {}; }
    std::vector<std::string> active_swaps() const override { return {}; }
    bool has_capability(int) const override { return true; }
    void set_host_name(const std::string&) override {}

   private:
    const FakeClock& clock_;
    std::chrono::steady_clock::time_point start_;
  };
  LateMachine machine(host.clock);
  const System base = host.system();
  System system{base.files,    base.commands, base.packages,   base.services,
                base.accounts, machine,       base.downloader, base.clock};
  const auto service = make_resource("service", "postfix", postfix_fields());
  const Changes changes = service->diff(system.view());
  service->apply(system, changes);
  CHECK(service->diff(system.view()).empty());
}

TEST_CASE("service: takes changes in", "[cases]") {
  TestHost host;
  run_service(host, "postfix");
  host.machine.listening = {{25, "::"}, {587, "::"}};
  ports_follow_service(host, host.machine.listening);
  System system = host.system();
  const auto refreshed = [&](const Resource& service, const std::vector<Notice>& notices) {
    host.clear_log();
    const Refreshed foreseen = service.would_refresh(host.view(), notices);
    CHECK(host.touched().empty());
    const Refreshed done = service.refresh(system, notices);
    CHECK(done == foreseen);
    return done;
  };
  const auto service = make_resource("service", "postfix", postfix_fields());
  CHECK(service->refreshable());

  SECTION("by reload") {
    CHECK(refreshed(*service, k_content_changed) == Refreshed::reloaded);
    CHECK(host.touched() == std::vector<std::string>{"reload postfix"});
  }
  SECTION("by restart, for a setting that needs it") {
    const std::vector<Notice> notices{{{"file", "/etc/x"}, {"content"}},
                                      {{"settings", "/etc/postfix/main.cf"}, {"biff", "inet_interfaces"}}};
    CHECK(refreshed(*service, notices) == Refreshed::restarted);
    CHECK(host.touched() == std::vector<std::string>{"restart postfix"});
  }
  SECTION("by restart, always") {
    const auto always = make_resource("service", "postfix", {{"on_change", "restart"}});
    CHECK(refreshed(*always, k_content_changed) == Refreshed::restarted);
  }
  SECTION("by restart, where the program itself is new") {
    CHECK(refreshed(*service, {{{"package", "postfix"}, {"state"}}}) == Refreshed::restarted);
  }
  SECTION("by start, where it does not run") {
    host.services.states["postfix"].active = false;
    CHECK(refreshed(*service, k_content_changed) == Refreshed::started);
    CHECK(host.touched() == std::vector<std::string>{"start postfix"});
  }
  SECTION("by restart, when it did not take the last files and the old ones are back") {
    CHECK(service->recover(system, k_content_changed) == Refreshed::restarted);
    CHECK(host.touched() == std::vector<std::string>{"restart postfix"});
  }
  SECTION("not at all, where it shall be stopped") {
    const auto stopped = make_resource("service", "postfix", {{"state", "stopped"}});
    CHECK(refreshed(*stopped, k_content_changed) == Refreshed::nothing);
    CHECK(host.touched().empty());
  }
  SECTION("only if it runs, where that is somebody else's business") {
    const auto any = make_resource("service", "postfix", {{"state", "any"}});
    CHECK(refreshed(*any, k_content_changed) == Refreshed::reloaded);
    host.services.states["postfix"].active = false;
    CHECK(refreshed(*any, k_content_changed) == Refreshed::nothing);
    CHECK(host.touched().empty());
  }
  SECTION("with systemd told of a unit file of ours") {
    host.put("/etc/systemd/system/postfix.service", "[Service]\n");
    CHECK(refreshed(*service, {{{"file", "/etc/systemd/system/postfix.service"}, {"content"}}}) ==
          Refreshed::restarted);
    CHECK(host.touched() == std::vector<std::string>{"daemon-reload", "restart postfix"});
  }
  SECTION("with systemd told of a drop-in, also of one that has gone") {
    const std::vector<Notice> notices{
        {{"file", "/etc/systemd/system/postfix@-.service.d/10-mailinabox.conf"}, {"state"}}};
    CHECK(refreshed(*service, notices) == Refreshed::restarted);
    CHECK(host.touched() == std::vector<std::string>{"daemon-reload", "restart postfix"});
    host.clear_log();
    CHECK(service->recover(system, notices) == Refreshed::restarted);
    CHECK(host.touched() == std::vector<std::string>{"daemon-reload", "restart postfix"});
  }
  SECTION("without, where only something else changed") {
    host.put("/etc/systemd/system/postfix.service.d/10-mailinabox.conf", "[Service]\n");
    CHECK(refreshed(*service, k_content_changed) == Refreshed::reloaded);
    CHECK(host.touched() == std::vector<std::string>{"reload postfix"});
  }
  SECTION("told of drop-ins of the unit that runs the process, before a start") {
    host.put("/etc/systemd/system/postfix@-.service.d/10-mailinabox.conf", "[Service]\n");
    host.services.states["postfix"].active = false;
    auto fields = postfix_fields();
    fields.emplace("process_unit", "postfix@-.service");
    CHECK(refreshed(*make_resource("service", "postfix", fields), k_content_changed) == Refreshed::started);
    CHECK(host.touched() == std::vector<std::string>{"daemon-reload", "start postfix"});
  }
  SECTION("an error where it does not listen afterwards") {
    host.services.on_started = [&](const std::string&) { host.machine.listening = {{25, "::"}}; };
    const auto always = make_resource("service", "postfix", {{"on_change", "restart"}, {"listens", ValueList{587}}});
    CHECK_THROWS_WITH(always->refresh(system, k_content_changed), Contains("nothing listens on TCP port 587"));
  }
}

TEST_CASE("service: the new configuration is checked", "[cases]") {
  TestHost host;
  System system = host.system();
  const auto service = make_resource("service", "postfix", {{"validate", ValueList{"postfix", "check"}}});
  host.commands.answer({"postfix", "check"}, {.exit_code = 1, .err = "postfix: fatal: bad parameter"});
  CHECK_THROWS_WITH(service->validate(system), Contains("fatal: bad parameter"));
  host.commands.answer({"postfix", "check"}, {});
  service->validate(system);
  make_resource("service", "other")->validate(system);
}

TEST_CASE("service: on the addresses where it has to listen", "[cases]") {
  TestHost host;
  run_service(host, "nsd");
  host.machine.listening = {{53, "127.0.0.1"}};  // another one's
  const auto resource = [](const char* address) {
    return make_resource("service", "nsd", {{"listens", ValueList{53}}, {"addresses", ValueList{address}}});
  };
  CHECK(attributes_of(resource("192.0.2.1")->diff(host.view())) == "listens");
  host.machine.listening = {{53, "127.0.0.1"}, {53, "192.0.2.1"}, {53, "fe80::1"}};
  check_in_sync(host, *resource("192.0.2.1"));
  check_in_sync(host, *resource("fe80:0::1%eth0"));
  host.machine.listening = {{53, "0.0.0.0"}};
  check_in_sync(host, *resource("192.0.2.1"));
  check_refused("service", "nsd", {{"addresses", ValueList{"box.example.com"}}}, "expected IPv4 or IPv6 addresses");
}

TEST_CASE("service: a command of its own reloads it, and a resource may need a restart", "[cases]") {
  TestHost host;
  run_service(host, "nsd");
  host.commands.answer({"nsd-control", "reload"}, {});
  const auto service = make_resource(
      "service", "nsd",
      {{"reload_command", ValueList{"nsd-control", "reload"}}, {"restart_on", ValueList{"file:/etc/nsd/nsd.conf"}}});
  System system = host.system();
  CHECK(service->refresh(system, {{{"file", "/etc/nsd/zones.conf"}, {"content"}}}) == Refreshed::reloaded);
  CHECK(host.commands.calls.size() == 1);
  CHECK(host.services.states["nsd"].reloads == 0);
  CHECK(service->refresh(system, {{{"file", "/etc/nsd/nsd.conf"}, {"content"}}}) == Refreshed::restarted);
  CommandResult refused;
  refused.exit_code = 1;
  host.commands.answer({"nsd-control", "reload"}, refused);
  CHECK_THROWS_AS(service->refresh(system, {{{"zone", "example.com"}, {"records"}}}), CommandError);
}

TEST_CASE("service: one that the machine is still starting is waited for, and no drift", "[cases]") {
  TestHost host;
  const auto service = make_resource("service", "spampd");
  host.services.states["spampd"] = {.enabled = true, .starting = 3};
  const View view = host.view();
  CHECK(service->under_way(view, service->diff(view)));
  CHECK(settled_diff(*service, view).empty());
  CHECK(host.touched().empty());
  host.services.states["spampd"] = {.enabled = true, .starting = 1'000'000};
  const auto before = host.clock.monotonic();
  CHECK_FALSE(settled_diff(*service, view).empty());  // it goes on after a minute
  CHECK(host.clock.monotonic() - before >= std::chrono::minutes(1));
  host.services.states["spampd"] = {.enabled = false, .starting = 3};
  CHECK_FALSE(service->under_way(view, service->diff(view)));  // that it is not enabled does not pass
  host.services.states["spampd"] = {.enabled = true};
  CHECK_FALSE(service->under_way(view, service->diff(view)));
}

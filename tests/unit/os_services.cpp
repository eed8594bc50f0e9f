#include <sys/stat.h>

#include <csignal>
#include <cstdlib>

#include "base/error.hpp"
#include "os/process_commands.hpp"
#include "os/systemd_services.hpp"
#include "os/sysv_services.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using mailinabox::test::TestHost;
using std::chrono::seconds;

namespace {

const ServiceName k_nginx{.name = "nginx", .unit = "nginx.service", .init_script = "nginx"};
const ServiceName k_postfix{.name = "postfix", .unit = "postfix.service", .process_unit = "postfix@-.service"};

void put_process(TestHost& host, const std::string& id, const std::string& program, std::string command_line) {
  host.put("/proc/" + id + "/cmdline", command_line);
  host.put_symlink("/proc/" + id + "/exe", program);
}

}  // namespace

TEST_CASE("systemd: a service is active while its invocation link is there", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  CHECK_FALSE(services.active(k_nginx));
  host.put_symlink("/run/systemd/units/invocation:nginx.service", "0123");
  host.put_symlink("/run/systemd/units/invocation:postfix.service", "0123");
  CHECK(services.active(k_nginx));
  CHECK_FALSE(services.active(k_postfix));  // the wrapper runs, the process does not
  CHECK(host.commands.calls.empty());
}

TEST_CASE("systemd: a service is starting while it waits for its turn, and a while after", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  const std::chrono::steady_clock::time_point now{seconds(100)};
  const auto starting = [&](const std::string& properties) {
    host.commands.on({"/bin/systemctl", "show"}, [&](const Command& command) {
      CHECK(command.argv.back() == "nginx.service");
      return CommandResult{.out = properties};
    });
    return services.starting(k_nginx, now, seconds(30));
  };
  CHECK(starting("ActiveState=inactive\nSubState=dead\nJob=12\nNRestarts=0\nInactiveExitTimestampMonotonic=0\n"));
  CHECK(starting("ActiveState=activating\nSubState=start\nNRestarts=0\n"));
  CHECK(starting("ActiveState=active\nSubState=running\nNRestarts=0\nInactiveExitTimestampMonotonic=71000000\n"));
  CHECK_FALSE(starting("ActiveState=active\nNRestarts=0\nInactiveExitTimestampMonotonic=69000000\n"));
  CHECK_FALSE(starting("ActiveState=active\nNRestarts=1\nInactiveExitTimestampMonotonic=99000000\n"));
  CHECK_FALSE(starting("ActiveState=activating\nSubState=auto-restart\nNRestarts=0\n"));
  // Stopped by somebody, a moment after it was started.
  CHECK_FALSE(starting("ActiveState=inactive\nNRestarts=0\nInactiveExitTimestampMonotonic=99000000\n"));
  CHECK_FALSE(starting("ActiveState=failed\nJob=0\n"));
  CHECK_FALSE(starting(""));
}

TEST_CASE("systemd: enabled by link, by being static, never when masked", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  host.put("/usr/lib/systemd/system/nginx.service", "[Unit]\n[Install]\nWantedBy=multi-user.target\n");
  CHECK_FALSE(services.enabled(k_nginx));
  host.commands.answer({"/bin/systemctl", "enable", "nginx.service"}, {});
  host.put_symlink("/etc/systemd/system/multi-user.target.wants/nginx.service", "/x");
  CHECK_FALSE(services.enabled(k_nginx));  // looked up once …
  services.enable(k_nginx);
  CHECK(services.enabled(k_nginx));  // … until it changed something itself

  host.put("/usr/lib/systemd/system/static.service", "[Service]\nExecStart=/bin/true\n");
  CHECK(services.enabled({.name = "static", .unit = "static.service"}));
  host.put_symlink("/etc/systemd/system/static.service", "/dev/null");
  CHECK_FALSE(services.enabled({.name = "static", .unit = "static.service"}));
  CHECK_FALSE(services.enabled({.name = "none", .unit = "none.service"}));
}

TEST_CASE("systemd: starting also starts the unit that runs the process", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  host.commands.answer({"/bin/systemctl", "start", "postfix.service", "postfix@-.service"}, {});
  services.start(k_postfix, seconds(5));
  CHECK(host.commands.calls.size() == 1);
}

TEST_CASE("systemd: aliases enable, masks disable, init scripts have their run levels", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  const std::string install = "[Unit]\n[Install]\nAlias=x.service\n";
  host.put("/usr/lib/systemd/system/ssh.service", install);
  host.put("/usr/lib/systemd/system/cron.service", install);
  host.put("/usr/lib/systemd/system/linked.service", install);
  host.put("/run/systemd/generator.late/munin.service", "[Unit]\n");
  host.put("/run/systemd/generator.late/other.service", "[Unit]\n");
  host.put_symlink("/run/systemd/generator.late/multi-user.target.wants/other.service", "../other.service");
  host.put_symlink("/etc/rc3.d/S01munin", "../init.d/munin");
  host.put_symlink("/etc/rc3.d/K01other", "../init.d/other");
  host.put_symlink("/etc/systemd/system/sshd.service", "/lib/systemd/system/ssh.service");
  host.put_symlink("/etc/systemd/system/linked.service", "/usr/lib/systemd/system/linked.service");
  host.put_symlink("/etc/systemd/system/multi-user.target.wants/cron.service", "/lib/systemd/system/cron.service");
  host.put_symlink("/etc/systemd/system/cron.service", "/dev/null");
  CHECK(services.enabled({.name = "ssh", .unit = "ssh.service"}));
  CHECK(services.enabled({.name = "ssh", .unit = "sshd.service"}));
  CHECK_FALSE(services.enabled({.name = "cron", .unit = "cron.service"}));
  CHECK_FALSE(services.enabled({.name = "linked", .unit = "linked.service"}));
  CHECK(services.enabled({.name = "munin", .unit = "munin.service"}));
  CHECK_FALSE(services.enabled({.name = "other", .unit = "other.service"}));
}

TEST_CASE("systemd: each word reaches the unit that runs the process", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  host.commands.on({"/bin/systemctl"}, [](const Command&) { return CommandResult{}; });
  services.stop(k_postfix, seconds(5));
  services.reload(k_postfix, seconds(5));
  services.restart(k_postfix, seconds(5));  // the first unit is not active: it is started, too
  host.put_symlink("/run/systemd/units/invocation:postfix.service", "0123");
  services.restart(k_postfix, seconds(5));
  std::vector<std::string> calls;
  for (const Command& command : host.commands.calls) {
    calls.push_back(command.argv[1]);
    for (std::size_t word = 2; word < command.argv.size(); ++word) calls.back() += " " + command.argv[word];
  }
  CHECK(calls == std::vector<std::string>{"stop postfix.service postfix@-.service", "reload postfix@-.service",
                                          "restart postfix@-.service", "start postfix.service",
                                          "restart postfix@-.service"});
}

TEST_CASE("systemd: is told of definitions once, and again when they have changed", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  host.commands.on({"/bin/systemctl"}, [](const Command&) { return CommandResult{}; });
  const auto told = [&] {
    services.reload_definitions();
    services.reload_definitions();
    return host.commands.calls.size();
  };
  const std::string drop_in = "/etc/systemd/system/nginx.service.d/10-mailinabox.conf";
  host.put(drop_in, "[Service]\nPrivateTmp=yes\n");
  CHECK(told() == 1);
  host.put(drop_in, "[Service]\nPrivateTmp=no\n");
  CHECK(told() == 2);
  host.files.remove(drop_in, false);
  CHECK(told() == 3);
  host.put("/etc/systemd/system/own.service", "[Service]\n");
  CHECK(told() == 4);
}

TEST_CASE("systemd: a failure shows what the service said last", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  host.commands.answer({"/bin/systemctl", "reload", "nginx.service"},
                       {.exit_code = 1, .err = "Job for nginx.service failed.\n"});
  host.commands.on({"/bin/journalctl"},
                   [](const Command&) { return CommandResult{.out = "nginx: [emerg] unknown directive\n"}; });
  CHECK_THROWS_WITH(services.reload(k_nginx, seconds(5)), Contains("unknown directive"));
}

TEST_CASE("systemd: a service that failed too often is started once more", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  int starts = 0;
  host.commands.on({"/bin/systemctl", "start"}, [&](const Command&) {
    return ++starts == 1 ? CommandResult{.exit_code = 1, .err = "start of the service was attempted too often"}
                         : CommandResult{};
  });
  host.commands.answer({"/bin/systemctl", "reset-failed", "nginx.service"}, {});
  services.start(k_nginx, seconds(5));
  CHECK(starts == 2);
}

TEST_CASE("init scripts: a pid file is believed only if the process is the service's", "[os][services]") {
  TestHost host;
  SysvServices services(host.files, host.commands, host.clock);
  const ServiceName service{.name = "nginx", .pid_file = "/run/nginx.pid", .process = "/usr/sbin/nginx"};
  CHECK_FALSE(services.active(service));
  host.put("/run/nginx.pid", "  77\n");
  CHECK_FALSE(services.active(service));  // stale
  for (const char* text : {"0", "-1", "99999999999999999999", "x", ""}) {
    host.put("/run/nginx.pid", text);
    CHECK_FALSE(services.active(service));
    CHECK_THROWS_WITH(services.reload(service, std::chrono::seconds(1)), Contains("it is not running"));
  }
  host.put("/run/nginx.pid", "  77\n");
  put_process(host, "77", "/usr/bin/vim", std::string("vim\0x\0", 6));
  CHECK_FALSE(services.active(service));  // the number went to somebody else
  put_process(host, "77", "/usr/sbin/nginx", std::string("nginx: master process\0", 22));
  CHECK(services.active(service));
  host.put("/proc/77/cmdline", "");  // a zombie
  CHECK_FALSE(services.active(service));
}

TEST_CASE("init scripts: without a pid file the process is found by its program", "[os][services]") {
  TestHost host;
  SysvServices services(host.files, host.commands, host.clock);
  const ServiceName service{.name = "postgrey", .process = "/usr/sbin/postgrey"};
  put_process(host, "5", "/usr/bin/perl", std::string("/usr/bin/perl\0-T\0/usr/sbin/other\0", 33));
  put_process(host, "7", "/usr/bin/vim.basic", std::string("vim\0/usr/sbin/postgrey\0", 23));
  CHECK_FALSE(services.active(service));
  put_process(host, "6", "/usr/bin/perl", std::string("/usr/bin/perl\0-T\0/usr/sbin/postgrey\0-d\0", 39));
  CHECK(services.active(service));
}

TEST_CASE("init scripts: a program that names itself is found by that name", "[os][services]") {
  TestHost host;
  SysvServices services(host.files, host.commands, host.clock);
  put_process(host, "6", "/usr/bin/perl", std::string("postgrey --pidfile=/run/postgrey.pid -d\0", 40));
  CHECK(services.active({.name = "postgrey", .process = "/usr/sbin/postgrey"}));
}

TEST_CASE("init scripts: stopping waits for the end, at most as long as allowed", "[os][services]") {
  TestHost host;
  bool obeys = false;
  std::vector<int> signals;
  SysvServices services(host.files, host.commands, host.clock, [&](int process, int signal) {
    CHECK(process == 9);
    signals.push_back(signal);
    if (obeys) host.erase("/proc/9");
  });
  const ServiceName service{
      .name = "rsyslog", .start_command = {"/usr/sbin/rsyslogd"}, .process = "/usr/sbin/rsyslogd"};
  put_process(host, "9", "/usr/sbin/rsyslogd", std::string("/usr/sbin/rsyslogd\0", 19));
  CHECK_THROWS_WITH(services.stop(service, seconds(1)), Contains("did not stop within 1 s"));
  obeys = true;
  services.stop(service, seconds(1));
  CHECK_FALSE(services.active(service));
  services.stop(service, seconds(1));  // not running: nothing to do
  CHECK(signals == std::vector<int>{SIGTERM, SIGTERM});
}

TEST_CASE("init scripts: starting without script and command says what is missing", "[os][services]") {
  TestHost host;
  SysvServices services(host.files, host.commands, host.clock);
  CHECK_THROWS_WITH(services.start({.name = "x", .init_script = "x"}, seconds(1)), Contains("start_command"));
}

TEST_CASE("init scripts: a start counts only when the process is there", "[os][services]") {
  TestHost host;
  SysvServices services(host.files, host.commands, host.clock);
  const ServiceName service{.name = "x", .init_script = "x", .pid_file = "/run/x.pid", .process = "/usr/sbin/x"};
  host.put("/etc/init.d/x", "", 0755);
  bool works = false;
  host.commands.on({"/etc/init.d/x", "start"}, [&](const Command& command) {
    CHECK(command.starts_daemon);
    if (works) host.put("/run/x.pid", "41\n");
    if (works) put_process(host, "41", "/usr/sbin/x", std::string("x\0", 2));
    return CommandResult{.out = "x: bad configuration\n"};
  });
  CHECK_THROWS_WITH(services.start(service, seconds(1)), Contains("x: bad configuration"));
  works = true;
  services.start(service, seconds(1));
  CHECK(services.active(service));
}

TEST_CASE("init scripts: workers of a killed main process are ended before it is started again", "[os][services]") {
  TestHost host;
  std::vector<int> killed;
  SysvServices services(host.files, host.commands, host.clock, [&](int process, int) {
    killed.push_back(process);
    host.erase("/proc/" + std::to_string(process));
  });
  const ServiceName service{
      .name = "nginx", .init_script = "nginx", .pid_file = "/run/nginx.pid", .process = "/usr/sbin/nginx"};
  host.put("/etc/init.d/nginx", "", 0755);
  host.put("/run/nginx.pid", "50\n");  // dead
  put_process(host, "51", "/usr/sbin/nginx", std::string("nginx: worker process\0", 22));
  host.put("/proc/51/stat", "51 (ng) inx) S 1 50 50 0 -1");
  put_process(host, "52", "/usr/sbin/nginx", std::string("nginx: master process\0", 22));
  host.put("/proc/52/stat", "52 (nginx) S 1 52 52 0 -1");  // another nginx
  put_process(host, "53", "/bin/sh", std::string("sh\0", 3));
  host.put("/proc/53/stat", "53 (sh) S 1 50 50 0 -1");  // another program
  host.commands.on({"/etc/init.d/nginx", "start"}, [&](const Command&) {
    CHECK(killed == std::vector<int>{51});
    host.put("/run/nginx.pid", "52\n");
    return CommandResult{};
  });
  services.start(service, seconds(1));
  CHECK(killed == std::vector<int>{51});
}

TEST_CASE("init scripts: a dead service's pid file and sockets go before it is started again", "[os][services]") {
  TestHost host;
  SysvServices services(host.files, host.commands, host.clock);
  const ServiceName service{
      .name = "guard", .init_script = "guard", .pid_file = "/run/guard/guard.pid", .process = "/usr/bin/guard-server"};
  host.put("/etc/init.d/guard", "", 0755);
  host.put("/run/guard/guard.pid", "70\n");
  put_process(host, "70", "/usr/bin/editor", std::string("editor\0", 7));  // has the number now
  host.put("/run/guard/state", "kept");
  for (const char* path : {"/run/guard/guard.sock", "/run/guard/other.sock", "/run/else.sock"}) {
    REQUIRE(mknod(host.files.real_path(path).c_str(), S_IFSOCK | 0600, 0) == 0);
  }
  host.put("/proc/net/unix",
           "Num       RefCount Protocol Flags    Type St Inode Path\n"
           "ffff8b01: 00000002 00000000 00010000 0001 01 17001 /var/run/guard/other.sock\n"
           "ffff8b02: 00000003 00000000 00000000 0001 03 17002\n");
  host.commands.on({"/etc/init.d/guard", "start"}, [&](const Command&) {
    CHECK_FALSE(host.exists("/run/guard/guard.pid"));
    CHECK_FALSE(host.exists("/run/guard/guard.sock"));
    host.put("/run/guard/guard.pid", "71\n");
    put_process(host, "71", "/usr/bin/guard-server", std::string("guard-server\0", 13));
    return CommandResult{};
  });
  services.start(service, seconds(1));
  CHECK(services.active(service));
  for (const char* path : {"/run/guard/state", "/run/guard/other.sock", "/run/else.sock"}) CHECK(host.exists(path));
}

TEST_CASE("init scripts: a script without reload restarts, a script that does not stop is helped", "[os][services]") {
  TestHost host;
  std::vector<std::string> verbs;
  SysvServices services(host.files, host.commands, host.clock, [&](int, int) {
    verbs.push_back("kill");
    host.erase("/proc/60");
  });
  const ServiceName service{.name = "x", .init_script = "x", .pid_file = "/run/x.pid", .process = "/usr/sbin/x"};
  host.put("/etc/init.d/x", "", 0755);
  host.put("/run/x.pid", "60\n");
  put_process(host, "60", "/usr/sbin/x", std::string("x\0", 2));
  host.commands.on({"/etc/init.d/x"}, [&](const Command& command) {
    verbs.push_back(command.argv[1]);
    if (command.argv[1] == "stop") host.erase("/run/x.pid");  // and the process stays
    if (command.argv[1] == "start") put_process(host, "61", "/usr/sbin/x", std::string("x\0", 2));
    if (command.argv[1] == "start") host.put("/run/x.pid", "61\n");
    return CommandResult{.exit_code = command.argv[1] == "reload" ? 3 : 0};
  });
  services.reload(service, seconds(10));
  CHECK(verbs == std::vector<std::string>{"reload", "stop", "kill", "start"});
}

TEST_CASE("init scripts: real processes are found, signalled and outlive their starter", "[os][services]") {
  PosixFileSystem machine;
  std::string folder = "/tmp/mailinabox-test-XXXXXX";  // not the test host's: programs may be refused there
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string program = folder + "/sleeper";
  machine.write(program, machine.read("/bin/sleep")->content, {0755, 0, 0});
  ProcessCommands commands;
  const RealClock clock;
  SysvServices services(machine, commands, clock);
  // A start_command that puts its service in the background, as daemons do.
  const ServiceName service{.name = "sleeper", .start_command = {"sh", "-c", program + " 600 & :"}, .process = program};
  CHECK_FALSE(services.active(service));
  services.start(service, seconds(5));
  CHECK(services.active(service));
  services.stop(service, seconds(5));
  CHECK_FALSE(services.active(service));
  machine.remove(folder, true);
}

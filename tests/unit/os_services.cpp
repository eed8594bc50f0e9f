#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "os/systemd_services.hpp"
#include "os/sysv_services.hpp"
#include "support/host.hpp"

using namespace mailinabox;
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

TEST_CASE("systemd: enabled by link, by being static, never when masked", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  host.put("/usr/lib/systemd/system/nginx.service", "[Unit]\n[Install]\nWantedBy=multi-user.target\n");
  CHECK_FALSE(services.enabled(k_nginx));
  host.commands.answer({"/usr/bin/systemctl", "enable", "nginx.service"}, {});
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
  host.commands.answer({"/usr/bin/systemctl", "start", "postfix.service", "postfix@-.service"}, {});
  services.start(k_postfix, seconds(5));
  CHECK(host.commands.calls.size() == 1);
}

TEST_CASE("systemd: a failure shows what the service said last", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  host.commands.answer({"/usr/bin/systemctl", "reload", "nginx.service"},
                       {.exit_code = 1, .err = "Job for nginx.service failed.\n"});
  host.commands.on({"/usr/bin/journalctl"},
                   [](const Command&) { return CommandResult{.out = "nginx: [emerg] unknown directive\n"}; });
  CHECK_THROWS_WITH(services.reload(k_nginx, seconds(5)), Catch::Contains("unknown directive"));
}

TEST_CASE("systemd: a service that failed too often is started once more", "[os][services]") {
  TestHost host;
  SystemdServices services(host.files, host.commands);
  int starts = 0;
  host.commands.on({"/usr/bin/systemctl", "start"}, [&](const Command&) {
    return ++starts == 1 ? CommandResult{.exit_code = 1, .err = "start request repeated too quickly"} : CommandResult{};
  });
  host.commands.answer({"/usr/bin/systemctl", "reset-failed", "nginx.service"}, {});
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
  SysvServices services(host.files, host.commands, host.clock);
  const ServiceName service{
      .name = "rsyslog", .start_command = {"/usr/sbin/rsyslogd"}, .process = "/usr/sbin/rsyslogd"};
  put_process(host, "9", "/usr/sbin/rsyslogd", std::string("/usr/sbin/rsyslogd\0", 19));
  bool obeys = false;
  host.commands.on({"/bin/kill", "-TERM"}, [&](const Command&) {
    if (obeys) host.files.remove("/proc/9", true);
    return CommandResult{};
  });
  CHECK_THROWS_WITH(services.stop(service, seconds(1)), Catch::Contains("did not stop within 1 s"));
  obeys = true;
  services.stop(service, seconds(1));
  CHECK_FALSE(services.active(service));
}

TEST_CASE("init scripts: starting without script and command says what is missing", "[os][services]") {
  TestHost host;
  SysvServices services(host.files, host.commands, host.clock);
  CHECK_THROWS_WITH(services.start({.name = "x", .init_script = "x"}, seconds(1)), Catch::Contains("start_command"));
}

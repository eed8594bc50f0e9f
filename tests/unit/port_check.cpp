// Ports that other programs hold, before a machine becomes a box.
#include <fmt/format.h>

#include "operations/port_check.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"
#include "support/model_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

// A machine with processes that listen, as /proc shows them.
struct PortHost : TestHost {
  // Sockets are numbered by their port.
  void process(const std::string& id, const std::string& program, const std::vector<int>& ports,
               const std::string& cgroup = "0::/init.scope\n") {
    const std::string folder = "/proc/" + id;
    put(folder + "/comm", program.substr(program.rfind('/') + 1) + "\n");
    put(folder + "/cmdline", program + '\0');
    put(folder + "/cgroup", cgroup);
    put_symlink(folder + "/exe", program);
    for (const int port : ports) {
      put_symlink(folder + "/fd/" + std::to_string(port), "socket:[" + std::to_string(port) + "]");
    }
  }
  void listening(const std::string& table, const std::vector<std::pair<std::string, int>>& sockets) {
    std::string text = "  sl  local_address rem_address   st\n";
    for (const auto& [address, port] : sockets) {
      text +=
          fmt::format("   0: {}:{:04X} 00000000:0000 {} 00000000:00000000 00:00000000 00000000     0        0 {} 1\n",
                      address, port, table == "udp" ? "07" : "0A", port);
    }
    put("/proc/net/" + table, text);
  }
  void package(const std::string& name, const std::string& path) {
    put("/var/lib/dpkg/info/" + name + ".list", "/.\n/usr\n" + path + "\n");
  }
};

Catalog of(const std::vector<std::pair<std::string, std::shared_ptr<const Resource>>>& resources) {
  Catalog catalog;
  for (const auto& [id, resource] : resources) {
    CatalogEntry entry;
    entry.id = {"x", id};
    entry.resource = resource;
    catalog.entries.push_back(entry);
  }
  return catalog;
}

const char* const k_any = "00000000";
const char* const k_loopback = "0100007F";

const Catalog& mail_box() {
  static const Catalog catalog =
      of({{"nginx", make_resource("package", "nginx")},
          {"apache2", make_resource("package", "apache2", {{"state", "absent"}})},
          {"web", make_resource("service", "nginx", {{"listens", ValueList{80, 443}}, {"process", "/usr/sbin/nginx"}})},
          {"smtp", make_resource("service", "postfix", {{"listens", ValueList{25}}})},
          {"bind9", make_resource("service", "bind9", {{"state", "stopped"}, {"process", "/usr/sbin/named"}})},
          {"dns",
           make_resource("service", "unbound", {{"listens", ValueList{53}}, {"addresses", ValueList{"127.0.0.1"}}})}});
  return catalog;
}

}  // namespace

TEST_CASE("ports: a foreign program is named with its port, package and unit", "[ports]") {
  PortHost host;
  host.listening("tcp", {{k_any, 53}, {k_any, 22}});
  host.listening("udp", {{k_any, 53}, {k_any, 25}});
  host.process("812", "/usr/sbin/dnsmasq", {53}, "0::/system.slice/dnsmasq.service\n");
  host.package("dnsmasq-base", "/usr/sbin/dnsmasq");
  host.package("dnsmasq-utils", "/usr/sbin/dnsmasq-helper");
  const PortFindings findings = look_at_ports(mail_box(), host.view());
  CHECK(findings.notices.empty());
  CHECK(findings.obstacles ==
        std::vector<std::string>{
            "TCP port 53 of 0.0.0.0, for unbound: `dnsmasq` (process 812, package dnsmasq-base, dnsmasq.service)",
            "UDP port 53 of 0.0.0.0, for unbound: `dnsmasq` (process 812, package dnsmasq-base, dnsmasq.service)"});
  CHECK_THROWS_WITH(require_free_ports(findings),
                    Contains("Nothing has been changed") && Contains("(`systemctl disable --now dnsmasq.service`)"));
  CHECK(host.touched().empty());
}

TEST_CASE("ports: of a service of which only the interpreter can be seen, any script looks like it", "[ports]") {
  PortHost host;
  host.listening("tcp", {{k_any, 25}});
  host.process("812", "/usr/bin/perl", {25});
  host.package("perl-base", "/usr/bin/perl");
  const Catalog catalog = of(
      {{"smtp", make_resource("service", "postfix", {{"listens", ValueList{25}}})},
       {"grey", make_resource("service", "postgrey", {{"listens", ValueList{10023}}, {"process", "/usr/bin/perl"}})}});
  CHECK(look_at_ports(catalog, host.view()).obstacles ==
        std::vector<std::string>{"TCP port 25 of 0.0.0.0, for postfix: `perl` (process 812, package perl-base)"});
  host.services.states["postgrey"].active = true;
  CHECK(look_at_ports(catalog, host.view()).obstacles.empty());
}

TEST_CASE("ports: a container's program is not the box's own, whatever its path", "[ports]") {
  PortHost host;
  host.listening("tcp", {{k_any, 80}});
  host.process("812", "/usr/sbin/nginx", {80});
  host.package("nginx", "/usr/sbin/nginx");
  host.put_symlink("/proc/self/ns/pid", "pid:[4026531836]");
  host.put_symlink("/proc/812/ns/pid", "pid:[4026531836]");
  CHECK(look_at_ports(mail_box(), host.view()).obstacles.empty());
  host.erase("/proc/812/ns/pid");
  host.put_symlink("/proc/812/ns/pid", "pid:[4026532999]");
  const PortFindings findings = look_at_ports(mail_box(), host.view());
  CHECK(findings.obstacles ==
        std::vector<std::string>{"TCP port 80 of 0.0.0.0, for nginx: `nginx` (process 812, in a container)"});
  CHECK_THROWS_WITH(require_free_ports(findings), Contains("`docker stop`") && Contains("container of process 812"));
}

TEST_CASE("ports: on another address it is in nobody's way", "[ports]") {
  PortHost host;
  SECTION("systemd-resolved's 127.0.0.53") { host.listening("tcp", {{"3500007F", 53}}); }
  SECTION("all of IPv6") { host.listening("tcp6", {{"00000000000000000000000000000000", 53}}); }
  CHECK(look_at_ports(mail_box(), host.view()).obstacles.empty());
}

TEST_CASE("ports: a program that cannot be seen", "[ports]") {
  PortHost host;
  host.listening("tcp", {{k_loopback, 443}});
  CHECK(look_at_ports(mail_box(), host.view()).obstacles ==
        std::vector<std::string>{"TCP port 443 of 127.0.0.1, for nginx: a program that cannot be seen from here"});
}

TEST_CASE("ports: the box's own programs are right there, others go", "[ports]") {
  PortHost host;
  host.listening("tcp", {{k_any, 80}, {k_any, 443}, {k_any, 25}, {k_loopback, 53}});
  host.process("101", "/usr/sbin/nginx", {80});
  host.process("102", "/usr/sbin/apache2", {443});
  host.process("103", "/usr/sbin/exim4", {25});
  host.process("104", "/usr/sbin/named", {53});
  host.package("apache2-bin", "/usr/sbin/apache2");
  host.package("exim4-daemon-light:amd64", "/usr/sbin/exim4");
  host.put("/var/lib/dpkg/status",
           "Package: apache2-bin\nStatus: install ok installed\nSource: apache2 (2.4.62-1)\n\n"
           "Package: exim4-daemon-light\nStatus: install ok installed\nProvides: default-mta, mail-transport-agent\n");
  const PortFindings findings = look_at_ports(mail_box(), host.view());
  CHECK(findings.obstacles.empty());
  CHECK(findings.notices ==
        std::vector<std::string>{
            "`apache2` (process 102, package apache2-bin) holds port 443: setup removes the package apache2.",
            "`exim4` (process 103, package exim4-daemon-light) holds port 25: setup replaces the package "
            "exim4-daemon-light by Postfix.",
            "`named` (process 104, of no Debian package) holds port 53: setup stops the service bind9."});
  CHECK_NOTHROW(require_free_ports(findings));
}

TEST_CASE("ports: what runs as a unit that the box defines itself goes, as the daemon of the original does",
          "[ports]") {
  PortHost host;
  host.listening("tcp", {{k_loopback, 10222}});
  host.process("812", "/usr/bin/python3", {10222}, "0::/system.slice/mailinabox.service\n");
  const auto front = make_resource("service", "front", {{"listens", ValueList{10222}}, {"process", "/usr/sbin/x"}});
  CHECK(look_at_ports(of({{"front", front}}), host.view()).obstacles.size() == 1);
  const auto unit = make_resource("file", "/etc/systemd/system/mailinabox.service", {{"content", "x"}});
  const PortFindings findings = look_at_ports(of({{"unit", unit}, {"front", front}}), host.view());
  CHECK(findings.obstacles.empty());
  CHECK(findings.notices ==
        std::vector<std::string>{"`python3` (process 812, of no Debian package, mailinabox.service) holds port 10222: "
                                 "setup has another program in the place of mailinabox.service."});
}

TEST_CASE("ports: setup refuses to begin, a plan says so, and a box that is set up is not asked", "[ports]") {
  ModelBox box;
  box.host.put("/share/recipes/mail.yaml", "recipe: mail\nsummary: x\nservices:\n  smtp:\n    listens: [25]\n");
  box.host.put("/proc/net/tcp", "   0: 00000000:0019 00000000:0000 0A 0:0 0:0 0 0 0 77 1\n");
  CHECK_THROWS_WITH(box.run({"setup"}), Contains("TCP port 25 of 0.0.0.0, for smtp") && Contains("Nothing has been"));
  CHECK_FALSE(box.host.exists("/etc/mailinabox.conf"));
  static_cast<void>(box.run({"plan"}));
  CHECK_THAT(box.errors.str() + box.output.str(), Contains("Setup will refuse to begin"));
  box.host.erase("/proc/net/tcp");
  box.host.machine.listening = {{25, "0.0.0.0"}};
  box.set_up();
  box.host.put("/proc/net/tcp", "   0: 00000000:0019 00000000:0000 0A 0:0 0:0 0 0 0 77 1\n");
  CHECK(box.run({"setup"}) == ExitCode::ok);
}

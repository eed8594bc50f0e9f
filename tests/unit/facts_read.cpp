#include <arpa/inet.h>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using mailinabox::test::TestHost;

namespace {

struct FactHost : TestHost {
  FactHost() {
    put("/proc/meminfo", "MemTotal:        4028032 kB\nMemFree: 1 kB\nSwapTotal:       1048576 kB\n");
    put("/proc/self/mountinfo",
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "23 22 0:5 / /proc rw,nosuid - proc proc rw\n");
  }
  Value fact(std::string_view name) {
    for (const Fact& fact : facts()) {
      if (fact.name == name) return fact.read(view());
    }
    throw std::logic_error("no fact " + std::string(name));
  }
  ValueList ports() { return fact("ssh_ports").as_list(); }
};

ValueList numbers(std::initializer_list<int> list) { return ValueList(list.begin(), list.end()); }

}  // namespace

TEST_CASE("facts: all can be read, also on a machine of which little is known, and only by looking") {
  FactHost host;
  const ValueMap all = gather_facts(host.view());
  CHECK(all.size() == facts().size());
  CHECK(host.touched().empty());
  CHECK(host.commands.calls.empty());
  CHECK(std::is_sorted(facts().begin(), facts().end(),
                       [](const Fact& left, const Fact& right) { return left.name < right.name; }));
  for (const Fact& fact : facts()) CHECK_FALSE(fact.doc.empty());
}

TEST_CASE("facts: one that cannot be read is named") {
  FactHost host;
  host.put("/proc/meminfo", "MemTotal: lots kB\n");
  CHECK_THROWS_WITH(gather_facts(host.view()),
                    Contains("the fact dovecot_vsz_limit_mb cannot be read: ") && Contains("MemTotal"));
}

TEST_CASE("facts: this very machine can be read with the real file system") {
  FactHost host;
  PosixFileSystem real;
  const View fakes = host.view();
  const View view{real, fakes.commands, fakes.packages, fakes.services, fakes.accounts, fakes.machine, fakes.clock};
  const ValueMap all = gather_facts(view);
  CHECK(all.at("memory_mb").as_integer() > 100);
  CHECK(all.at("cpu_count").as_integer() >= 1);
  CHECK(all.at("root_filesystem").as_string() != "unknown");
}

TEST_CASE("facts: architecture") {
  FactHost host;
  CHECK_FALSE(host.fact("architecture").as_string().empty());
  host.put("/var/lib/dpkg/arch", "arm64\namd64\n");
  CHECK(host.fact("architecture") == Value("arm64"));
  host.put("/var/lib/dpkg/arch", "");
  CHECK_FALSE(host.fact("architecture").as_string().empty());
}

TEST_CASE("facts: container") {
  FactHost host;
  CHECK(host.fact("container") == Value(false));
  host.put("/proc/1/environ", std::string("A=1\0mycontainer=x\0container=\0", 29));
  CHECK(host.fact("container") == Value(false));
  host.put("/proc/1/environ", std::string("A=1\0container=lxc\0", 18));
  CHECK(host.fact("container") == Value(true));
  host.put("/proc/1/environ", std::string("container=lxc\0", 14));
  CHECK(host.fact("container") == Value(true));
  host.erase("/proc/1/environ");
  for (const char* path : {"/run/systemd/container", "/.dockerenv", "/run/.containerenv"}) {
    host.put(path, "");
    CHECK(host.fact("container") == Value(true));
    host.erase(path);
  }
}

TEST_CASE("facts: processors, and what Dovecot and the spam filter are given for them") {
  FactHost host;
  CHECK(host.fact("cpu_count") == Value(1));
  for (const auto& [text, count] : std::vector<std::pair<std::string, int>>{
           {"0-3\n", 4}, {"0\n", 1}, {"0-1,4-5,7\n", 5}, {"3-1\n", 1}, {"x\n", 1}}) {
    host.put("/sys/devices/system/cpu/online", text);
    CHECK(host.fact("cpu_count") == Value(count));
  }
  host.put("/sys/devices/system/cpu/online", "0-3\n");
  CHECK(host.fact("dovecot_process_limit") == Value(1000));
  CHECK(host.fact("dovecot_client_limit") == Value(5000));
  CHECK(host.fact("spam_filter_processes") == Value(9));
  host.put("/sys/devices/system/cpu/online", "0-63\n");
  CHECK(host.fact("spam_filter_processes") == Value(20));
  host.put("/proc/meminfo", "MemTotal: 1800000 kB\nSwapTotal: 0 kB\n");
  CHECK(host.fact("spam_filter_processes") == Value(7));
  host.put("/proc/meminfo", "MemTotal: 500000 kB\nSwapTotal: 0 kB\n");
  CHECK(host.fact("spam_filter_processes") == Value(2));
}

TEST_CASE("facts: memory and swap, within a container's limit") {
  FactHost host;
  CHECK(host.fact("memory_mb") == Value(3933));
  CHECK(host.fact("swap_mb") == Value(1024));
  CHECK(host.fact("dovecot_vsz_limit_mb") == Value(1652));
  CHECK(host.fact("low_memory") == Value(false));
  host.put("/sys/fs/cgroup/memory.max", "max\n");
  CHECK(host.fact("memory_mb") == Value(3933));
  host.put("/sys/fs/cgroup/memory.max", "1073741824\n");
  CHECK(host.fact("memory_mb") == Value(1024));
  CHECK(host.fact("low_memory") == Value(true));
  host.put("/proc/meminfo", "MemTotal: 500000 kB\nSwapTotal: 0 kB\n");
  CHECK(host.fact("dovecot_vsz_limit_mb") == Value(504));
  host.put("/proc/meminfo", "MemTotal: 500000 kB\nSwapTotal: 1048572 kB\n");
  CHECK(host.fact("dovecot_vsz_limit_mb") == Value(504));  // the same once the swap file is there
  host.put("/proc/meminfo", "MemTotalX: 5 kB\nSwapTotal: 0\n");
  CHECK_THROWS_AS(host.fact("memory_mb"), Error);
}

TEST_CASE("facts: distribution") {
  FactHost host;
  host.put("/etc/os-release",
           "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION=\"12\"\nID=debian\nID_LIKE=x\n");
  CHECK(host.fact("distribution") == Value("debian-12"));
  CHECK(host.fact("distribution_name") == Value("Debian GNU/Linux 12 (bookworm)"));
  host.put("/etc/os-release", "ID='arch'\n\"broken\n=\n");
  CHECK(host.fact("distribution") == Value("arch"));
  host.erase("/etc/os-release");
  CHECK(host.fact("distribution") == Value("unknown"));
  CHECK(host.fact("distribution_name") == Value("unknown"));
}

TEST_CASE("facts: the mail server's unit up to Debian 12") {
  FactHost host;
  CHECK(host.fact("postfix_instance") == Value(false));
  host.put_symlink("/run/systemd/units/invocation:postfix@-.service", "0123456789abcdef0123456789abcdef");
  CHECK(host.fact("postfix_instance") == Value(true));
}

TEST_CASE("facts: who writes resolv.conf") {
  FactHost host;
  for (const char* name : {"dhclient", "network_manager", "openresolv", "systemd_resolved", "resolv_conf_mounted"})
    CHECK(host.fact(name) == Value(false));
  host.put("/usr/sbin/dhclient", "");
  CHECK(host.fact("dhclient") == Value(false));
  host.put_directory("/etc/dhcp/dhclient-enter-hooks.d");
  CHECK(host.fact("dhclient") == Value(true));
  host.put("/usr/sbin/NetworkManager", "");
  host.put_directory("/etc/NetworkManager/conf.d");
  CHECK(host.fact("network_manager") == Value(true));
  host.packages.installed["openresolv"] = "3.12";
  CHECK(host.fact("openresolv") == Value(true));
  host.put("/lib/systemd/systemd-resolved", "");
  CHECK(host.fact("systemd_resolved") == Value(true));
  host.put("/proc/self/mountinfo", "1 2 0:1 / /etc/resolv.conf.d rw - tmpfs t rw\n");
  CHECK(host.fact("resolv_conf_mounted") == Value(false));
  host.put("/proc/self/mountinfo", "1 2 0:1 /r /etc/resolv.conf rw,relatime - overlay o rw\n");
  CHECK(host.fact("resolv_conf_mounted") == Value(true));
  host.put("/proc/self/mountinfo", "garbage /etc/resolv.conf\n\n1 2 3 4 /etc/resolv.conf rw\n");
  CHECK(host.fact("resolv_conf_mounted") == Value(false));
}

TEST_CASE("facts: name servers") {
  FactHost host;
  CHECK(host.fact("name_servers") == Value(ValueList{}));
  host.put("/etc/resolv.conf",
           "# nameserver 9.9.9.9\nsearch x\nnameserver 192.0.2.1\nnameserver\t2001:db8::1\nnameserver "
           "fe80::1%eth0\nnameserver 192.0.2.2%eth0\n"
           "nameserver nonsense\nnameserver\n");
  CHECK(host.fact("name_servers") == Value(ValueList{"192.0.2.1", "2001:db8::1", "fe80::1%eth0"}));
  host.put("/etc/resolv.conf", "nameserver 127.0.0.53\n");
  CHECK(host.fact("name_servers") == Value(ValueList{}));
  host.put("/run/systemd/resolve/resolv.conf", "nameserver 192.0.2.7\n");
  CHECK(host.fact("name_servers") == Value(ValueList{"192.0.2.7"}));
}

TEST_CASE("facts: disks") {
  FactHost host;
  CHECK(host.fact("root_filesystem") == Value("ext4"));
  host.files.free_bytes_answer = std::uint64_t{6} << 30;
  CHECK(host.fact("free_disk_mb") == Value(6144));
  CHECK(host.fact("room_for_swap") == Value(true));
  host.files.free_bytes_answer = std::uint64_t{5} << 30;
  CHECK(host.fact("room_for_swap") == Value(false));
  host.put("/proc/self/mountinfo", "1 1 0:1 / / rw - rootfs r rw\n2 1 0:2 / / rw shared:1 master:2 - overlay o rw\n");
  CHECK(host.fact("root_filesystem") == Value("overlay"));
  host.put("/proc/self/mountinfo", "1 1 0:1 / / rw -\nx\n");
  CHECK(host.fact("root_filesystem") == Value("unknown"));
}

TEST_CASE("facts: what the kernel lets this run do") {
  FactHost host;
  CHECK(host.fact("firewall_possible") == Value(true));
  host.machine.missing_capabilities = {12};
  CHECK(host.fact("firewall_possible") == Value(false));
  CHECK(host.fact("sysctl_writable") == Value(true));
  host.put("/proc/self/mountinfo",
           "23 22 0:5 / /proc rw - proc proc rw\n24 23 0:5 / /proc/sys ro,nosuid - proc proc rw\n");
  CHECK(host.fact("sysctl_writable") == Value(false));
  host.put("/proc/self/mountinfo", "23 22 0:5 / /proc rw - proc proc rw\n");
  CHECK(host.fact("sysctl_writable") == Value(true));
  host.put("/.dockerenv", "");
  CHECK(host.fact("sysctl_writable") == Value(false));
  CHECK(host.fact("ipv6") == Value(false));
  host.put("/proc/net/if_inet6", "");
  CHECK(host.fact("ipv6") == Value(true));
  CHECK(host.fact("systemd") == Value(false));
  host.put_directory("/run/systemd/system");
  CHECK(host.fact("systemd") == Value(true));
  host.machine.name = "box.example.com";
  CHECK(host.fact("host_name") == Value("box.example.com"));
}

TEST_CASE("facts: another time daemon") {
  FactHost host;
  CHECK(host.fact("other_time_daemon") == Value(false));
  host.packages.installed["systemd-timesyncd"] = "252";
  CHECK(host.fact("other_time_daemon") == Value(false));
  host.packages.installed["chrony"] = "4";
  CHECK(host.fact("other_time_daemon") == Value(true));
}

TEST_CASE("facts: time zone") {
  FactHost host;
  CHECK(host.fact("time_zone") == Value("Etc/UTC"));
  host.put("/etc/timezone", "# comment\n\nEurope/Berlin\n");
  CHECK(host.fact("time_zone") == Value("Europe/Berlin"));
  host.put_symlink("/etc/localtime", "/usr/share/zoneinfo/America/Argentina/Salta");
  CHECK(host.fact("time_zone") == Value("America/Argentina/Salta"));
  host.erase("/etc/localtime");
  host.put_symlink("/etc/localtime", "/usr/share/zoneinfo/");
  CHECK(host.fact("time_zone") == Value("Europe/Berlin"));
}

TEST_CASE("facts: this machine's addresses are addresses, or empty") {
  FactHost host;
  in6_addr bytes{};
  const std::string ipv4 = host.fact("private_ip").as_string();
  CHECK((ipv4.empty() || inet_pton(AF_INET, ipv4.c_str(), &bytes) == 1));
  const std::string ipv6 = host.fact("private_ipv6").as_string();
  CHECK((ipv6.empty() || inet_pton(AF_INET6, ipv6.substr(0, ipv6.find('%')).c_str(), &bytes) == 1));
  CHECK(source_address(AF_INET, "127.0.0.9") == "127.0.0.1");
  CHECK_THROWS_AS(source_address(AF_INET, "::1"), Error);
}

TEST_CASE("facts: SSH ports of sshd's settings") {
  FactHost host;
  CHECK(host.ports().empty());
  host.put("/etc/ssh/sshd_config", "Port 2222\n");
  CHECK(host.ports().empty());  // sshd is not installed
  host.put("/usr/sbin/sshd", "");
  CHECK(host.ports() == numbers({2222}));
  host.erase("/etc/ssh/sshd_config");
  CHECK(host.ports() == numbers({22}));
  host.put("/etc/ssh/sshd_config",
           "#Port 2200\n  port = 23\nPORT \"24\"\nPort=25\nPort nonsense\nPort 99999\nPort\nX 1\n");
  CHECK(host.ports() == numbers({23, 24, 25}));
  host.put("/etc/ssh/sshd_config", "ListenAddress 192.0.2.1:2022\nListenAddress [2001:db8::1]:2023\n");
  CHECK(host.ports() == numbers({2022, 2023}));
  host.put("/etc/ssh/sshd_config", "ListenAddress 192.0.2.1:2022\nListenAddress 2001:db8::7\n");
  CHECK(host.ports() == numbers({22, 2022}));
  host.put("/etc/ssh/sshd_config", "ListenAddress [2001:db8::7]\nListenAddress host\nPort 44\n");
  CHECK(host.ports() == numbers({44}));
}

TEST_CASE("facts: SSH ports of included files") {
  FactHost host;
  host.put("/usr/sbin/sshd", "");
  host.put("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf other?\n");
  host.put("/etc/ssh/sshd_config.d/10.conf", "Port 1010\nInclude /etc/ssh/sshd_config\n");
  host.put("/etc/ssh/sshd_config.d/10.conf.off", "Port 1011\n");
  host.put("/etc/ssh/other1", "Port 1012\n");
  CHECK(host.ports() == numbers({1010, 1012}));
}

namespace {

constexpr const char* k_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f anna@home\n";

// root, anna and bert have passwords, daemon has none.
struct SshHost : FactHost {
  SshHost() {
    put("/usr/sbin/sshd", "");
    put("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n");
    put("/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
        "anna:x:1000:1000::/home/anna:/bin/bash\nbert:x:1001:1001::/home/bert:/bin/bash\n");
    put("/etc/shadow", "root:$6$x:1::::::\ndaemon:*:1::::::\nanna:$y$x:1::::::\nbert:!:1::::::\n");
  }
  void give_key(const std::string& home, unsigned uid, const std::string& line = k_key) {
    for (const std::string& folder : {home, home + "/.ssh"}) put_directory(folder, 0755, uid, uid);
    put(home + "/.ssh/authorized_keys", line, 0600, uid, uid);
  }
  ValueList with_key() { return fact("ssh_key_accounts").as_list(); }
  ValueList password_only() { return fact("ssh_password_accounts").as_list(); }
};

}  // namespace

TEST_CASE("facts: who can log in over SSH with a key, and who with a password only") {
  SshHost host;
  CHECK(host.with_key().empty());
  CHECK(host.password_only() == ValueList{"anna"});  // root's password does not count there, bert has none
  host.put("/etc/ssh/sshd_config.d/00-own.conf", "PermitRootLogin yes\n");
  CHECK(host.password_only() == ValueList{"root", "anna"});
  host.give_key("/root", 0);
  host.give_key("/home/anna", 1000);
  CHECK(host.with_key() == ValueList{"root", "anna"});
  CHECK(host.password_only().empty());

  SECTION("a file that sshd does not trust") {
    host.put("/home/anna/.ssh/authorized_keys", k_key, 0664, 1000, 1000);
    CHECK(host.with_key() == ValueList{"root"});
    CHECK(host.password_only() == ValueList{"anna"});
    host.put("/home/anna/.ssh/authorized_keys", k_key, 0600, 1001, 1000);
    CHECK(host.with_key() == ValueList{"root"});
  }
  SECTION("an account for SFTP, whose shell lets nobody in") {
    const auto accounts = [](const std::string& shell) {
      return "root:x:0:0:root:/root:/bin/bash\nanna:x:1000:1000::/home/anna:" + shell + "\n";
    };
    for (const char* shell : {"/usr/sbin/nologin", "/bin/false"}) {
      host.put("/etc/passwd", accounts(shell));
      host.give_key("/home/anna", 1000);
      CHECK(host.with_key() == ValueList{"root"});  // anna can repair nothing
      CHECK(host.password_only().empty());          // and misses no password
      host.erase("/home/anna/.ssh/authorized_keys");
      CHECK(host.password_only() == ValueList{"anna"});
    }
  }
  SECTION("a folder that others can write") {
    host.put_directory("/home/anna", 0777, 1000, 1000);
    CHECK(host.with_key() == ValueList{"root"});
  }
  SECTION("keys for one command, of a dead algorithm, cut off, commented out") {
    for (const char* line : {"command=\"echo log in as debian\" ssh-ed25519 AAAA x\n", "ssh-dss AAAAB3NzaC1kc3M= x\n",
                             "ssh-ed25519 AAAA x\n", "#ssh-ed25519 AAAA\n", "\n"}) {
      host.give_key("/root", 0, line);
      CHECK(host.with_key() == ValueList{"anna"});
    }
  }
  SECTION("an RSA key that was cut where a narrow terminal cuts it, or is too short") {
    const auto part = [](const std::string& text) {
      const auto size = text.size();
      return std::string{'\0', '\0', static_cast<char>(size >> 8U), static_cast<char>(size & 0xffU)} + text;
    };
    const auto rsa = [&](std::size_t bytes) {
      return "ssh-rsa " + to_base64(part("ssh-rsa") + part("\1\1") + part(std::string(bytes, 'n')));
    };
    const std::string key = rsa(257);
    host.give_key("/root", 0, key + "\n");
    CHECK(host.with_key() == ValueList{"root", "anna"});
    for (const std::string& line : std::vector<std::string>{key.substr(0, 80), rsa(129)}) {
      host.give_key("/root", 0, line + "\n");
      CHECK(host.with_key() == ValueList{"anna"});
    }
  }
  SECTION("settings that stand in the way") {
    host.put("/etc/ssh/sshd_config.d/00-own.conf", "PermitRootLogin no\n");
    CHECK(host.with_key() == ValueList{"anna"});
    for (const char* line : {"PubkeyAuthentication no\n", "AuthenticationMethods publickey,keyboard-interactive\n",
                             "Match User anna\n AuthorizedKeysFile none\n", "AllowUsers bert\n",
                             "PubkeyAcceptedAlgorithms ssh-rsa\n", "AuthorizedKeysFile /etc/keys/%u\n"}) {
      host.put("/etc/ssh/sshd_config.d/00-own.conf", line);
      CHECK(host.with_key().empty());
    }
    host.put("/etc/keys/anna", k_key);
    CHECK(host.with_key() == ValueList{"anna"});
  }
  SECTION("passwords that no file here has") {
    const auto with_auth = [&](const std::string& text) {
      host.put("/etc/pam.d/common-auth", text);
      return host.password_only();
    };
    host.put("/etc/pam.d/sshd", "# PAM\n@include common-auth\naccount required pam_ldap.so\n");
    CHECK(with_auth(
              "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n"
              "-auth optional pam_gnome_keyring.so\nauth required pam_permit.so # pam_oath.so\n#auth required x.so\n")
              .empty());
    for (const char* line :
         {"auth [success=2 default=ignore]\tpam_krb5.so minimum_uid=1000\n", "-auth sufficient pam_krb5.so\n",
          "AUTH\tsufficient /usr/lib/security/pam_krb5.so\n", "auth [success=ok \\] default=ignore] pam_krb5.so\n",
          "auth \\\n  [success=1 \\\n  default=ignore] \\\n  pam_krb5.so x # y\n", "auth required pam_krb5"}) {
      INFO(line);
      CHECK(with_auth(line) == ValueList{"accounts of pam_krb5 (/etc/pam.d/common-auth)"});
    }
    host.put("/etc/pam.d/codes", "auth required pam_oath.so\nsession optional pam_sss.so\n@include codes\n");
    const ValueList codes = {"accounts of pam_oath (/etc/pam.d/codes)"};
    CHECK(with_auth("auth substack codes\n") == codes);
    CHECK(with_auth("auth include /etc/pam.d/codes\n") == codes);
    CHECK(with_auth("account include codes\n").empty());
    host.put("/etc/pam.d/other", "@include codes\n");
    CHECK(with_auth("account include codes\n") == codes);  // sshd has no lines for auth
    host.erase("/etc/pam.d/sshd");
    CHECK(host.password_only() == codes);
    host.put("/usr/lib/pam.d/sshd", "auth required pam_unix.so\n");
    CHECK(host.password_only().empty());
    host.put("/etc/pam.d/gate", "auth required pam_radius_auth.so\n");
    host.put("/etc/ssh/sshd_config.d/00-own.conf", "PAMServiceName gate\n");
    CHECK(host.password_only() == ValueList{"accounts of pam_radius_auth (/etc/pam.d/gate)"});
    host.put("/etc/ssh/sshd_config.d/00-own.conf", "UsePAM no\nPermitRootLogin yes\n");
    CHECK(host.password_only().empty());
    host.put("/etc/ssh/sshd_config.d/00-own.conf", "UsePAM no\nKerberosAuthentication yes\n");
    CHECK(host.password_only() == ValueList{"accounts of Kerberos"});
  }
  SECTION("an empty password, and one in /etc/passwd") {
    host.put("/etc/shadow", "root:*:1::::::\ndaemon:*:1::::::\nanna:*:1::::::\nbert::1::::::\n");
    CHECK(host.password_only().empty());
    for (const char* line : {"PermitEmptyPasswords yes\n", "Match User bert\n PermitEmptyPasswords yes\n"}) {
      host.put("/etc/ssh/sshd_config.d/00-own.conf", line);
      CHECK(host.password_only() == ValueList{"bert"});
    }
    host.erase("/etc/ssh/sshd_config.d/00-own.conf");
    host.put("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\nbert:$6$x:1001:1001::/home/bert:/bin/bash\n");
    CHECK(host.password_only() == ValueList{"bert"});
  }
  SECTION("accounts that no file here lists") {
    host.put("/etc/nsswitch.conf", "passwd:\t files systemd [NOTFOUND=continue] sss\n");
    CHECK(host.password_only() == ValueList{"accounts of sss"});
    host.put("/etc/nsswitch.conf", "passwd:files sss # ldap\nshadow: files sss nis\n");
    CHECK(host.password_only() == ValueList{"accounts of sss", "accounts of nis"});
    host.put("/etc/nsswitch.conf", "passwd: compat systemd\nshadow: files systemd\ngroup: ldap\n");
    CHECK(host.password_only().empty());
    host.put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n+::::::\n");
    host.put("/var/lib/systemd/home/anna.identity", "{}");
    CHECK(host.password_only() == ValueList{"accounts of NIS", "accounts in /var/lib/systemd/home"});
  }
}

TEST_CASE("facts: what sshd would do without the box's settings") {
  SshHost host;
  CHECK(host.fact("ssh_drop_ins") == Value(true));
  CHECK(host.fact("ssh_passwords") == Value(true));
  host.put("/etc/ssh/sshd_config.d/10-mailinabox.conf", "PasswordAuthentication no\n");
  CHECK(host.fact("ssh_passwords") == Value(true));
  host.put("/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication no\n");
  CHECK(host.fact("ssh_passwords") == Value(false));
  host.put("/etc/default/ssh", "SSHD_OPTS=\"-o PasswordAuthentication=yes\"\n");
  CHECK(host.fact("ssh_passwords") == Value(true));
  host.put("/etc/default/ssh", "SSHD_OPTS='-f /etc/own_sshd'\n");
  CHECK(host.fact("ssh_drop_ins") == Value(false));
  host.erase("/etc/default/ssh");
  host.put("/etc/ssh/sshd_config", "Match User x\nInclude /etc/ssh/sshd_config.d/*.conf\n");
  CHECK(host.fact("ssh_drop_ins") == Value(false));
}

TEST_CASE("facts: sshd's options are read with their quotes, as systemd does") {
  SshHost host;
  const auto insists = [&](const std::string& file) {
    host.put("/etc/default/ssh", file);
    return host.fact("ssh_passwords_insisted") == Value(true);
  };
  CHECK_FALSE(insists("SSHD_OPTS='-o \"UsePAM yes\"'\n#SSHD_OPTS=-oPasswordAuthentication=yes\n"));
  for (const char* file :
       {"SSHD_OPTS='-o \"PasswordAuthentication yes\"'\n", "SSHD_OPTS=\"-o 'PasswordAuthentication yes'\"",
        "SSHD_OPTS=-o \"PasswordAuthentication yes\"\n", "SSHD_OPTS=\"-o \\\"PasswordAuthentication yes\\\"\"\n",
        " SSHD_OPTS = -4 \\\n '-oPasswordAuthentication=yes' \n", "SSHD_OPTS=-o PasswordAuthentication\\\\\\ yes\n",
        "SSHD_OPTS=-4Do\"PasswordAuthentication yes\"\nOTHER='x\n'\n",
        "NONE\nSSHD_OPTS=-oUsePAM=yes\nSSHD_OPTS='-o'\" \"'PasswordAuthentication=yes'"}) {
    INFO(file);
    CHECK(insists(file));
  }
  host.give_key("/root", 0);
  host.put("/etc/default/ssh", "SSHD_OPTS='-o \"AuthorizedKeysFile /etc/ssh/keys/%u\"'\n");
  CHECK(host.with_key().empty());
  host.put("/etc/ssh/keys/root", k_key);
  CHECK(host.with_key() == ValueList{"root"});
  host.put("/etc/ssh/sshd_config.d/00-own.conf", "PermitRootLogin 'no'  # not even with a key\n");
  CHECK(host.with_key().empty());
}

TEST_CASE("facts: sshd's options of the administrator's own unit") {
  SshHost host;
  const auto insists = [&] { return host.fact("ssh_passwords_insisted") == Value(true); };
  host.put("/etc/default/ssh", "SSHD_OPTS=-oPasswordAuthentication=yes\n");
  host.put("/lib/systemd/system/ssh.service",
           "[Service]\nEnvironmentFile=-/etc/default/ssh\nExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D "
           "$SSHD_OPTS\n");
  CHECK(insists());
  const std::string drop_in = "/etc/systemd/system/ssh.service.d/own.conf";
  host.put(drop_in, "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -p 2222\n");
  CHECK_FALSE(insists());
  CHECK(host.ports() == numbers({2222}));
  host.put(drop_in,
           "[Service]\nExecStart=\nExecStart=@/usr/sbin/sshd ssh -D \\\n  -o 'PasswordAuthentication yes' $UNSET\n");
  CHECK(insists());
  host.put(drop_in, "[Service]\nEnvironmentFile=\nEnvironmentFile=-/dev/null\nEnvironment='SSHD_OPTS=-p 2223' X\n");
  CHECK_FALSE(insists());
  CHECK(host.ports() == numbers({2223}));
  host.erase(drop_in);
  for (const std::string& masked : {drop_in, std::string("/etc/systemd/system/ssh.service")}) {
    host.put_symlink(masked, "/dev/null");
  }
  CHECK(insists());
  host.erase("/etc/systemd/system/ssh.service");
  host.put("/etc/systemd/system/ssh.service", "ExecStart=-/usr/sbin/sshd -D -oPort=${PORT}\nEnvironment=PORT=2224\n");
  CHECK_FALSE(insists());
  CHECK(host.ports() == numbers({2224}));
}

TEST_CASE("facts: settings of sshd that the box's come too late for") {
  SshHost host;
  host.put("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n");
  host.put("/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n");
  CHECK(host.fact("ssh_passwords_insisted") == Value(false));
  host.put("/etc/ssh/sshd_config.d/10-mailinabox.conf", "PasswordAuthentication no\n");
  CHECK(host.fact("ssh_passwords_insisted") == Value(false));
  host.put("/etc/ssh/sshd_config.d/00-own.conf", "PasswordAuthentication yes\n");
  CHECK(host.fact("ssh_passwords_insisted") == Value(true));
  host.erase("/etc/ssh/sshd_config.d/00-own.conf");
  host.put("/etc/default/ssh", "SSHD_OPTS='-o KbdInteractiveAuthentication=yes'\n");
  CHECK(host.fact("ssh_passwords_insisted") == Value(true));
  host.erase("/etc/default/ssh");
  host.put("/etc/ssh/sshd_config", "PasswordAuthentication yes\nInclude /etc/ssh/sshd_config.d/*.conf\n");
  CHECK(host.fact("ssh_passwords_insisted") == Value(true));
  host.put("/etc/ssh/sshd_config", "Include sshd_config.d/*\nMatch User anna\nPasswordAuthentication yes\n");
  CHECK(host.fact("ssh_passwords_insisted") == Value(true));
}

TEST_CASE("facts: an SSH server that can start, and algorithms that the administrator chose") {
  SshHost host;
  CHECK(host.fact("ssh_server") == Value(false));  // no host key
  host.put("/etc/ssh/ssh_host_ecdsa_key", "");
  CHECK(host.fact("ssh_server") == Value(true));
  host.put("/etc/ssh/sshd_config.d/keys.conf", "HostKey /etc/ssh/own_key\n");
  CHECK(host.fact("ssh_server") == Value(false));
  host.put("/etc/ssh/own_key", "");
  CHECK(host.fact("ssh_server") == Value(true));

  CHECK(host.fact("ssh_own_algorithms") == Value(false));
  host.put("/etc/ssh/sshd_config.d/10-mailinabox.conf", "Ciphers -*-cbc\n");
  CHECK(host.fact("ssh_own_algorithms") == Value(false));
  host.put("/etc/ssh/sshd_config.d/60-audit.conf", "Ciphers aes256-gcm@openssh.com\n");
  CHECK(host.fact("ssh_own_algorithms") == Value(true));
}

TEST_CASE("facts: SSH ports of systemd's socket and of the connection in use") {
  FactHost host;
  host.put("/usr/sbin/sshd", "");
  host.put("/etc/systemd/system/ssh.socket.d/x.conf",
           "[Socket]\nListenStream=\nListenStream=[::]:2200\nListenStream=2201\n");
  CHECK(host.ports() == numbers({22, 2200, 2201}));
  host.erase("/etc/systemd/system/ssh.socket.d");
  host.put("/proc/self/environ", std::string("A=b\0SSH_CONNECTION=192.0.2.1 50000 192.0.2.2 2022\0", 50));
  CHECK(host.ports() == numbers({22, 2022}));
  // As sudo leaves it: the variable is found above.
  host.put("/proc/self/environ", std::string("A=b\0", 4));
  host.put("/proc/self/status", "Name:\tx\nPPid:\t812\n");
  host.put("/proc/812/environ", std::string("SSH_CONNECTION=::1 50000 ::1 2023\0", 34));
  CHECK(host.ports() == numbers({22, 2023}));
  host.put("/proc/812/environ", std::string("SSH_CONNECTION=broken\0", 22));
  host.put("/proc/812/status", "PPid:\t1\n");
  CHECK(host.ports() == numbers({22}));
}

TEST_CASE("facts: own addresses are those of the interfaces, not networks or broadcasts") {
  FactHost host;
  CHECK(host.fact("own_addresses").as_list().empty());
  host.put("/proc/net/fib_trie",
           "Main:\n  +-- 192.0.2.0/24 2 0 2\n     |-- 192.0.2.0\n        /24 link UNICAST\n     |-- 192.0.2.2\n"
           "        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n");
  host.put("/proc/net/if_inet6",
           "20010db8000000000000000000000011 02 40 00 80     eth0\nnonsense\n2001zdb8000000000000000000000011 02\n");
  CHECK(host.fact("own_addresses").as_list() == ValueList{"192.0.2.2", "2001:db8::11"});
}

TEST_CASE("facts: the IPv6 address of the box is one that lasts") {
  FactHost host;
  const auto lasting = [&] { return lasting_ipv6(host.view(), "2001:db8::aa"); };
  const std::string temporary = "20010db80000000000000000000000aa 02 40 00 01     eth0\n";
  CHECK(lasting() == "2001:db8::aa");
  host.put("/proc/net/if_inet6", "20010db80000000000000000000000aa 02 40 00 80     eth0\n");
  CHECK(lasting() == "2001:db8::aa");
  host.put("/proc/net/if_inet6", temporary + "fe800000000000000000000000000011 02 40 20 80     eth0\n" +
                                     "20010db8000000000000000000000022 02 40 00 20     eth0\n" +
                                     "20010db8000000000000000000000033 03 40 00 80     eth1\n");
  CHECK(lasting().empty());
  host.put("/proc/net/if_inet6", temporary + "20010db8000100000000000000000011 02 40 00 00     eth0\n");
  CHECK(lasting() == "2001:db8:1::11");
  host.put("/proc/net/if_inet6", temporary + "20010db8000100000000000000000011 02 40 00 00     eth0\n" +
                                     "20010db8000000000000000000000011 02 40 00 00     eth0\n");
  CHECK(lasting() == "2001:db8::11");
}

TEST_CASE("facts: SSH ports of sshd's command line") {
  FactHost host;
  host.put("/usr/sbin/sshd", "");
  host.put("/etc/ssh/sshd_config", "Port 23\n");
  const auto options = [&](const std::string& line) { host.put("/etc/default/ssh", "# options\n" + line + "\n"); };
  options("SSHD_OPTS=");
  CHECK(host.ports() == numbers({23}));
  options("SSHD_OPTS=\"-p 2222 -4\"");
  CHECK(host.ports() == numbers({2222}));
  options("SSHD_OPTS='-p2222 -o Port=24 -oListenAddress=192.0.2.1:2022'");
  CHECK(host.ports() == numbers({2022, 2222}));
  options("SSHD_OPTS='-oPort=24'");
  CHECK(host.ports() == numbers({23, 24}));
  host.put("/etc/ssh/other_config", "Port 25\n");
  options("SSHD_OPTS='-f /etc/ssh/other_config'");
  CHECK(host.ports() == numbers({25}));
  options("SSHD_OPTS=-p");
  CHECK(host.ports() == numbers({23}));
}

TEST_CASE("facts: SSH ports on which sshd listens, whatever has told it to") {
  FactHost host;
  host.put("/usr/sbin/sshd", "");
  host.put("/proc/net/tcp",
           "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
           "   0: 00000000:08AE 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 71 1\n"
           "   1: 0100007F:177A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 72 1\n"
           "   2: 00000000:7A69 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 73 1\n");
  host.put("/proc/net/tcp6",
           "   0: 00000000000000000000000000000000:08AF 00000000000000000000000000000000:0000 0A "
           "00000000:00000000 00:00000000 00000000     0        0 74 1\n");
  const auto process = [&](const std::string& id, const std::string& title, const std::string& user,
                           const std::vector<std::string>& sockets) {
    host.put("/proc/" + id + "/comm", "sshd\n");
    host.put("/proc/" + id + "/cmdline", title + '\0');
    host.put("/proc/" + id + "/status", "Name:\tsshd\nUid:\t" + user + "\t" + user + "\t" + user + "\t" + user + "\n");
    host.put_symlink("/proc/" + id + "/exe", "/usr/sbin/sshd");
    for (const std::string& socket : sockets) {
      host.put_symlink("/proc/" + id + "/fd/" + std::to_string(sockets.size() + 2), "socket:[" + socket + "]");
    }
  };
  process("812", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", "0", {"71"});
  process("813", "/usr/sbin/sshd", "0", {"74"});
  process("814", "sshd: root@pts/0", "0", {"72"});   // forwards X11
  process("815", "/usr/sbin/sshd", "1000", {"73"});  // a user's own
  host.put("/proc/816/comm", "bash\n");
  CHECK(host.ports() == numbers({22, 2222, 2223}));
}

TEST_CASE("facts: what a Mail-in-a-Box that was here has left") {
  FactHost host;
  for (const char* name : {"original_command", "original_daemon", "original_dovecot_owner"}) {
    CHECK(host.fact(name) == Value(false));
  }
  host.put("/usr/local/bin/mailinabox",
           "\x7f"
           "ELF");  // somebody's own build of this program
  host.put_directory("/etc/dovecot");
  CHECK(host.fact("original_command") == Value(false));
  CHECK(host.fact("original_dovecot_owner") == Value(false));
  host.put("/usr/local/bin/mailinabox", "#!/bin/bash\ncd /root/mailinabox\nsource setup/start.sh\n");
  host.put("/usr/local/lib/mailinabox/start", "#!/bin/bash\n");
  host.erase("/etc/dovecot");
  host.put_directory("/etc/dovecot", 0750, 8, 8);
  for (const char* name : {"original_command", "original_daemon", "original_dovecot_owner"}) {
    CHECK(host.fact(name) == Value(true));
  }
}

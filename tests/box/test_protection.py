"""Firewall, bans, name resolution."""

import concurrent.futures
import http.client
import imaplib
import itertools
import os
import re
import smtplib
import socket
import subprocess
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

import lab as laboratory
import name_server
import namespaces
import program
import set_up
from mail_user import ATTACKER_AT, USER_AT


def rules(box):
    return box.run("nft", "list", "ruleset").stdout + box.run("sh", "-c", "iptables-save; ip6tables-save",
                                                                 check=False).stdout


def test_firewall_is_on_and_opens_what_is_needed(box):
    status = box.run("ufw", "status").stdout
    assert "Status: active" in status
    for port in ("25/tcp", "465/tcp", "587/tcp", "993/tcp", "995/tcp", "4190/tcp", "80/tcp", "443/tcp"):
        assert any(line.startswith(port) and "ALLOW" in line for line in status.splitlines()), f"{port}:\n{status}"
    assert any(line.startswith("22/tcp") and "LIMIT" in line for line in status.splitlines()), status
    assert set(re.findall(r"^(\d+(?:/udp)?) ", status, re.M)) == {"53/udp"}, "only names are served over UDP"


def test_firewall_keeps_everything_else_out(lab, box):
    box.run("sh", "-c", "setsid perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8999, "
                        "Listen => 1, ReuseAddr => 1) or die; sleep 60' >/dev/null 2>&1 &")
    with lab.client(USER_AT), pytest.raises(OSError):
        socket.create_connection((box.address, 8999), timeout=3).close()


# --- logging in over SSH -------------------------------------------------------------------------------------------

ROOT_PASSWORD = "nine green tandems"
ASKPASS = "/root/askpass"
SSH_CLIENTS = (f"198.51.100.{number}" for number in itertools.count(130))  # six log-ins from one would be too many


@pytest.fixture(scope="module")
def ssh_box(lab, set_up_layers):
    """A box to which its administrator, root, logs in with a password only, because of a line of his own."""
    with lab.box("ssh", set_up_layers, address="198.51.100.13") as other:
        other.write(ASKPASS, f"#!/bin/sh\necho '{ROOT_PASSWORD}'\n", mode=0o755)
        other.write("/etc/ssh/sshd_config.d/00-own.conf", "PermitRootLogin yes\n")
        other.start()
        other.run("chpasswd", input=f"root:{ROOT_PASSWORD}\n")
        other.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
        yield other


def _log_in(lab, box, way, script="echo here", port=22):
    """What ssh says that runs `script` from elsewhere, and is let in by a key or a password only."""
    options = {"key": ["-o", "PreferredAuthentications=publickey", "-i", "/root/key"],
               "password": ["-o", "PreferredAuthentications=password,keyboard-interactive", "-o", "PubkeyAuthentication=no"]}
    with lab.client(next(SSH_CLIENTS)):
        return subprocess.run(
            ["nsenter", "-t", str(box.leader), "-m", "-p", "-r", "-w", "env", "-i", f"PATH={laboratory.PATH}",
             "SSH_ASKPASS=" + ASKPASS, "SSH_ASKPASS_REQUIRE=force", "ssh", "-o", "StrictHostKeyChecking=accept-new",
             "-o", "NumberOfPasswordPrompts=1", "-p", str(port), *options[way], "root@" + box.address, script],
            capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False)


def _set_up_over_ssh(lab, box, way, answer="", **options):
    """Runs setup in a session, which must go on; gives what setup said."""
    done = _log_in(lab, box, way, f"NONINTERACTIVE=1 {answer} mailinabox setup --only ssh,system && echo goes on", **options)
    assert done.stdout.endswith("goes on\n"), done.stdout + done.stderr
    return done.stderr


def _let_in(lab, box, **options):
    """The ways in which root can log in; sshd may just be starting again."""
    def ways():
        done = {way: _log_in(lab, box, way, **options) for way in ("key", "password")}
        refused = any("refused" in one.stderr for one in done.values())
        return None if refused else [{way for way, one in done.items() if one.stdout == "here\n"}]

    return laboratory.wait_for(ways, 10)[0]


def test_who_logs_in_by_password_only_is_not_locked_out(lab, ssh_box):
    said = _set_up_over_ssh(lab, ssh_box, "password", "SSH_PASSWORDS=no")
    assert "goes on taking passwords" in said and "no account has an authorized key" in said
    assert _let_in(lab, ssh_box) == {"password"}


def test_ssh_forwards_no_screen_and_knows_no_weak_algorithm(ssh_box):
    settings = ssh_box.run("sshd", "-T").stdout
    assert "x11forwarding no" in settings
    lists = [line for line in settings.splitlines() if line.split()[0] in ("kexalgorithms", "ciphers", "macs", "hostkeyalgorithms")]
    assert len(lists) == 4 and not re.search(r"ecdh-sha2-nistp|cbc|sha1|umac-64|[ ,]ssh-(rsa|dss)\b", "\n".join(lists)), lists


def test_with_a_key_passwords_go_and_they_come_back_when_it_goes(lab, ssh_box):
    """Nobody is asked a second time: the answer stays."""
    ssh_box.run("install -D -m 600 /root/key.pub ~root/.ssh/authorized_keys; chmod 700 ~root/.ssh")
    assert "taking passwords" not in _set_up_over_ssh(lab, ssh_box, "key")
    assert _let_in(lab, ssh_box) == {"key"}
    ssh_box.run("chmod 666 ~root/.ssh/authorized_keys")  # sshd does not trust it then
    program.setup(ssh_box, "--only", "ssh")
    assert _let_in(lab, ssh_box) == {"password"}
    ssh_box.run("chmod 600 ~root/.ssh/authorized_keys")


def test_every_ssh_port_in_use_stays_open_and_options_win(lab, ssh_box):
    """An administrator who has moved SSH elsewhere is not locked out."""
    ssh_box.write("/etc/default/ssh", 'SSHD_OPTS="-p 22 -p 2222 -o PasswordAuthentication=yes"\n')
    ssh_box.run("systemctl", "restart", "ssh")
    ssh_box.run("/usr/sbin/sshd", "-p", "2223")  # which no settings know
    said = _set_up_over_ssh(lab, ssh_box, "password")
    assert "firewall:ssh" in said
    assert "SSH may go on taking passwords, although SSH_PASSWORDS=no" in said
    status = ssh_box.run("ufw", "status").stdout
    for port in ("22/tcp", "2222/tcp", "2223/tcp"):
        assert any(line.startswith(port) and "LIMIT" in line for line in status.splitlines()), status
    assert _let_in(lab, ssh_box, port=2222) == {"key", "password"}
    with lab.client(USER_AT), socket.create_connection((ssh_box.address, 2223), timeout=5) as connection:
        assert connection.recv(100).startswith(b"SSH-2.0")


def _guess_imap(lab, box, tls, attempts):
    with lab.client(ATTACKER_AT):
        for attempt in range(attempts):
            try:
                connection = imaplib.IMAP4_SSL(box.address, 993, ssl_context=tls, timeout=10)
                for more in range(3):
                    try:
                        connection.login(set_up.ADDRESS, f"guess {attempt} {more}")
                    except imaplib.IMAP4.error:
                        pass
                connection.logout()
            except (OSError, imaplib.IMAP4.abort):
                return


def _guess_smtp(lab, box, tls, attempts):
    with lab.client(ATTACKER_AT):
        for attempt in range(attempts):
            try:
                with smtplib.SMTP_SSL(box.address, 465, timeout=10, context=tls) as connection:
                    connection.login(set_up.ADDRESS, f"guess {attempt}")
            except smtplib.SMTPAuthenticationError:
                continue
            except (OSError, smtplib.SMTPException):
                return


def _kept_out(lab, box, port, seconds=20):
    import time
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with lab.client(ATTACKER_AT):
            try:
                socket.create_connection((box.address, port), timeout=2).close()
            except OSError:
                return True
        time.sleep(0.5)
    return False


@pytest.mark.parametrize("jail, port, guess", [("dovecot", 993, _guess_imap), ("postfix-submission", 465, _guess_smtp)])
def test_password_guesser_is_kept_out(lab, box, user, jail, port, guess):
    lab.network.plug(ATTACKER_AT)
    box.run("fail2ban-client", "unban", "--all")
    # As somebody with many connections: 30 wrong passwords within half a minute.
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        for done in [pool.submit(guess, lab, box, user.tls, 3) for _ in range(10)]:
            done.result()
    status = box.run("fail2ban-client", "status", jail).stdout
    assert _kept_out(lab, box, port), f"not banned:\n{status}\n{box.log_tails()}"
    assert ATTACKER_AT in box.run("fail2ban-client", "status", jail).stdout
    assert ATTACKER_AT in rules(box)
    with user.imap("INBOX"):  # others are not
        pass
    box.run("fail2ban-client", "unban", ATTACKER_AT)
    assert not _kept_out(lab, box, port, seconds=3)


def test_login_with_two_mechanisms_is_one_failure(lab, box, user):
    """A mail program with an old password tries PLAIN and then LOGIN; from an address of its own, as the others are banned."""
    def log_in():
        with lab.client("198.51.100.122"), smtplib.SMTP_SSL(box.address, 465, timeout=30, context=user.tls) as session:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                session.login(set_up.ADDRESS, "the old one")

    def failures(jail):
        return int(re.search(r"Total failed:\s+(\d+)", box.run("fail2ban-client", "status", jail).stdout)[1])

    box.run("fail2ban-client", "unban", "--all")
    jails = ("postfix-submission", "postfix-login")
    before = [failures(jail) for jail in jails]
    lab.network.plug("198.51.100.122")
    with concurrent.futures.ThreadPoolExecutor(13) as pool:
        for done in [pool.submit(log_in) for _ in range(13)]:
            done.result()
    assert laboratory.wait_for(lambda: [failures(jail) for jail in jails] == [count + 13 for count in before], 20)
    assert "198.51.100.122" not in box.run("fail2ban-client", "banned").stdout


def test_every_jail_runs(box):
    listed = box.run("fail2ban-client", "status").stdout
    for jail in ("sshd", "dovecot", "postfix-submission", "postfix-login", "miab-management", "miab-management-slow", "recidive",
                 "recidive-login"):
        assert re.search(rf"[\s,]{jail}(,|$)", listed, re.MULTILINE)


@pytest.mark.parametrize("jail, counted", [("recidive", ["dovecot", "postfix-submission", "sshd"]),
                                           ("recidive-login", ["dovecot", "postfix-login", "sshd"])])
def test_kept_out_for_both_mechanisms_is_kept_out_once(box, jail, counted):
    """As its last means fail2ban counts how often it has kept somebody out, in its own log."""
    began = "%Y-%m-%d %H:%M:%S,000 fail2ban."
    lines = [f"{began}actions        [60]: NOTICE  [{of}] Ban 198.51.100.123"
             for of in ("dovecot", "postfix-submission", "postfix-login", "recidive", "recidive-login", "sshd")]
    lines += [f"{began}actions        [60]: NOTICE  [dovecot] Unban 198.51.100.123",
              f"{began}filter         [60]: INFO    [dovecot] Found 198.51.100.123"]
    box.write("/srv/lines", "".join(time.strftime(line + "\n") for line in lines))
    wanted = re.search(rf"\n\[{jail}\]\n.*?\nfilter = (.*?)\n", box.read("/etc/fail2ban/jail.d/mailinabox.conf"), re.DOTALL)[1]
    matched = box.run("fail2ban-regex", "--print-all-matched", "/srv/lines", wanted).stdout
    assert re.findall(r"NOTICE  \[(\S+)\] Ban", matched.split("Matched line(s):")[1].split("`-")[0]) == counted
    box.run("rm", "/srv/lines")


def test_connections_without_a_login_are_no_attack(lab, box, user):
    """Telephones open and drop connections all day."""
    with lab.client("198.51.100.121"):
        for _ in range(25):
            connection = imaplib.IMAP4_SSL(box.address, 993, ssl_context=user.tls, timeout=10)
            connection.shutdown()
        socket.create_connection((box.address, 993), timeout=3).close()
    assert "198.51.100.121" not in box.run("fail2ban-client", "status", "dovecot").stdout


# --- programs on the machine ---------------------------------------------------------------------------------------------

# What an account with no rights (that of a hosted web page, for one) may talk to. None takes mail or lends a name: Dovecot's
# answer what their caller may know anyway, the others are the system's.
FOR_EVERYONE = {"/run/dbus/system_bus_socket", "/run/dovecot/auth-userdb", "/run/dovecot/dns-client",
                "/run/dovecot/imap-urlauth", "/run/dovecot/indexer"}
CONNECT = r"""
open my $table, "<", "/proc/net/unix" or die;
while (<$table>) {
  my @words = split " ", $_, 8;
  next unless @words == 8 && $words[3] eq "00010000";
  chomp(my $path = $words[7]);
  $path = "/var/spool/postfix/$path" unless $path =~ m{^[/@]};
  (my $name = $path) =~ s/^@/\0/;
  print "$path\n" if IO::Socket::UNIX->new(Peer => $name);
}"""


def _as_nobody(box, *command, **options):
    return box.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command, **options)


def test_programs_on_the_machine_reach_no_inner_socket(box):
    reached = set(_as_nobody(box, "perl", "-MIO::Socket::UNIX", "-e", CONNECT).stdout.splitlines())
    assert "/run/dovecot/auth-userdb" in reached, "the test reaches nothing"
    assert {path for path in reached if not path.startswith(("/run/systemd/", "/run/ssh-unix-local/"))} <= FOR_EVERYONE


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]", "own"])
def test_programs_on_the_machine_send_in_nobodys_name(box, address):
    done = _as_nobody(box, "smtp-source", "-f", set_up.ADDRESS, "-t", set_up.ADDRESS,
                      f"{box.address if address == 'own' else address}:25", check=False)
    assert done.returncode != 0 and "554 5.7.1" in done.stderr and "send with sendmail" in done.stderr, done.stderr


# --- what the services may do ------------------------------------------------------------------------------------------

# Of the system, not the box's: what logs people in must be able to do everything.
NOT_OURS = re.compile(r"(systemd-.*|dbus|ssh)\.service")
HELD = r"""
ss -H -lntup; ss -H -lxp | grep -E '/var/spool/postfix/|(public|private)/'"""


def _units_that_listen(box):
    processes = set(re.findall(r"pid=(\d+)", box.run(HELD, shell="bash").stdout))
    groups = box.run("cat", *(f"/proc/{process}/cgroup" for process in processes), check=False).stdout
    units = {line.rsplit("/", 1)[1] for line in groups.splitlines()}
    return {unit for unit in units if unit.endswith(".service") and not NOT_OURS.fullmatch(unit)}


def _exposures(box):
    rows = [line.split() for line in box.run("systemd-analyze", "--no-pager", "security").stdout.splitlines()[1:]]
    return {row[0]: float(row[1]) for row in rows if len(row) > 1}


def test_what_listens_may_do_little_and_the_readme_says_so(box, release):
    with open(os.path.join(laboratory.REPOSITORY, "README.md"), encoding="utf-8") as readme:
        table = {name + ".service": float(row[2])
                 for row in re.finditer(r"^\| (.*`) \|.*\| (\d\.\d) \|", readme.read(), re.MULTILINE)
                 for name in re.findall(r"`([\w@-]+)`", row[1])}
    listening, exposures = _units_that_listen(box), _exposures(box)
    mail_server, elsewhere = "postfix@-.service", "postfix.service"
    if release != "bookworm":
        mail_server, elsewhere = elsewhere, mail_server
    assert {mail_server, "dovecot.service", "nginx.service", "spampd.service"} <= listening
    assert listening <= set(table) - {elsewhere}, "the README's table lacks them"
    assert {unit: exposures[unit] for unit in set(table) - {elsewhere} if exposures[unit] > min(4.0, table[unit])} == {}


def test_services_cannot_become_root_later(box):
    """Nothing in root's home, so no key either, and no table of cron is theirs to write, whatever their rights."""
    home = box.run("getent", "passwd", "root").stdout.split(":")[5]
    for process in ("master", "dovecot", "nginx", "fail2ban-server"):
        inside = ("nsenter", "--mount", "--target", box.run("pgrep", "--oldest", "--exact", process).stdout.strip())
        box.run(*inside, "touch", "/srv/probe")
        for folder in (home, "/var/spool/cron"):
            refused = box.run(*inside, "mkdir", folder + "/probe", check=False)
            assert "Read-only file system" in refused.stderr, (process, refused.stderr)
    box.run("rm", "/srv/probe")


def test_an_own_site_is_served_from_anywhere(lab, box):
    """The administrator's, with a log of its own beside it, and what another program has put into /tmp for it."""
    box.run("mkdir -p /srv/own/site; echo from another program > /tmp/exchanged")
    box.write("/srv/own/site/index.html", "own page")
    box.write("/etc/nginx/conf.d/own.conf", "server { listen 80; server_name own.test; root /srv/own/site; access_log /srv/own/log; "
              "location = /exchanged { alias /tmp/exchanged; } }")
    box.run("systemctl", "reload", "nginx")
    with lab.client(USER_AT):
        def page(path):
            connection = http.client.HTTPConnection(box.address, 80, timeout=20)
            connection.request("GET", path, headers={"Host": "own.test"})
            return connection.getresponse().read()
        # nginx takes a reload in after it has said so, and for a while processes of before answer, too.
        assert laboratory.wait_for(lambda: page("/") == b"own page", 10)
        assert laboratory.wait_for(lambda: page("/exchanged") == b"from another program\n", 10)
    assert "GET / " in box.read("/srv/own/log")
    box.run("rm", "/etc/nginx/conf.d/own.conf")


# --- names ---------------------------------------------------------------------------------------------------------

def test_names_resolve_after_setup(box):
    assert "198.51.100.110" in box.run("getent", "ahostsv4", "sender.test").stdout
    assert box.run("getent", "hosts", "no-such-name.sender.test", check=False).returncode == 2


def test_own_resolver_asks_the_only_one_that_answers(lab, box):
    """No DNS gets out but through the network's resolver: unbound has to be told of it, and the box remembers which."""
    box.run("unbound-control flush_zone . || systemctl restart unbound")
    lab.name_server.questions.clear()
    assert namespaces.NAME_SERVER in box.run("grep", "-rh", "forward-addr", "/etc/unbound").stdout
    assert namespaces.NAME_SERVER in box.run("cat", "/etc/mailinabox.conf").stdout
    with lab.client(box.address):  # the box's own network: its resolver listens for the box only
        answer = dns.query.udp(dns.message.make_query("friend.test", "A"), "127.0.0.1", timeout=10)
    assert "198.51.100.111" in answer.to_text()
    assert (box.address, "friend.test.", "A") in lab.name_server.questions


def test_resolver_is_remembered_although_resolv_conf_no_longer_names_it(box):
    box.run("rm", "-f", "/etc/unbound/unbound.conf.d/mailinabox-forward.conf")
    program.setup(box)
    assert namespaces.NAME_SERVER in box.run("grep", "-rh", "forward-addr", "/etc/unbound").stdout
    test_names_resolve_after_setup(box)


def test_block_list_is_asked_in_a_way_that_answers(box):
    name = ".".join(reversed(name_server.LISTED_CLIENT.split("."))) + ".zen.spamhaus.org"
    assert "127.0.0.2" in box.run("getent", "ahostsv4", name).stdout


def test_resolver_is_for_the_box_only(lab, box):
    """At the outer address there is the name server: it answers for the box's domains and looks nothing up for anybody."""
    with lab.client(USER_AT):
        answer = dns.query.udp(dns.message.make_query("sender.test", "A"), box.address, timeout=10)
    assert answer.rcode() == dns.rcode.REFUSED, answer.to_text()
    assert not answer.flags & dns.flags.RA and not answer.answer, answer.to_text()

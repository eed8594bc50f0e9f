"""The first run on a fresh machine with systemd: what it says and what it leaves."""

import contextlib
import json
import re
import sqlite3
import ssl
import subprocess

import pytest

import program
import set_up

MAIL_SERVICES = ("postfix", "dovecot", "postgrey", "spampd", "nginx", "unbound", "fail2ban", "rsyslog", "cron")


def test_setup_succeeds(first_run):
    setup = first_run["setup"]
    assert setup["exit_code"] == 0, setup["stdout"][-4000:] + setup["stderr"][-4000:]
    result = program.parsed(setup)
    assert result["result"] == "ok" and result["failed"] == 0
    assert result["changed"] > 50, "a first run changes more than that"
    assert result["generation"] is not None
    assert result["elapsed_ms"] > 0


def test_plan_says_what_setup_then_does(first_run):
    assert first_run["plan"]["exit_code"] == 2, first_run["plan"]["stderr"][-2000:]
    # Only setup reads the variables that have the answers; before it, a plan is made with the defaults. So the box's own name
    # and domain differ, and nothing else.
    def with_default_names(entry):
        return entry.replace("zone:example.test", "zone:box.example.test").replace("box.example.test", "box.local.test")

    # So do the names that have web sites: the first user's domain is known from the questions only.
    def of_one_site(entry):
        return "/sites/" in entry and not entry.endswith("/box.local.test.conf")

    planned = [entry for entry in program.ids(program.parsed(first_run["plan"])) if not of_one_site(entry)]
    named = [with_default_names(entry) for entry in program.ids(program.parsed(first_run["setup"]))]
    done = [entry for entry in named if not of_one_site(entry)]
    assert len(named) - len(done) > 3
    assert [entry for entry in planned if entry not in done] == [], "planned, but not done"
    assert [entry for entry in done if entry not in planned] == [], "done, but not planned"


def test_what_conflicts_is_named_before_it_goes_and_its_configuration_stays(box, first_run):
    for run in first_run.values():
        removed = {package["name"]: package["reason"] for package in program.parsed(run)["removed_packages"]}
        assert removed["exim4-daemon-light"] == "it may conflict with postfix", removed
        assert removed["iptables-persistent"] == "it may conflict with ufw", removed
        assert "apache2" not in removed, "the recipe names it"
    assert "apt removes exim4-daemon-light" in first_run["setup"]["stderr"]
    assert box.run("cat", "/etc/iptables/rules.v4").stdout == set_up.RULES
    box.run("ls", "/etc/exim4/update-exim4.conf.conf", "/etc/apache2/apache2.conf")
    assert box.run("grep", "-rlF", "exim4-daemon-light", "/var/lib/mailinabox/generations").stdout


def test_a_source_that_apt_cannot_use_is_only_a_note(first_run):
    """The first one is a disc that is in no drive; the others have the packages."""
    said = first_run["setup"]["stderr"]
    assert "complains about some of its sources" in said and "cdrom://[Debian GNU/Linux 12.5.0" in said, said[-3000:]


def test_nothing_runs_on_of_what_was_removed(box):
    """Their ports are the box's: nginx and Postfix have them."""
    assert box.run("pgrep", "-l", "-x", "apache2|exim4", check=False).stdout == ""


def test_progress_without_a_terminal_is_plain_lines(first_run):
    said = first_run["setup"]["stderr"]
    assert said.strip(), "setup said nothing while it worked"
    assert "\x1b" not in said and "\r" not in said
    for recipe in ("postfix", "dovecot"):
        assert recipe in said


def test_packages_come_in_one_apt_transaction(box):
    history = box.run("cat", "/var/log/apt/history.log").stdout
    parts = [part for part in history.split("\n\n") if re.search(r"^Install: .*\bpostfix:", part, re.M)]
    assert len(parts) == 1
    later = history[history.index(parts[0]) + len(parts[0]):]
    assert "Start-Date" not in later, "a second transaction followed:\n" + later
    assert "dovecot-core:" in parts[0] and "nginx" in parts[0]


def test_answers_are_kept(box):
    lines = box.run("cat", "/etc/mailinabox.conf").stdout.splitlines()
    keys = [line.split("=", 1)[0] for line in lines]
    assert keys[:8] == ["STORAGE_USER", "STORAGE_ROOT", "PRIMARY_HOSTNAME", "PUBLIC_IP", "PUBLIC_IPV6", "PRIVATE_IP",
                        "PRIVATE_IPV6", "MTA_STS_MODE"]
    values = dict(line.split("=", 1) for line in lines)
    assert values["PRIMARY_HOSTNAME"] == set_up.HOST_NAME
    assert values["PUBLIC_IP"] == box.address  # from the routing table: no service on the Internet could be asked
    assert values["STORAGE_ROOT"] == set_up.STORAGE


def test_the_password_is_nowhere_but_hashed(box, first_run):
    for run in first_run.values():
        assert set_up.PASSWORD not in run["stdout"] + run["stderr"]
    found = box.run("grep", "-rlF", set_up.PASSWORD, "/etc", "/var/lib/mailinabox", "/var/log", set_up.STORAGE, "/root",
                    check=False)
    assert found.stdout == "", "the first user's password stands in " + found.stdout
    hashed = box.run("mailinabox", "user", "list", "--json").stdout
    assert set_up.ADDRESS in hashed and set_up.PASSWORD not in hashed


def test_every_service_runs_and_starts_at_boot(box):
    failed = box.run("systemctl --failed --no-legend --plain", check=False).stdout
    for service in MAIL_SERVICES:
        assert box.run("systemctl", "is-active", service, check=False).stdout.strip() == "active", service + "\n" + failed
        assert box.run("systemctl", "is-enabled", service, check=False).stdout.strip() == "enabled", service
    assert failed == ""


def test_only_the_ports_of_a_mail_box_are_open_to_the_world(box):
    assert {port for loopback, port in box.listening() if not loopback} == set_up.PUBLIC_PORTS
    assert {port for loopback, port in box.listening() if loopback} == set_up.INNER_PORTS


def test_host_name(box):
    assert box.run("hostname").stdout.strip() == set_up.HOST_NAME
    assert box.run("hostname", "--fqdn").stdout.strip() == set_up.HOST_NAME
    assert box.run("cat", "/etc/hostname", "/etc/mailname").stdout.split() == [set_up.HOST_NAME] * 2
    assert box.run("getent", "hosts", set_up.HOST_NAME).returncode == 0


def test_certificate(box):
    storage = set_up.STORAGE
    text = subprocess.run(["openssl", "x509", "-noout", "-text"], text=True, capture_output=True, check=True,
                          input=box.run("cat", storage + "/ssl/ssl_certificate.pem").stdout).stdout
    assert "NIST CURVE: P-256" in text
    assert f"DNS:{set_up.HOST_NAME}" in text and f"IP Address:{box.address}" in text
    assert box.run("stat", "-c", "%U %a", storage + "/ssl/ssl_private_key.pem").stdout.split() == ["root", "600"]


def test_first_user_is_administrator(box):
    listed = box.run("mailinabox", "user", "list", "--json").stdout
    assert set_up.ADDRESS in listed and "admin" in listed
    aliases = box.run("mailinabox", "alias", "list", "--json").stdout
    assert f"administrator@{set_up.HOST_NAME}" in aliases


@pytest.mark.parametrize("command", ["plan", "recipes lint", "selftest", "dns check example.test", "dns update", "migrate",
                                     "setup --yes"])
def test_what_lists_or_reports_has_json(box, command):
    """The unit tests ask every command; here are those that ask the real machine."""
    done = box.run("mailinabox", *command.split(), "--json", check=False, env={"NONINTERACTIVE": "1"})
    assert done.returncode in (0, 2), program.told(done)
    assert json.loads(done.stdout)


def test_a_result_that_cannot_be_written_is_said(box):
    for command in ("user list", "plan", "dns export example.test", "--version"):
        assert "write standard output: No space left" in box.run(f"mailinabox {command} >/dev/full", check=5).stderr
        assert box.run(f"mailinabox {command} | true").stderr == ""


def test_a_run_does_its_work_when_nobody_reads_on(box):
    box.run("rm", "/etc/cron.d/mailinabox")
    box.run("(NONINTERACTIVE=1 mailinabox setup 2>&1; echo $? >/root/unread) | true")
    assert box.run("cat", "/root/unread").stdout == "0\n"
    box.run("test", "-s", "/etc/cron.d/mailinabox")


def test_who_is_not_root_can_look_at_what_the_box_consists_of(box):
    for command in ("recipes list", "recipes show postfix", "recipes lint", "recipes schema", "facts", "selftest", "--version"):
        assert box.run(f"setpriv --reuid nobody --regid nogroup --clear-groups mailinabox {command}").stdout
    done = box.run("setpriv --reuid nobody --regid nogroup --clear-groups mailinabox history --json", check=3)
    assert "sudo" in json.loads(done.stdout)["error"]


def test_users_database_is_the_one_of_existing_boxes(box, tmp_path):
    import shutil
    shutil.copy(box.path(set_up.STORAGE + "/mail/users.sqlite"), tmp_path / "users.sqlite")
    with sqlite3.connect(tmp_path / "users.sqlite") as database:
        assert database.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
        tables = {name: sql for name, sql in database.execute("SELECT name, sql FROM sqlite_master WHERE type='table'")}
        columns = {table: [row[1] for row in database.execute(f"PRAGMA table_info({table})")] for table in tables}
        assert columns["users"][:6] == ["id", "email", "password", "extra", "privileges", "quota"]
        assert columns["aliases"][:4] == ["id", "source", "destination", "permitted_senders"]
        assert columns["mfa"][:6] == ["id", "user_id", "type", "secret", "mru_token", "label"]
        assert columns["auto_aliases"][:4] == ["id", "source", "destination", "permitted_senders"]
        assert database.execute("SELECT password FROM users").fetchone()[0].startswith("{SHA512-CRYPT}$6$")


def may(box, account, *command):
    return box.run("runuser", "-u", account, "--", *command, check=False).returncode == 0


def test_password_hashes_are_for_those_only_who_look_users_up(box):
    database = set_up.STORAGE + "/mail/users.sqlite"
    assert box.run("stat", "-c", "%U:%G %a", database).stdout == "root:mailinabox-lookup 640\n"
    members = box.run("getent", "group", "mailinabox-lookup").stdout.strip().split(":")[3]
    assert set(members.split(",")) == {"dovecot", "postfix"}
    accounts = ("nobody", "www-data", "user-data", "mail", "spampd", "opendkim", "dovenull", "postfix", "dovecot")
    assert [account for account in accounts if may(box, account, "head", "-c", "1", database)] == ["postfix", "dovecot"]


def test_nobody_but_root_can_move_the_folders_that_root_works_in(box):
    storage = set_up.STORAGE
    assert box.run("stat", "-c", "%U:%G %a", storage).stdout == "root:root 755\n"
    for name in ("mail", "ssl", "dns"):
        assert not may(box, "user-data", "mv", f"{storage}/{name}", f"{storage}/{name}-of-another"), name
    assert may(box, "user-data", "touch", storage + "/www/default/index.html")
    # As OpenDKIM sees it, too.
    assert "key data is not secure" not in box.run("cat", "/var/log/mail.log").stdout


def test_domain_look_up_does_not_scan(box):
    """Postfix's question for a domain uses an index."""
    query = re.search(r"^query\s*=\s*(.*)$", box.run("cat", "/etc/postfix/virtual-mailbox-domains.cf").stdout, re.M)[1]
    with contextlib.closing(sqlite3.connect(
            f"file:{box.path(set_up.STORAGE + '/mail/users.sqlite')}?immutable=1", uri=True)) as database:
        steps = database.execute("EXPLAIN QUERY PLAN " + query.replace("%s", "example.test")).fetchall()
    scans = [step[3] for step in steps if step[3].startswith("SCAN") and "CONSTANT ROW" not in step[3]
             and "SUBQUERY" not in step[3]]
    assert scans == [], steps


def test_security_upgrades_are_unattended(box):
    settings = box.run("apt-config", "dump").stdout
    assert 'APT::Periodic::Update-Package-Lists "1";' in settings
    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    assert box.run("systemctl is-enabled apt-daily.timer apt-daily-upgrade.timer").stdout.split() == ["enabled"] * 2
    allowed = box.run("unattended-upgrade --dry-run --debug 2>&1 | grep -i 'allowed origins'", check=False).stdout
    assert "Debian-Security" in allowed


def test_journal_is_kept_for_a_limited_time(box):
    assert "MaxRetentionSec=" in box.run("systemd-analyze", "cat-config", "systemd/journald.conf").stdout.replace(
        "#MaxRetentionSec", "")


def test_default_page_and_its_headers(lab, box, user):
    import http.client
    with lab.client(user.at):
        plain = http.client.HTTPConnection(box.address, 80, timeout=20)
        plain.request("GET", "/", headers={"Host": set_up.HOST_NAME})
        answer = plain.getresponse()
        assert answer.status in (301, 308)
        assert answer.headers["Location"] == f"https://{set_up.HOST_NAME}/"
        secure = http.client.HTTPSConnection(box.address, 443, timeout=20, context=user.tls)
        secure.request("GET", "/", headers={"Host": set_up.HOST_NAME})
        answer = secure.getresponse()
        page = answer.read().decode()
    assert answer.status == 200 and "mail-in-a-box" in page.lower()
    assert "max-age=" in answer.headers["Strict-Transport-Security"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"\d", answer.headers["Server"]), "the web server tells its version"


def test_a_browser_finds_the_host_name_in_the_certificate(lab, box):
    import socket
    context = ssl.create_default_context(cadata=box.run("cat", set_up.STORAGE + "/ssl/ssl_certificate.pem").stdout)
    for port in (443, 465, 993, 995):
        with lab.client("198.51.100.101"), socket.create_connection((box.address, port), timeout=20) as connection:
            with context.wrap_socket(connection, server_hostname=set_up.HOST_NAME) as secure:
                assert secure.version() == "TLSv1.3"


def test_programs_have_nothing_to_say_about_their_settings(box):
    """No name of an older release, about which each start would complain."""
    for check in (["postconf", "-n"], ["postconf", "-M"], ["doveconf", "-n"]):
        assert box.run(*check).stderr == "", check
    assert box.run("nginx", "-t").stderr.count("warn") == 0
    assert box.run("spamassassin --lint --prefspath=/dev/null 2>&1").stdout == ""
    assert "might be too long" not in box.read("/var/log/fail2ban.log")

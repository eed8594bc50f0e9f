"""Running it again: nothing on a healthy box, repairs and nothing else on a broken one."""

import json
import os
import re
import subprocess

import pytest

import lab as laboratory
import observe
import program
import set_up

MAIN_CF = "/etc/postfix/main.cf"


@pytest.fixture(scope="module")
def settled(box):
    """The box, and that the fixture's own reboot is no drift."""
    return box


def test_second_run_changes_nothing(settled):
    files, services = observe.files(settled), observe.services(settled)
    result = program.setup(settled)
    assert result["changes"] == []
    assert (result["changed"], result["failed"], result["result"]) == (0, 0, "ok")
    assert result["unchanged"] > 100
    assert (result["reloaded"], result["restarted"], result["generation"]) == ([], [], None)
    assert observe.differences(files, observe.files(settled)) == []
    assert observe.differences(services, observe.services(settled)) == []
    assert len(services) >= 8, f"services were looked at: {list(services)}"


def test_plan_finds_nothing_and_writes_nothing(settled):
    files = observe.files(settled)
    done = program.call(settled, "plan", "--diff")
    assert done.returncode == 0, program.told(done)
    assert observe.differences(files, observe.files(settled)) == []


def test_second_run_starts_no_process(settled):
    """Counted by the kernel: the box's next process number moves on by the program itself."""
    settled.run("true")
    before = _last_pid(settled)
    done = settled.run("mailinabox", "setup", "--json", env={"NONINTERACTIVE": "1"})
    after = _last_pid(settled)
    # nsenter's fork, setpriv -> env -> mailinabox (exec), then the look itself; threads of the program count, too.
    assert program.parsed(done)["changed"] == 0
    assert after - before <= 8, f"{after - before} processes or threads were started"


def _last_pid(box):
    return int(box.run("cat", "/proc/loadavg").stdout.split()[4])


@pytest.mark.parametrize("command", ["setup", "plan"])
def test_run_without_changes_opens_the_users_once_and_asks_no_name_server(settled, tmp_path, command):
    trace = tmp_path / "trace"
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat,sendto,sendmsg,sendmmsg", "-o", trace,
                    *settled.command(["mailinabox", command], {"NONINTERACTIVE": "1"})], check=True, capture_output=True)
    lines = trace.read_text(errors="replace").splitlines()
    assert sum('/users.sqlite"' in line and "O_DIRECTORY" not in line for line in lines) == 1
    sent = [line for line in lines if re.search(r" send(to|msg|mmsg)\(", line)]
    assert [line for line in sent if "[{nlmsg_len=" not in line] == []  # nor anybody but the kernel


def test_only_root_may(settled):
    done = settled.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "mailinabox", "setup",
                       check=False, env={"NONINTERACTIVE": "1"})
    assert done.returncode == 3
    assert "root" in done.stderr and "sudo" in done.stderr


def test_only_root_can_hold_the_lock(settled):
    """One that is open to all, as an older version left it, is held by nobody and yet keeps no run away."""
    settled.run("rm -f /run/mailinabox.lock; touch /run/mailinabox.lock; chmod 0644 /run/mailinabox.lock")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "flock"]
    # It ends with its input, which is ours.
    holder = subprocess.Popen(settled.command([*nobody, "/run/mailinabox.lock", "cat"]), stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        held = laboratory.wait_for(
            lambda: settled.run("flock", "--nonblock", "/run/mailinabox.lock", "true", check=False).returncode != 0, 30)
        assert held, "nobody's flock does not hold the lock"
        done = program.call(settled, "setup", "--no-wait")
        assert done.returncode == 0, program.told(done)
        assert settled.run("stat", "-c", "%a %U", "/run/mailinabox.lock").stdout.split() == ["600", "root"]
        assert settled.run(*nobody, "--nonblock", "/run/mailinabox.lock", "true", check=False).returncode != 0
    finally:
        holder.stdin.close()
        holder.wait(30)


def test_the_public_address_moves_with_the_machine(settled):
    """It was the machine's own; now the machine has the address for which everything here is made."""
    answers = settled.read("/etc/mailinabox.conf")
    settled.write("/etc/mailinabox.conf", answers.replace(settled.address, "198.51.100.99"))
    done = program.call(settled, "plan")
    assert done.returncode == 0, program.told(done)
    assert f"is now {settled.address}, before 198.51.100.99" in done.stdout + done.stderr, program.told(done)
    assert program.setup(settled)["changes"] == []
    assert settled.read("/etc/mailinabox.conf") == answers


# Each: what breaks the box, the ids that must be repaired, the files that the repair may touch.
DRIFT = {
    "edited main.cf": ("postconf -e myhostname=wrong.example.test && postfix reload",
                       ["settings:/etc/postfix/main.cf"], {MAIN_CF}),
    "value removed from main.cf": (f"sed -i '/^smtpd_forbid_bare_newline/d' {MAIN_CF}",
                                   ["settings:/etc/postfix/main.cf#smuggling"], {MAIN_CF}),
    "deleted file": ("rm /etc/postfix/virtual-alias-maps.cf", ["file:/etc/postfix/virtual-alias-maps.cf"],
                     {"/etc/postfix/virtual-alias-maps.cf"}),
    "wrong mode": ("chmod 0666 /etc/dovecot/dovecot-sql.conf.ext", ["file:/etc/dovecot/dovecot-sql.conf.ext"],
                   {"/etc/dovecot/dovecot-sql.conf.ext"}),
    "wrong owner": (f"chown nobody {set_up.STORAGE}/mail/mailboxes", [f"directory:{set_up.STORAGE}/mail/mailboxes"],
                    {set_up.STORAGE + "/mail/mailboxes"}),
    "stopped service": ("systemctl stop postgrey", ["service:postgrey"], set()),
    "service disabled": ("systemctl disable nginx", ["service:nginx"],
                         {"/etc/systemd/system/multi-user.target.wants/nginx.service"}),
    "private key readable for all": (f"chmod 0644 {set_up.STORAGE}/ssl/ssl_private_key.pem",
                                     [f"private_key:{set_up.STORAGE}/ssl/ssl_private_key.pem"],
                                     {set_up.STORAGE + "/ssl/ssl_private_key.pem"}),
    "certificate deleted": (f"rm {set_up.STORAGE}/ssl/ssl_certificate.pem",
                            [f"certificate:{set_up.STORAGE}/ssl/ssl_certificate.pem",
                             f"server_certificate:{set_up.STORAGE}/ssl/served/{set_up.HOST_NAME}.pem"],
                            {set_up.STORAGE + "/ssl/ssl_certificate.pem",
                             f"{set_up.STORAGE}/ssl/served/{set_up.HOST_NAME}.pem"}),
    "users' database in WAL mode": (f"sqlite3 {set_up.STORAGE}/mail/users.sqlite 'PRAGMA journal_mode=wal'",
                                    [f"database:{set_up.STORAGE}/mail/users.sqlite"],
                                    {set_up.STORAGE + "/mail/users.sqlite"}),
    "host name changed": ("hostname other; echo other > /etc/hostname", [f"hostname:{set_up.HOST_NAME}"],
                          {"/etc/hostname"}),
}
# Written by every run that changes something, and by services that are reloaded.
BOOKKEEPING = ("/var/lib/mailinabox", set_up.STORAGE + "/management")
BY_SERVICES = (set_up.STORAGE + "/mail/postgrey", set_up.STORAGE + "/mail/spamassassin")


@pytest.mark.parametrize("name", DRIFT)
def test_drift_is_repaired_and_nothing_else_touched(settled, name):
    command, expected, touched = DRIFT[name]
    healthy = observe.files(settled, ignore=BOOKKEEPING + BY_SERVICES)
    settled.run("sh", "-c", command)
    broken = observe.files(settled, ignore=BOOKKEEPING + BY_SERVICES)
    services = observe.services(settled)
    planned = program.plan(settled)
    assert program.ids(planned) == expected
    assert program.call(settled, "plan").returncode == 2
    result = program.setup(settled)
    assert program.ids(result) == expected, "plan and setup differ"
    assert result["changed"] == len(expected)
    repaired = observe.files(settled, ignore=BOOKKEEPING + BY_SERVICES)
    folders = {path.rsplit("/", 1)[0] for path in touched}
    other = [line for line in observe.differences(broken, repaired)
             if line.split(": ")[1] not in touched | folders and not may_touch(name, line.split(": ")[1])]
    assert other == [], "more was touched than was broken"
    kept = [line for line in observe.differences(healthy, repaired) if line.startswith(("gone", "new"))]
    assert kept == []
    for path in touched:  # everything is as before, the time of the change aside
        if path in healthy and path in repaired:
            assert healthy[path][:3] == repaired[path][:3], path
    # Services that nothing happened to have not been restarted.
    concerned = {"postfix", "postgrey", "dovecot", "nginx"} & {word for entry in expected for word in _words(entry)}
    if name == "host name changed":
        concerned.add("rsyslog")  # writes it into each line
    after = observe.services(settled)
    restarted = [line for line in observe.differences(services, after)
                 if not any(service in line for service in concerned)]
    if name not in ("certificate deleted", "private key readable for all"):
        assert restarted == []
    assert program.plan(settled)["changes"] == []


def may_touch(name, path):
    if name == "service disabled":  # systemctl enables it for sysvinit as well
        return path.startswith("/etc/rc")
    if name == "certificate deleted":  # what the link leads to
        return path.startswith(f"{set_up.STORAGE}/ssl/{set_up.HOST_NAME}-selfsigned-")
    return False


def _words(entry):
    import re
    return re.split(r"[^a-z]+", entry)


# A program that is killed in the middle of a large change of the users' database; the shell's parent is sqlite3.
CUT_OFF = r"""sqlite3 DATABASE "PRAGMA cache_size=2; BEGIN IMMEDIATE; UPDATE users SET password='lost'; CREATE TABLE filler (x);
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO filler SELECT randomblob(900) FROM n;" \
'.shell kill -9 $PPID'""".replace("DATABASE", set_up.STORAGE + "/mail/users.sqlite")


@pytest.mark.parametrize("command", ["plan", "setup", "user list"])
def test_what_a_killed_writer_left_is_rolled_back_by_any_command(settled, user, command):
    settled.run("sh", "-c", CUT_OFF, check=False)
    journal = settled.path(set_up.STORAGE + "/mail/users.sqlite-journal")
    assert os.path.getsize(journal) > 0
    done = program.call(settled, *command.split())
    assert done.returncode == 0, program.told(done)
    assert not os.path.exists(journal)
    user.imap("INBOX").logout()


def test_removed_package_comes_back(settled):
    settled.run("apt-get", "remove", "-y", "postgrey", env={"DEBIAN_FRONTEND": "noninteractive"})
    planned = program.ids(program.plan(settled))
    assert "package:postgrey" in planned
    result = program.setup(settled)
    assert program.ids(result) == planned
    assert settled.run("systemctl is-active postgrey", check=False).stdout.strip() == "active"
    assert all("postgrey" in change for change in program.ids(result))
    assert program.plan(settled)["changes"] == []


def test_plan_shows_the_difference(settled):
    settled.run("sed", "-i", "s/^message_size_limit.*/message_size_limit = 1000/", MAIN_CF)
    done = program.call(settled, "plan", "--diff")
    assert done.returncode == 2
    assert "message_size_limit: 1000 -> 134217728" in done.stdout
    settled.run("sh", "-c", "sed -i 's/noindex/INDEX-ALL/' /etc/nginx/mailinabox/sites/box.example.test.conf")
    lines = program.call(settled, "plan", "--diff").stdout.splitlines()
    assert any(line.strip().startswith("-") and "INDEX-ALL" in line for line in lines), lines
    assert any(line.strip().startswith("+") and "noindex" in line for line in lines), lines
    program.setup(settled)
    assert settled.run("postconf", "-h", "message_size_limit").stdout.strip() == "134217728"


def test_secrets_are_not_shown_in_a_difference(settled):
    """Neither what a recipe marks nor what not everybody may read; and a key that cannot be read is not replaced."""
    key, lookup = f"{set_up.STORAGE}/ssl/ssl_private_key.pem", "/etc/dovecot/dovecot-sql.conf.ext"
    settled.run("sh", "-c", f"cp -p {key} /root/key && echo secret words > {key}")
    for command in (("plan", "--diff"), ("setup",)):
        done = program.call(settled, *command)
        assert done.returncode == 1 and key in program.told(done), program.told(done)
        assert "secret words" not in done.stdout + done.stderr
    assert settled.run("cat", key).stdout == "secret words\n"
    settled.run("sh", "-c", f"cat /root/key > {key} && rm /root/key && echo '# secret words' >> {lookup}")
    done = program.call(settled, "plan", "--diff")
    assert done.returncode == 2 and lookup in done.stdout, program.told(done)
    assert "secret words" not in done.stdout + done.stderr
    program.setup(settled)


def test_own_override_survives_and_is_marked(settled):
    settled.write("/etc/mailinabox/recipes.d/own.yaml",
                  "recipe: postfix\n"
                  "resources:\n"
                  "  - settings: /etc/postfix/main.cf\n"
                  "    values: {message_size_limit: \"20000000\"}\n"
                  "  - file: /etc/own-note\n"
                  "    content: \"for {{primary_hostname}}\\n\"\n")
    planned = program.plan(settled)
    assert program.ids(planned) == ["file:/etc/own-note", "settings:/etc/postfix/main.cf"]
    assert all(change["local"] is True for change in planned["changes"])
    assert "local" in program.call(settled, "plan", "--diff").stdout
    program.setup(settled)
    assert settled.run("postconf", "-h", "message_size_limit").stdout.strip() == "20000000"
    assert settled.run("cat", "/etc/own-note").stdout == f"for {set_up.HOST_NAME}\n"
    # What is shipped still holds beside it, and the next run leaves it alone.
    assert settled.run("postconf", "-h", "smtpd_forbid_bare_newline").stdout.strip() == "normalize"
    assert program.plan(settled)["changes"] == []
    settled.run("rm", "/etc/mailinabox/recipes.d/own.yaml")
    program.setup(settled)
    assert settled.run("postconf", "-h", "message_size_limit").stdout.strip() == "134217728"


def test_only_named_recipes(settled):
    settled.run("rm", "/etc/mailname", "/etc/postfix/virtual-alias-maps.cf")
    result = program.setup(settled, "--only", "postfix")
    assert "file:/etc/postfix/virtual-alias-maps.cf" in program.ids(result)
    if "file:/etc/mailname" not in program.ids(result):  # else: what it requires was included
        assert program.ids(program.setup(settled)) == ["file:/etc/mailname"]


def test_reboot_is_no_drift(settled):
    settled.reboot()
    assert program.plan(settled)["changes"] == []  # services that are still starting are none either
    result = program.setup(settled)  # it waits for them
    assert (result["changes"], result["restarted"], result["generation"]) == ([], [], None)
    settled.wait_for_listeners(set_up.LISTENERS)


# What follows from users' data stays in a rollback; systemd and apt write the rest by themselves.
STAYS = ("/etc/nsd/zones", "/etc/nginx/mailinabox/sites", "/etc/nsd/nsd.conf.d/zones.conf", "/etc/opendkim/SigningTable", "/etc/opendkim/KeyTable")
NOBODYS = ("/etc/machine-id", "/etc/.pwd.lock", "/etc/resolv.conf", "/etc/ld.so.cache", "/etc/mailinabox")


@pytest.fixture(scope="module")
def known(settled):
    """The box after two more setups, five changes of users, an override and another host name. Generation -> the paths of
    /etc as they were before it."""
    before = {}

    def change(*arguments, env=None):
        paths = observe.contents(settled, "/etc", STAYS + NOBODYS)
        done = program.call(settled, *arguments, env=env, input="long enough\n")
        assert done.returncode == 0, program.told(done)
        before[program.history(settled)[-1]["generation"]] = paths

    for name in ("one.test", "two.test", "three.test"):
        change("user", "add", f"anna@{name}", "--password-stdin")
    change("alias", "add", "info@four.test", "anna@one.test")
    change("user", "remove", "anna@three.test")
    settled.write("/etc/mailinabox/recipes.d/own.yaml",
                  "recipe: postfix\nresources:\n  - settings: /etc/postfix/main.cf\n"
                  "    values: {message_size_limit: \"20000000\"}\n")
    change("setup")
    change("setup", env={"PRIMARY_HOSTNAME": "box2.example.test"})
    return before


def test_rollback_to_before_each_generation(settled, known):
    # Who reads the name at its start was told, and the old name is no mail domain for the administrator's sake.
    settled.run("logger", "-p", "mail.info", "after the change of the name")
    assert laboratory.wait_for(
        lambda: re.search(r" box2 .*after the change of the name", settled.read("/var/log/mail.log")), 10)
    assert f"administrator@{set_up.HOST_NAME} " not in program.call(settled, "alias", "list").stdout
    tables = [sorted(settled.read(path).splitlines()) for path in STAYS[2:]]
    assert all("one.test" in str(table) and "three.test" not in str(table) for table in tables)
    assert settled.run("hostname").stdout.strip() == "box2.example.test"
    for generation in sorted(known, reverse=True):
        done = program.call(settled, "rollback", str(generation), "--yes", "--json")
        assert done.returncode == 0, program.told(done)
        paths = observe.contents(settled, "/etc", STAYS + NOBODYS)
        assert observe.differences(known[generation], paths) == [], f"before generation {generation}"
    assert [sorted(settled.read(path).splitlines()) for path in STAYS[2:]] == \
        [sorted(line.replace("box2.example.test", set_up.HOST_NAME) for line in table) for table in tables]
    assert settled.run("hostname").stdout.strip() == set_up.HOST_NAME
    assert "box2" not in settled.read("/etc/mailinabox.conf")
    assert "box2.example.test" not in settled.read("/etc/nsd/zones/example.test.txt")
    settled.wait_for_listeners(set_up.LISTENERS)


def test_the_nightly_run_leaves_a_rollback_alone_until_it_is_let_go(settled, known):
    paths = observe.contents(settled, "/etc", NOBODYS)
    entry = next(line for line in settled.read("/etc/cron.d/mailinabox").splitlines() if line.endswith("setup --quiet"))
    done = settled.run("sh", "-c", entry.split("root ", 1)[1], check=False, env={"NONINTERACTIVE": "1"})
    assert done.returncode == 8 and "rollback --release" in done.stderr, program.told(done)
    assert observe.differences(paths, observe.contents(settled, "/etc", NOBODYS)) == []
    program.call(settled, "rollback", "--release")
    assert "settings:/etc/postfix/main.cf" in program.ids(program.setup(settled))


def test_rollback_to_before_the_first_setup(lab, settled, known, fresh_layers):
    """Last: no box is left. Accounts and packages stay, with the files that these brought; nothing in them is ours."""
    done = program.call(settled, "rollback", "1", "--yes", "--json")
    assert done.returncode == 0, program.told(done)
    assert set(program.parsed(done)["reloaded"] + program.parsed(done)["restarted"]) <= {"journald", "ssh"}  # ran before
    settled.wait_for_listeners({22})  # sshd opens its port again when it has been told
    assert {port for loopback, port in settled.listening()} == {22}
    assert settled.run("hostname").stdout.strip() == "fresh"
    assert os.path.exists(settled.path(set_up.STORAGE + "/mail/users.sqlite"))
    with lab.box("untouched", fresh_layers, host_name="fresh") as untouched:
        fresh = observe.contents(untouched, "/etc", NOBODYS)
    paths = observe.contents(settled, "/etc", NOBODYS)
    accounts = "/etc/(passwd|group|shadow|gshadow)-?"
    changed = [line for line in observe.differences(fresh, {path: paths.get(path) for path in fresh})
               if not re.match(rf"changed: ({accounts}|/etc/ssl/private): ", line)]
    assert changed == [], "of what was there before, only accounts and a folder of package ssl-cert"
    verified = settled.run("dpkg --verify", check=False).stdout.splitlines()
    assert [line for line in verified if line.split()[-1] not in set_up.OWN_FILES] == []
    for path, text in set_up.OWN_FILES.items():
        assert settled.read(path) == text
    assert not os.path.exists(settled.path("/etc/mailinabox.conf"))
    recorded = [json.loads(line) for line in settled.read("/var/lib/mailinabox/generations/1/journal.jsonl").splitlines()]
    old = {record["path"]: record for record in reversed(recorded) if record["type"] == "path"}  # the first of each
    assert len(old) > 50
    assert [path for path, record in old.items()
            if path.startswith("/etc/") and not _is_as_recorded(record, paths.get(path))] == ["/etc/postsrsd.secret"]  # data
    ours = settled.run("grep", "-rIliE", f"mail-?in-?a-?box|{set_up.HOST_NAME}", "/etc", check=False).stdout.splitlines()
    assert [path for path in ours if not path.startswith("/etc/mailinabox/") and not re.fullmatch(accounts, path)] == []


def _is_as_recorded(record, present):
    if record["path"].startswith(NOBODYS):
        return True
    if record["was"] == "absent" or present is None:
        return present is None and record["was"] == "absent"
    mode, uid, gid, content = present
    same = (int(mode, 8) & 0o7777, uid, gid) == (int(record["mode"], 8), record["uid"], record["gid"])
    return same and (record["was"] == "directory" or content == record.get("content", record.get("target")))

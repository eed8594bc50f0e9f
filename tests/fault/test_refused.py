"""A change that a service does not take never takes the service down."""

import os

import pytest

import program

RECIPES = "/etc/mailinabox/recipes.d"


def override(box, name, text):
    os.makedirs(box.path(RECIPES), exist_ok=True)
    box.write(f"{RECIPES}/{name}.yaml", text)


@pytest.fixture(autouse=True)
def no_overrides_afterwards(box):
    yield
    box.run(f"rm -f {RECIPES}/*.yaml; mailinabox setup --yes", env={"NONINTERACTIVE": "1"}, timeout=300)


def test_a_checker_refuses_and_the_service_runs_on(box):
    """nginx -t refuses; the files go back; another recipe's change is made all the same."""
    box.run("chmod 0600 /etc/mailname")
    before = box.run("sha256sum /etc/nginx/mailinabox/sites/box.example.test.conf; pidof nginx").stdout
    override(box, "bad", "recipe: bad\nsummary: a mistake\nrequires: [web]\nresources:\n"
             "  - file: /etc/nginx/conf.d/bad.conf\n    content: \"no_such_directive on;\\n\"\n    notify: nginx\n")
    done = program.call(box, "setup")
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "no_such_directive" in said, "the checker's words"
    assert f"{RECIPES}/bad.yaml:5" in said, "the line that caused it"
    assert not os.path.exists(box.path("/etc/nginx/conf.d/bad.conf"))
    assert box.run("nginx -t 2>&1").returncode == 0
    assert set(before.split()) <= set(box.run("sha256sum /etc/nginx/mailinabox/sites/box.example.test.conf; pidof nginx").stdout.split())
    assert oct(os.stat(box.path("/etc/mailname")).st_mode)[-3:] == "644", "an independent recipe went on"


def test_a_refused_setting_is_named_with_its_override(box):
    """Postfix says what is wrong on terminals only; and the line that caused it is not the shipped recipe's."""
    override(box, "large", "recipe: postfix\nresources:\n"
             "  - settings: /etc/postfix/main.cf\n    values: {message_size_limit: 50MB}\n")
    done = program.call(box, "setup")
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "bad numerical configuration: message_size_limit = 50MB" in said
    assert f"{RECIPES}/large.yaml:3" in said
    assert "50MB" not in box.run("postconf message_size_limit").stdout
    box.run("exec 3<>/dev/tcp/127.0.0.1/25; head -1 <&3", shell="bash")


def test_a_service_that_does_not_come_back_gets_its_old_files(box):
    """The checker has nothing against a port that is taken; the service fails to listen and goes back."""
    override(box, "port", "recipe: port\nsummary: a mistake\nrequires: [web]\nresources:\n"
             "  - file: /etc/nginx/conf.d/port.conf\n    content: \"server { listen 127.0.0.1:25; }\\n\"\n    notify: nginx\n"
             "services:\n  nginx: {on_change: restart, timeout: 5}\n")
    done = program.call(box, "setup")
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "port.conf" in said and "nginx" in said
    assert not os.path.exists(box.path("/etc/nginx/conf.d/port.conf"))
    box.run("exec 3<>/dev/tcp/127.0.0.1/443", shell="bash")


def test_what_a_side_service_refuses_keeps_mail_names_and_web_from_nothing(box):
    """The administrator's own jail is broken, and everything is down."""
    own, down = "/etc/fail2ban/jail.d/own.local", ("fail2ban", "postfix", "dovecot", "nsd", "nginx")
    box.write(own, "[sshd]\nport = %(nowhere)s\n")
    box.run("systemctl", "stop", *down)
    try:
        done = program.call(box, "setup", "--json")
        assert done.returncode == 1, program.told(done)
        result = program.parsed(done)
        assert [change["id"] for change in result["changes"] if change.get("error")] == ["service:fail2ban"], result
        for port in (25, 53, 80, 443, 993):
            box.run(f"exec 3<>/dev/tcp/{box.address}/{port}", shell="bash")
    finally:
        os.remove(box.path(own))


def test_rollback_puts_back_and_says_what_stays(box):
    box.run("rm -f /etc/mailname; postconf -e smtpd_banner=before")
    result = program.setup(box)
    assert {"file:/etc/mailname", "settings:/etc/postfix/main.cf"} <= set(program.ids(result))
    unasked = program.call(box, "rollback", str(result["generation"]))
    assert unasked.returncode == 64 and "--yes" in unasked.stderr, program.told(unasked)
    done = program.call(box, "rollback", str(result["generation"]), "--yes")
    assert done.returncode == 0, program.told(done)
    assert not os.path.exists(box.path("/etc/mailname"))
    assert "smtpd_banner=before" in box.read("/etc/postfix/main.cf").replace(" ", "")
    assert "before" in box.run("exec 3<>/dev/tcp/127.0.0.1/25; head -1 <&3", shell="bash").stdout
    listed = program.parsed(program.call(box, "history", "--json"))["generations"]
    assert listed[-1]["command"] == f"rollback {result['generation']}"
    assert program.call(box, "rollback", "--release").returncode == 0
    program.setup(box)
    assert "ESMTP" in box.run("exec 3<>/dev/tcp/127.0.0.1/25; head -1 <&3", shell="bash").stdout


def test_rollback_to_what_is_gone_lists_what_there_is(box):
    done = program.call(box, "rollback", "987654")
    assert done.returncode == 1
    assert "there is no generation 987654; there are: 1" in done.stderr


def test_a_damaged_journal_is_named_and_set_aside(box):
    box.run("mkdir -m 0700 /var/lib/mailinabox/journal; printf 'garbage\\n{}\\nmore\\n' > /var/lib/mailinabox/journal/journal.jsonl; "
            "chmod 0600 /etc/mailname")
    done = program.call(box, "setup")
    assert done.returncode == 0, program.told(done)
    assert "/var/lib/mailinabox/journal is damaged" in done.stdout + done.stderr
    assert box.run("ls -d /var/lib/mailinabox/journal.damaged-*").stdout.strip()

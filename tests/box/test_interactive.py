"""Somebody at a terminal is asked, wrong answers are refused and asked for again."""

import os
import re
import signal
import subprocess

import pexpect
import pytest

import lab as laboratory
import program
import set_up
from mail_user import MailUser

QUESTIONS = {
    "email": r"[Ee]-mail address[^\n]*: $",
    "host name": r"name of this machine[^\n]*: $",
    "address": r"IPv4 address[^\n]*: $",
    "password": r"[Pp]assword for[^\n]*: $",
    "password again": r"again: $",
    "time zone": r"time zone[^\n]*: $",
    "go on": r"(?i)\[y[^\n]*$",
}
END = r"Your Mail-in-a-Box is running\."
PASSWORD = "eight yellow tricycles"


class Terminal:
    """A person who answers what is asked, wrongly first."""

    def __init__(self, box, *arguments):
        argv = box.command(["mailinabox", *arguments], {"TERM": "xterm"})
        self.process = pexpect.spawn(argv[0], argv[1:], encoding="utf-8", timeout=240, dimensions=(40, 70))
        self.said = ""

    def converse(self, answers):
        """answers: question -> lines to type, one each time it is asked. Returns what was asked, in order."""
        asked = []
        patterns = list(QUESTIONS.values()) + [END, pexpect.EOF]
        while True:
            found = self.process.expect(patterns)
            self.said += self.process.before + (self.process.after if isinstance(self.process.after, str) else "")
            if found >= len(QUESTIONS):
                break
            question = list(QUESTIONS)[found]
            asked.append(question)
            assert answers.get(question), f"asked once more than expected for the {question}:\n{self.said[-1500:]}"
            self.process.sendline(answers[question].pop(0))
        self.said += self.process.read()
        self.process.close()
        return asked


@pytest.fixture(scope="module")
def forgetful(box):
    """The set-up box, but nobody has answered anything yet; so that nothing has to be downloaded again."""
    box.run("rm", "/etc/mailinabox.conf", set_up.STORAGE + "/mail/users.sqlite", "/var/lib/mailinabox/irreplaceable")
    box.run("sh", "-c", "hostname fresh; echo fresh > /etc/hostname; sed -i /example.test/d /etc/hosts")
    return box


@pytest.fixture(scope="module")
def conversation(forgetful):
    terminal = Terminal(forgetful)
    asked = terminal.converse({
        "email": ["not an address", "you@example.net"],
        "host name": ["no spaces allowed", "192.0.2.5", "mail.example.net"],
        "address": ["1.2.3", ""],
        "password": ["short", PASSWORD, PASSWORD],
        "password again": [PASSWORD + "x", PASSWORD],
        "time zone": ["Mars/Olympus", "Europe/Vienna"],
        "go on": ["y"],
    })
    return terminal, asked


def test_each_wrong_answer_is_asked_again(conversation):
    _, asked = conversation
    for question, times in (("email", 2), ("host name", 3), ("address", 2), ("password", 3), ("password again", 2),
                            ("time zone", 2)):
        assert asked.count(question) == times, asked


def test_it_ends_with_the_closing_words(conversation, forgetful):
    terminal, _ = conversation
    assert terminal.process.exitstatus == 0, terminal.said[-3000:]
    assert "Your Mail-in-a-Box is running." in terminal.said
    assert f"https://{forgetful.address}/admin" in terminal.said or "https://mail.example.net/admin" in terminal.said
    assert program.fingerprint(forgetful) in terminal.said.upper()


def test_password_is_not_shown(conversation):
    terminal, _ = conversation
    assert PASSWORD not in terminal.said


def test_host_name_is_offered_from_the_address(conversation):
    terminal, _ = conversation
    assert "[box.example.net]" in terminal.said


def test_recipes_are_named_as_they_go(conversation):
    terminal, _ = conversation
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.said)
    for recipe in ("system", "tls", "dovecot", "postfix", "web"):
        assert recipe in text, text[-3000:]
    shown = [line for line in re.split(r"[\r\n]+", text) if re.match(r"  (ok )?(system|tls|dovecot|postfix|web) ", line)]
    assert shown and max(len(line) for line in shown) < 70, "wider than the terminal"


def test_answers_are_in_force(conversation, forgetful, lab):
    assert forgetful.run("hostname").stdout.strip() == "mail.example.net"
    assert "PRIMARY_HOSTNAME=mail.example.net" in forgetful.run("cat", "/etc/mailinabox.conf").stdout
    assert forgetful.run("readlink", "-f", "/etc/localtime").stdout.strip().endswith("/Europe/Vienna")
    assert "Europe/Vienna" in forgetful.run("cat", "/etc/timezone").stdout
    with MailUser(lab, forgetful, "you@example.net", PASSWORD).imap("INBOX"):
        pass


def test_certificate_follows_the_new_host_name(conversation, forgetful):
    pem = forgetful.run("cat", set_up.STORAGE + "/ssl/ssl_certificate.pem").stdout
    text = subprocess.run(["openssl", "x509", "-noout", "-text"], input=pem, text=True, capture_output=True,
                          check=True).stdout
    assert "DNS:mail.example.net" in text and "example.test" not in text


def test_nothing_is_asked_a_second_time(conversation, forgetful):
    terminal = Terminal(forgetful)
    asked = terminal.converse({})
    assert asked == [] and terminal.process.exitstatus == 0, terminal.said[-2000:]
    assert program.plan(forgetful)["changes"] == []


def _below(process):
    """The processes that it has started, and those that they have: id -> name."""
    table = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,comm="], text=True, capture_output=True, check=True).stdout
    rows = [line.split(None, 2) for line in table.splitlines()]
    found, parents = {}, {str(process.pid)}
    while parents:
        below = {number: name for number, parent, name in rows if parent in parents}
        found.update(below)
        parents = set(below)
    return found


def test_ctrl_c_lets_apt_finish_its_step_and_leaves_nothing_in_the_way(conversation, forgetful):
    """A package that is left half installed is worse than a few seconds more."""
    policy, slow, finish = "/usr/sbin/policy-rc.d", "/etc/dpkg/dpkg.cfg.d/slow", "/root/finish"
    forgetful.run("dpkg", "--purge", "--force-depends", "postgrey", env={"DEBIAN_FRONTEND": "noninteractive"})
    forgetful.write(slow, 'pre-invoke=until test -e /root/finish; do sleep 0.2; done\n')
    runs = len(program.history(forgetful))
    run = subprocess.Popen(forgetful.command(["mailinabox", "setup"], {"NONINTERACTIVE": "1"}), text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert laboratory.wait_for(lambda: os.path.exists(forgetful.path(policy)), 60), "apt did not begin"
        started = laboratory.wait_for(lambda: "sleep" in (found := _below(run)).values() and found, 60)
        assert started, "apt's first step did not begin"
        os.kill(next(int(number) for number, name in started.items() if name == "mailinabox"), signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            run.communicate(timeout=5)  # nothing is killed
        forgetful.write(finish, "")
        _, errors = run.communicate(timeout=120)
    finally:
        run.kill()
        os.remove(forgetful.path(slow))
        forgetful.run("rm", "-f", finish)
    assert "interrupted" in errors and "goes on from there" in errors, errors
    assert run.returncode != 0
    assert not os.path.exists(forgetful.path(policy))
    gone = laboratory.wait_for(lambda: not any(os.path.exists(f"/proc/{number}") for number in started), 10)
    assert gone, f"of these at least one runs on: {started}"
    assert len(program.history(forgetful)) == runs + 1


def test_bar_with_megabytes_while_apt_downloads(conversation, forgetful):
    forgetful.run("dpkg", "--purge", "--force-depends", "sqlite3", env={"DEBIAN_FRONTEND": "noninteractive"})
    forgetful.run("apt-get", "clean")
    terminal = Terminal(forgetful)
    terminal.converse({})
    assert terminal.process.exitstatus == 0, terminal.said[-2000:]
    assert re.search(r"\d\s?(MB|kB)", terminal.said), terminal.said[-2000:]
    assert "\r" in terminal.said or "\x1b[" in terminal.said


def test_cancelling_changes_nothing(forgetful, conversation):
    import observe
    forgetful.run("mv", "/etc/mailinabox.conf", "/root/")
    before = observe.files(forgetful)
    terminal = Terminal(forgetful)
    terminal.process.expect(QUESTIONS["host name"])
    terminal.process.sendeof()
    terminal.process.expect(pexpect.EOF)
    terminal.process.close()
    assert terminal.process.exitstatus not in (0, None)
    assert observe.differences(before, observe.files(forgetful)) == []

"""From a clone to a working mail server by one command, in a Debian 13 container without systemd, none of the variables set. On
Debian 12 tests/run.sh itself compiles the same, with the packages that bootstrap.sh names.

This is what continuous integration's machines are; the packages' init scripts start the services.
"""

import os
import re
import subprocess

import pytest

import lab as laboratory
import program
from mail_user import MailUser, Stranger, message

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
HOST_NAME = "box.local.test"


@pytest.fixture(scope="module")
def container(lab, release):
    with lab.box("container", lab.root(release), address="198.51.100.20", systemd=False, host_name="3f2a9c41d0b7") as machine:
        yield machine


@pytest.fixture(scope="module")
def bootstrapped(lab, container):
    """(the container, what packaging/bootstrap.sh said)"""
    files = subprocess.run(["git", "-C", laboratory.REPOSITORY, "ls-files", "-z", "-co", "--exclude-standard"],
                           check=True, capture_output=True).stdout
    archive = subprocess.run(["tar", "--null", "--no-recursion", "-T", "-", "-c"], input=files, stdout=subprocess.PIPE,
                             cwd=laboratory.REPOSITORY, check=True).stdout
    os.makedirs(container.path("/root/mailinabox"))
    subprocess.run(["tar", "--no-same-owner", "-x", "-C", container.path("/root/mailinabox")], input=archive, check=True)
    container.start()
    lab.log("lab: bootstrapping in a container ...")
    done = container.run("/root/mailinabox/packaging/bootstrap.sh", check=False, timeout=1800,
                         env={"CXXFLAGS": "-Werror"})
    lab.log(f"lab: bootstrap ended with exit code {done.returncode}")
    return container, done


@pytest.fixture(scope="module")
def owner(lab, bootstrapped):
    container, done = bootstrapped
    address, password = _account(done)
    return MailUser(lab, container, address, password)


def _account(done):
    said = done.stdout + done.stderr
    address = re.search(r"\b\S+@" + re.escape(HOST_NAME), said)
    password = re.search(r"(?i)password[^\n]*:\s+(\S{8,})\s*$", said, re.M)
    assert address and password, "the first user's address and generated password were not told:\n" + said[-3000:]
    return address[0].strip("<>.,"), password[1]


def test_bootstrap_succeeds(bootstrapped):
    _, done = bootstrapped
    assert done.returncode == 0, laboratory.tail(done.stdout + done.stderr, 80)


def run_as_if_on(system, container, script, code):
    """What the script says where /etc/os-release has these lines."""
    return container.run("unshare", "-m", "sh", "-c", """printf '%s\n' "$1" >/run/other-release &&
                            mount --bind /run/other-release /etc/os-release && exec "$2" """,
                         "sh", system, "/root/mailinabox/packaging/" + script, check=code).stderr.splitlines()


@pytest.mark.parametrize("system", ['ID=debian\nVERSION_ID="11"', "ID=debian", 'ID=ubuntu\nVERSION_ID="24.04"'])
def test_other_systems_are_refused(bootstrapped, system):
    """Debian's testing has no VERSION_ID."""
    said = run_as_if_on(system, bootstrapped[0], "bootstrap.sh", 3)
    assert len(said) == 1 and "can be built on Debian 12 and Debian 13" in said[0], said


def test_package_is_built_on_debian_12_only(bootstrapped):
    said = run_as_if_on('ID=debian\nVERSION_ID="13"', bootstrapped[0], "build-deb.sh", 1)
    assert len(said) == 1 and "runs debian 13" in said[0] and "built on Debian 12" in said[0], said


def test_closing_words(bootstrapped):
    container, done = bootstrapped
    assert "Your Mail-in-a-Box is running." in done.stdout
    assert f"https://{container.address}/admin" in done.stdout or f"https://{HOST_NAME}/admin" in done.stdout
    fingerprint = program.fingerprint(container)
    assert fingerprint in done.stdout.upper(), f"not the certificate's fingerprint {fingerprint}:\n{done.stdout[-2000:]}"


def test_output_without_terminal_is_plain(bootstrapped):
    _, done = bootstrapped
    assert "\x1b" not in done.stdout + done.stderr


def test_generated_password_is_shown_once_and_not_kept(bootstrapped):
    container, done = bootstrapped
    _, password = _account(done)
    assert (done.stdout + done.stderr).count(password) == 1
    found = container.run("grep", "-rlF", password, "/etc", "/var/lib/mailinabox", "/var/log", "/home/user-data", "/tmp",
                          check=False)
    assert found.stdout == ""


def test_host_name_defaults_to_box_local_test(bootstrapped):
    container, _ = bootstrapped
    assert f"PRIMARY_HOSTNAME={HOST_NAME}" in container.run("cat", "/etc/mailinabox.conf").stdout


@pytest.mark.parametrize("port", [465, 587])
def test_submitted_mail_arrives(owner, port):
    text = message(owner.address, owner.address)
    owner.send(text, port)
    assert owner.wait_for(text["Subject"])
    mailbox = owner.pop3()
    assert mailbox.stat()[0] >= 1
    mailbox.quit()


def test_stranger_is_greylisted(lab, bootstrapped, owner):
    code, said = Stranger(lab, bootstrapped[0]).try_recipient("someone@sender.test", owner.address)
    assert code == 450 and "greylist" in said.lower(), (code, said)


def test_spam_is_filed(owner):
    text = message(owner.address, owner.address, GTUBE)
    owner.send(text)
    arrived = owner.wait_for(text["Subject"], "Spam")
    assert arrived["X-Spam-Status"].startswith("Yes")


def test_second_run_changes_nothing(bootstrapped):
    container, _ = bootstrapped
    before = container.run("ps", "-eo", "pid,lstart,comm").stdout
    result = program.setup(container)
    assert result["changes"] == [], result["changes"]
    lost = [line for line in before.splitlines()
            if re.search(r"master|dovecot|nginx|postgrey|spampd|unbound|rsyslogd|cron|mailinabox", line)
            and line not in container.run("ps", "-eo", "pid,lstart,comm").stdout]
    assert lost == []


def test_stopped_service_is_started_again(bootstrapped):
    container, _ = bootstrapped
    container.run("service", "postgrey", "stop")
    # Killed, as by a container that was stopped: what they leave behind looks as if they were running.
    container.run("pkill", "-KILL", "-x", "fail2ban-server|nginx|dovecot|unbound|mailinabox")
    result = program.setup(container)
    assert program.ids(result) == ["service:" + name for name in (
        "dovecot", "fail2ban", "mailinabox", "mailinabox-web", "nginx", "postgrey", "tls-reports", "unbound")]
    assert program.plan(container)["changes"] == []


def test_services_run_the_version_that_was_installed_last(bootstrapped):
    container, _ = bootstrapped

    def running():
        return container.run("sh", "-c", "readlink /proc/[0-9]*/exe | grep mailinabox | sort -u").stdout.strip()

    # Another file than the one that was built, so that this is installed again.
    container.run("sh", "-c", "cp /usr/sbin/mailinabox /usr/sbin/before && mv /usr/sbin/before /usr/sbin/mailinabox")
    assert running() == "/usr/sbin/mailinabox (deleted)"
    container.run("/root/mailinabox/packaging/bootstrap.sh", timeout=600)
    assert running() == "/usr/sbin/mailinabox"
    assert program.plan(container)["changes"] == []


def test_names_still_resolve(bootstrapped):
    container, _ = bootstrapped
    assert "198.51.100.110" in container.run("getent", "ahostsv4", "sender.test").stdout

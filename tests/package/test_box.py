"""One life of a box: set up by the one line, upgraded by it, the package removed, purged, and installed again."""

import os
import re
import shutil

import pytest

import namespaces
import observe
import program
import release as releases
import set_up
from mail_user import MailUser, OtherServer, message

STORAGE = "/srv/mail-data"
ANSWERS = {**set_up.ANSWERS, "STORAGE_ROOT": STORAGE}
OLD_VERSION = "0.0.9"
OWN = ("mailinabox.service", "mailinabox-web.service", "mailinabox-tls-reports.service")  # which the program itself is
CALLERS = 9  # cron three times, Postfix for three kinds of questions, and those services
NOTE = "/usr/share/mailinabox/recipes/postfix.yaml"
OLD_SUMMARY = "summary: as it was in the version before"
LOCAL = "recipe: local\nsummary: of this box\nresources:\n  - file: /etc/local-note\n    content: \"kept\\n\"\n"


def run_script(box, *arguments, env=None, timeout=900):
    with open(box.path("/srv/release/setup.sh"), encoding="utf-8") as source:
        text = source.read()
    done = box.run("bash", "-s", "--", *arguments, input=text, env={**ANSWERS, **(env or {})}, check=False, timeout=timeout)
    assert done.returncode == 0, program.told(done)
    return done


def installed(box):
    return box.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "mailinabox", check=False).stdout


def apt(box, *arguments):
    """apt as somebody types it, with nobody there to answer a question."""
    return box.run("apt-get", "-y", *arguments, env={"DEBIAN_FRONTEND": "readline"}, timeout=120)


def data(box):
    """What is in the storage root, but for what the running services write, and each command, of what it did."""
    found = observe.files(box, [STORAGE])
    return {path: seen[:4] + seen[5:] for path, seen in found.items()
            if not re.search(r"dovecot|maildirsize|/mail/spamassassin|/mailboxes/.*/(cur|new|tmp)$|/management$|/audit.sqlite", path)}


@pytest.fixture(scope="module")
def publish(makers, package, tmp_path_factory):
    """A function that publishes a version where the box finds it."""
    directory = str(tmp_path_factory.mktemp("publish"))

    def change(root):
        with open(root + NOTE, encoding="utf-8") as source:
            text = source.read()
        with open(root + NOTE, "w", encoding="utf-8") as output:
            output.write(re.sub(r"(?m)^summary: .*$", OLD_SUMMARY, text))

    packages = {OLD_VERSION: releases.repacked(package, directory, OLD_VERSION, change), "new": package}

    def to(box, version):
        makers.publish(directory + "/release", packages[version])
        shutil.rmtree(box.path("/srv/release"), ignore_errors=True)
        shutil.copytree(directory + "/release", box.path("/srv/release"))

    return to


@pytest.fixture(scope="module")
def box(lab, publish):
    """A fresh Debian 13, on which the one line has set up the version before this one."""
    with lab.box("packaged", lab.machine("trixie"), host_name="fresh") as machine:
        machine.start()
        publish(machine, OLD_VERSION)
        lab.log("lab: setup.sh on a fresh machine ...")
        machine.said = run_script(machine)
        yield machine.wait_for_listeners(set_up.LISTENERS)


@pytest.fixture(scope="module")
def user(lab, box):
    return MailUser(lab, box, set_up.ADDRESS, set_up.PASSWORD, storage=STORAGE)


def test_fresh_machine_becomes_a_mail_server(box, user):
    assert "Your Mail-in-a-Box is running." in box.said.stdout
    assert installed(box) == "installed " + OLD_VERSION
    assert f"STORAGE_ROOT={STORAGE}" in box.run("cat", "/etc/mailinabox.conf").stdout
    assert program.plan(box)["changes"] == []
    text = message(user.address, user.address)
    user.send(text)
    assert user.wait_for(text["Subject"])


def test_again_changes_nothing(box):
    said = run_script(box).stderr
    assert "is installed already" in said
    assert program.plan(box)["changes"] == []


# Owners and modes of versions that knew no group of readers: every account reads the hashes, the folder is user-data's.
OLD_OWNERS = f"""chown user-data: {STORAGE} {STORAGE}/mailinabox.version
chown root:root {STORAGE}/mail/users.sqlite
chmod 0644 {STORAGE}/mail/users.sqlite
userdel mailinabox-lookup
! getent group mailinabox-lookup || groupdel mailinabox-lookup"""


def test_upgrade_keeps_everything(box, user, friend, publish, package):
    box.run("mailinabox", "user", "add", "anna@example.test", "--password-stdin", input="nine green unicycles\n")
    box.run("mailinabox", "alias", "add", "info@example.test", "anna@example.test")
    box.run("mkdir", "-p", "/etc/mailinabox/recipes.d")
    box.write("/etc/mailinabox/recipes.d/local.yaml", LOCAL)
    assert program.ids(program.setup(box)) == ["file:/etc/local-note"]
    box.run("sh", "-ec", OLD_OWNERS)
    publish(box, "new")
    assert OLD_SUMMARY in box.run("cat", NOTE).stdout
    kept = {name: box.run(*name.split()).stdout for name in (
        "mailinabox user list", "mailinabox alias list", "cat /etc/mailinabox.conf", "cat /etc/mailinabox/recipes.d/local.yaml")}
    before, services = data(box), observe.services(box)
    run_script(box)
    assert installed(box) == "installed " + os.path.basename(package).split("_")[1]
    assert OLD_SUMMARY not in box.run("cat", NOTE).stdout
    for name, said in kept.items():
        assert box.run(*name.split()).stdout == said
    after = data(box)
    closed = {STORAGE, STORAGE + "/mailinabox.version", STORAGE + "/mail/users.sqlite"}
    assert {path for path in before | after if before.get(path) != after.get(path)} == closed
    assert box.run("stat", "-c", "%U:%G %a", *sorted(closed)).stdout.splitlines() == [
        "root:root 755", "root:mailinabox-lookup 640", "root:root 644"]
    now = observe.services(box)
    for unit in OWN:
        assert services.pop(unit) != now.pop(unit), unit + " goes on as the old program"
    assert observe.differences(services, now) == []  # nothing in it asked for a restart
    mail_goes_through(user, friend)
    assert program.plan(box)["changes"] == []
    MailUser(user.lab, box, "anna@example.test", "nine green unicycles", storage=STORAGE).imap("INBOX").logout()


def test_no_step_back_unless_asked_for(box, package):
    own = box.run("cat", "/srv/release/SHA256SUMS").stdout
    assert own.count("\n") == 2, own
    said = run_script(box, "--version", OLD_VERSION).stderr
    assert "installing mailinabox " + OLD_VERSION in said
    assert installed(box) == "installed " + OLD_VERSION
    run_script(box)
    assert installed(box) == "installed " + os.path.basename(package).split("_")[1]


def test_old_list_brings_no_old_version(box, makers, package, tmp_path):
    old = str(tmp_path / "old")
    makers.publish(old, releases.repacked(package, str(tmp_path), OLD_VERSION), base="file:/srv/old")
    shutil.copytree(old, box.path("/srv/old"))
    with open(old + "/setup.sh", encoding="utf-8") as source:
        done = box.run("bash", "-s", input=source.read(), check=False, env=ANSWERS)
    assert done.returncode == 1 and "has only " + OLD_VERSION in done.stderr
    assert installed(box) != "installed " + OLD_VERSION


@pytest.fixture(scope="module")
def friend(lab, box):
    with OtherServer(lab) as server:
        yield server


def mail_goes_through(user, friend):
    """Within the box, and to another server."""
    text, outgoing = message(user.address, user.address), message(user.address, "someone@friend.test")
    user.send(text)
    user.send(outgoing)
    assert user.wait_for(text["Subject"])
    assert friend.wait_for(outgoing["Subject"])


def callers_of_the_program(box):
    """Lines of the machine's configuration that start the program."""
    return box.run("grep", "-rIhE", r"^[^#]*\bmailinabox +[a-z]", "/etc/cron.d", "/etc/cron.daily", "/etc/postfix", "/etc/dovecot",
                   "/etc/nginx", "/etc/nsd", "/etc/unbound", "/etc/systemd/system", "/etc/fail2ban", "/etc/default",
                   "/var/spool/cron", check=False).stdout.splitlines()


def test_remove_leaves_the_box_serving_mail(box, user, friend):
    assert len(callers_of_the_program(box)) == CALLERS
    before, services = data(box), observe.services(box)
    said = apt(box, "remove", "mailinabox").stdout
    assert "keeps serving mail" in said and STORAGE in said
    assert re.search(r"signatures .* last until \d+ \w+ 20\d\d", said), said
    assert box.run("sh", "-c", "command -v mailinabox", check=False).stdout == ""
    assert callers_of_the_program(box) == []
    configuration = box.run("postconf -n; postconf -P; postconf -M").stdout
    for name in ("tls-policy", "sender-check", "srs-senders", "private/srs-addresses:reverse"):
        assert name not in configuration, f"Postfix still uses {name}"
    assert observe.differences(before, data(box)) == []
    for unit in OWN:
        services.pop(unit)
    assert observe.differences(services, observe.services(box)) == []
    assert "mailinabox-web" not in box.run("nginx", "-T").stdout
    mail_goes_through(user, friend)
    box.reboot().wait_for_listeners(set_up.LISTENERS - {10222, set_up.MANAGEMENT})
    mail_goes_through(user, friend)


def test_purge_asks_nothing_and_keeps_the_data(box, user, friend):
    before, services = data(box), observe.services(box)
    box.run("mkdir", "-p", "/var/log/mailinabox")  # as the first certificate that cannot be had makes it
    said = apt(box, "purge", "mailinabox").stdout
    assert re.search(rf"still in {STORAGE}; nothing there was removed", said), said
    assert "own recipes are still in /etc/mailinabox" in said
    assert observe.differences(before, data(box)) == []
    assert observe.differences(services, observe.services(box)) == []
    gone = box.run("ls", "-d", "/etc/mailinabox.conf", "/var/lib/mailinabox", "/var/log/mailinabox", "/usr/share/mailinabox",
                   check=False)
    assert gone.stdout == ""
    assert box.run("cat", "/etc/mailinabox/recipes.d/local.yaml").stdout == LOCAL
    mail_goes_through(user, friend)


def test_installed_again_it_takes_the_box_up(box, user, friend):
    before = data(box)
    # Purged with the answers; /etc/resolv.conf names the box itself by now, so nothing else tells of the network's resolver.
    run_script(box, env={"DNS_FORWARDERS": namespaces.NAME_SERVER})
    assert "anna@example.test" in box.run("mailinabox", "user", "list").stdout
    assert program.plan(box)["changes"] == []
    assert len(callers_of_the_program(box)) == CALLERS
    assert {path: seen for path, seen in data(box).items() if path in before} == before
    mail_goes_through(user, friend)

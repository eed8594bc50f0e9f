"""A box on Debian 12 whose distribution is upgraded to 13 in place, as Debian's release notes say, and which the next setup
repairs: mail, passwords, keys and records stay, and mail that comes meanwhile waits."""

import shutil

import dns.message
import dns.query
import dns.rdatatype
import pytest

import greylisting
import lab as laboratory
import observe
import program
import set_up
from mail_user import USER_AT, MailUser, ManageSieve, OtherServer, Stranger, message
from test_dns_commands import served
from test_filters import learned

ANNA, PASSWORD = "anna@example.test", "nine green unicycles"
KEEP_OLD_FILES = ["-y", "-q", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
SORTING = 'require ["fileinto", "mailbox"];\nif header :contains "subject" "invoice" { fileinto :create "Bills"; }\n'
LOCAL = ("recipe: local\nsummary: of this box\nresources:\n  - settings: /etc/postfix/main.cf\n    format: postfix\n"
         "    values: {message_size_limit: \"31337000\"}\n"
         "  - file: /etc/local-note\n    content: \"port 465 is {{platform.postfix.submissions_service}}\\n\"\n")
KEYS = [set_up.STORAGE + "/" + folder for folder in ("dns", "ssl", "mail/dkim")]


def apt(box, *arguments, check=True):
    return box.run("apt-get", *KEEP_OLD_FILES, *arguments, check=check, timeout=900, env={"DEBIAN_FRONTEND": "noninteractive"})


def directory(box):
    """Users, aliases and records, as the program lists them."""
    return {words: box.run("mailinabox", *words.split(), "--json").stdout
            for words in ("user list", "alias list", "dns show")}


def keys(box):
    """Private keys and the key records: what nobody may make anew."""
    found = {}
    for folder in KEYS:
        found.update(observe.contents(box, folder))
    return {path: seen for path, seen in found.items() if ".txt" not in path}


def identities(user):
    """By what mail programs know the messages of the inbox: all would be fetched again if it changed."""
    with user.imap("INBOX") as connection:
        numbers = (connection.response("UIDVALIDITY")[1][0], *connection.uid("SEARCH", "ALL")[1][0].split())
    mailbox = user.pop3()
    listed = mailbox.uidl()[1]
    mailbox.quit()
    return numbers, tuple(listed)


@pytest.fixture(scope="module")
def box(lab, package):
    """A Debian 12 box in use."""
    with lab.box("moving", lab.machine("bookworm"), host_name="fresh") as machine:
        machine.start()
        shutil.copy(package, machine.path("/srv/mailinabox.deb"))
        machine.run("apt-get", "-q", "update", timeout=120)
        apt(machine, "install", "--no-install-recommends", "/srv/mailinabox.deb")
        lab.log("lab: setting up Debian 12 ...")
        machine.said = machine.run("mailinabox", "setup", "--json", check=False, env=set_up.ANSWERS, timeout=set_up.SECONDS)
        assert machine.said.returncode == 0, program.told(machine.said)
        machine.wait_for_listeners(set_up.LISTENERS)
        greylisting.shorten(machine)
        yield machine


@pytest.fixture(scope="module")
def user(lab, box):
    return MailUser(lab, box, set_up.ADDRESS, set_up.PASSWORD)


@pytest.fixture(scope="module")
def friend(lab, box):
    with OtherServer(lab) as server:
        yield server


@pytest.fixture(scope="module")
def used(lab, box, user):
    """What is there before: a user with a quota, a filter and mail, an alias, records, an override, a trained filter."""
    box.run("mailinabox", "user", "add", ANNA, "--quota", "5M", "--password-stdin", input=PASSWORD + "\n")
    box.run("mailinabox", "alias", "add", "info@example.test", ANNA)
    box.run("mailinabox", "dns", "set", "www.example.test", "A", "192.0.2.80")
    box.write("/etc/mailinabox/recipes.d/local.yaml", LOCAL)
    program.setup(box)
    anna = MailUser(lab, box, ANNA, PASSWORD)
    with ManageSieve(anna) as editor:
        editor.upload("sorting", SORTING)
        editor.activate("sorting")
    anna.first = message("someone@sender.test", ANNA, "x" * 70 + "\n")
    Stranger(lab, box).deliver(anna.first)
    anna.wait_for(anna.first["Subject"])
    anna.move(anna.first["Subject"], "INBOX", "Spam")
    assert laboratory.wait_for(lambda: learned(box)[0] == 1, 30), "the filter was not trained"
    anna.kept = message("someone@sender.test", ANNA)
    Stranger(lab, box).deliver(anna.kept)
    anna.wait_for(anna.kept["Subject"])
    anna.known = identities(anna)
    box.before = {"directory": directory(box), "keys": keys(box), "learned": learned(box)}
    return anna


def name_next_release(box):
    box.run("sed", "-i", "s/bookworm/trixie/g", "/etc/apt/sources.list")


def test_no_package_of_the_next_release_is_installed_before_the_upgrade(box, used):
    """Its archive is named already, and a recipe wants one more package."""
    own = "/etc/mailinabox/recipes.d/more.yaml"
    box.write(own, "recipe: more\nsummary: one more\nresources:\n  - package: strace\n  - file: /etc/more\n    content: x\n")
    name_next_release(box)
    packages, before = box.run("dpkg-query", "-W").stdout, observe.files(box, ["/etc"])
    try:
        done = program.call(box, "setup")
        assert done.returncode == 3, program.told(done)
        assert "This machine is Debian 12" in done.stderr and "later release: libc6 2.41" in done.stderr, program.told(done)
        assert box.run("dpkg-query", "-W").stdout == packages
        assert observe.differences(before, observe.files(box, ["/etc"])) == []
        assert any("Setup will refuse" in warning for warning in program.plan(box)["warnings"])
    finally:
        box.run("rm", own)


def test_half_an_upgrade_is_refused_untouched(box, used):
    """It ended after the first package."""
    name_next_release(box)
    box.run("apt-get", "-q", "update", timeout=300)
    apt(box, "install", "base-files")
    assert 'VERSION_ID="13"' in box.run("cat", "/etc/os-release").stdout
    before = observe.files(box)
    for command in ("plan", "setup"):
        done = program.call(box, command)
        assert done.returncode == 3, program.told(done)
        assert "This machine is Debian 13" in done.stderr and "dovecot-core 1:2.3" in done.stderr, program.told(done)
        assert "sudo apt update && sudo apt full-upgrade" in done.stderr, program.told(done)
    assert observe.differences(before, observe.files(box)) == []


def test_upgrade_of_the_distribution_goes_through(lab, box, used):
    """With our Dovecot 2.3 settings in place, Dovecot 2.4 does not start, and its package is left half-configured."""
    lab.log("lab: apt-get full-upgrade to Debian 13 ...")
    done = apt(box, "full-upgrade", check=False)
    assert 'VERSION_ID="13"' in box.run("cat", "/etc/os-release").stdout
    unfinished = box.run("dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n' | grep -v '^[ir][ic]  ' || :").stdout.split()
    assert unfinished in ([], ["iF", "dovecot-core"]), f"{unfinished}\n{program.told(done)}"
    assert "\n0 upgraded, 0 newly installed" in box.run("apt-get", "--simulate", "full-upgrade").stdout


@pytest.fixture(scope="module")
def meanwhile(lab, box, used):
    """Mail that comes between the upgrade and setup."""
    text = message("someone@sender.test", ANNA)
    Stranger(lab, box).deliver(text)
    return text


def test_plan_names_the_release_and_its_changes(box, meanwhile):
    result = program.plan(box)
    assert result["moved"] == {"from": "debian-12", "to": "debian-13"}
    marked = {change["id"] for change in result["changes"] if change.get("new_release") == "Debian 13"}
    assert "file:/etc/dovecot/conf.d/99-mailinabox.conf" in marked, result
    said = program.call(box, "plan")
    assert "This machine was Debian 12 when it was last set up; now it is Debian 13." in said.stderr
    assert "file:/etc/dovecot/conf.d/99-mailinabox.conf  (Debian 13)" in said.stdout


def test_setup_repairs_the_box(lab, box, meanwhile):
    lab.log("lab: setting up Debian 13 ...")
    result = program.setup(box)
    assert (result["result"], result["failed"]) == ("ok", 0)
    assert result["moved"]["to"] == "debian-13"
    box.wait_for_listeners(set_up.LISTENERS)
    assert box.run("dpkg", "--audit").stdout == ""
    assert box.run("systemctl", "--failed", "--no-legend").stdout == ""
    again = program.setup(box)
    assert (again["changed"], again["reloaded"], again["restarted"]) == (0, [], [])
    assert "moved" not in again


def test_nothing_is_lost(lab, box, used, user, meanwhile):
    """Each logs in with the old password, and finds the old mail and what came while there was no Dovecot: Postfix would try
    again within five minutes."""
    box.run("postqueue", "-f")
    assert used.wait_for(meanwhile["Subject"])
    assert used.find(used.first["Subject"], "Spam")
    assert used.find(used.kept["Subject"])
    assert [after[:len(before)] for before, after in zip(used.known, identities(used))] == list(used.known)
    user.imap("INBOX").logout()
    assert {"directory": directory(box), "keys": keys(box), "learned": learned(box)} == box.before
    assert box.run("postconf", "-h", "message_size_limit").stdout == "31337000\n"
    assert box.run("cat", "/etc/local-note").stdout == "port 465 is submissions\n"
    with used.imap("INBOX") as connection:
        quota = b" ".join(part for parts in connection.getquotaroot("INBOX")[1] for part in parts if part)
    assert b"5120" in quota, quota


def mail_and_dns_work(lab, box, used, user, friend):
    bill = message(user.address, "info@example.test", subject="invoice " + message(user.address, ANNA)["Subject"])
    outgoing = message(user.address, "someone@friend.test")
    user.send(bill)
    user.send(outgoing)
    assert used.wait_for(bill["Subject"], "Bills"), "the alias, or the user's filter"
    assert b"DKIM-Signature" in friend.wait_for(outgoing["Subject"])[2]
    question = dns.message.make_query("example.test", "SOA", want_dnssec=True)
    with lab.client(USER_AT):
        answer = dns.query.udp(question, box.address, timeout=5)
    assert {dns.rdatatype.to_text(records.rdtype) for records in answer.answer} == {"SOA", "RRSIG"}, answer
    assert served(lab, box, "www.example.test", "A") == ["192.0.2.80"]


def test_mail_and_dns_work(lab, box, used, user, friend):
    mail_and_dns_work(lab, box, used, user, friend)


def test_no_way_back_to_the_old_release(box, used):
    before = observe.files(box, ["/etc"])
    done = program.call(box, "rollback", "1", "--yes")
    assert done.returncode == 1 and "this machine was Debian 12, and now it is Debian 13" in done.stderr, program.told(done)
    assert observe.differences(before, observe.files(box, ["/etc"])) == []


def test_everything_starts_with_the_machine(lab, box, used, user, friend):
    box.reboot().wait_for_listeners(set_up.LISTENERS)
    assert program.plan(box)["changes"] == []
    assert box.run("systemctl", "--failed", "--no-legend").stdout == ""
    mail_and_dns_work(lab, box, used, user, friend)

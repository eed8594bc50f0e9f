"""Debian 11, the oldest system that can be had, for Ubuntu 18.04: the program of the package makes it a mail server."""

import dns.message
import dns.query
import dns.rdatatype
import pytest

import greylisting
import program
import set_up
from mail_user import USER_AT, MailUser, Stranger, message
from test_protection import test_password_guesser_is_kept_out  # noqa: F401  (by what this release's services log)
from test_tls import PORTS, handshake

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"


@pytest.fixture(scope="module")
def box(lab, unpacked):
    below = lab.program(program=unpacked + "/usr/sbin/mailinabox", share=unpacked + "/usr/share/mailinabox",
                        below=lab.machine("bullseye"))
    with lab.box("bullseye", below, host_name="fresh") as machine:
        machine.start()
        lab.log("lab: setting up Debian 11 ...")
        machine.said = machine.run("mailinabox", "setup", "--json", check=False, env=set_up.ANSWERS,
                                   timeout=set_up.SECONDS)
        yield machine


@pytest.fixture(scope="module")
def user(lab, box):
    return MailUser(lab, box, set_up.ADDRESS, set_up.PASSWORD)


def test_setup_ends_well(box):
    assert box.said.returncode == 0, program.told(box.said)
    result = program.parsed(box.said)
    assert (result["result"], result["failed"]) == ("ok", 0)
    assert 'VERSION_ID="11"' in box.run("cat", "/etc/os-release").stdout
    assert box.run("systemctl", "--failed", "--no-legend").stdout == ""


def test_second_run_changes_nothing(box):
    assert program.plan(box)["changes"] == []
    result = program.setup(box)
    assert (result["changed"], result["reloaded"], result["restarted"]) == (0, [], [])


@pytest.mark.parametrize("port", [465, 587])
def test_submitted_mail_arrives_signed(user, port):
    text = message(user.address, user.address, "Shall we meet at seven?\n")
    user.send(text, port)
    arrived = user.wait_for(text["Subject"])
    assert arrived.get_content().strip() == "Shall we meet at seven?"
    assert "d=example.test" in arrived["DKIM-Signature"]
    assert user.at not in arrived.as_string()


def test_stranger_is_greylisted_first_and_accepted_later(lab, box, user):
    greylisting.shorten(box)
    stranger = Stranger(lab, box)
    code, said = stranger.try_recipient("someone@sender.test", user.address)
    assert code == 450 and "greylist" in said.lower(), (code, said)
    text = message("someone@sender.test", user.address, "The report is attached to my next message.\n")
    stranger.deliver(text)
    arrived = user.wait_for(text["Subject"])
    assert arrived["X-Spam-Status"].startswith("No")
    assert any("dmarc=" in header for header in arrived.get_all("Authentication-Results")), arrived.as_string()


def test_spam_goes_to_the_spam_folder(lab, box, user):
    text = message("someone@sender.test", user.address, GTUBE)
    Stranger(lab, box).deliver(text)
    assert user.wait_for(text["Subject"], "Spam")


def test_zone_is_served_signed(lab, box):
    question = dns.message.make_query("example.test", "SOA", want_dnssec=True)
    with lab.client(USER_AT):
        answer = dns.query.udp(question, box.address, timeout=5)
    assert {dns.rdatatype.to_text(records.rdtype) for records in answer.answer} == {"SOA", "RRSIG"}, answer


def test_rules_of_the_spam_filter_are_kept_up_to_date(box):
    """There is no timer here: the package's daily job does it, if it is told to."""
    box.run("test", "-x", "/etc/cron.daily/spamassassin")
    assert box.run("sh", "-c", ". /etc/default/spamassassin; echo $CRON").stdout == "1\n"


@pytest.mark.parametrize("port", PORTS)
def test_old_protocols_are_refused(lab, box, port):
    """Postfix has other words for it than in later releases, and OpenSSL 1.1 refuses nothing by itself."""
    for version in ("-tls1", "-tls1_1"):
        agreed, said = handshake(lab, box, port, version, "-cipher", "ALL:@SECLEVEL=0")
        assert agreed == "", said
    for version in ("-tls1_2", "-tls1_3"):
        agreed, said = handshake(lab, box, port, version)
        assert agreed.startswith("TLSv1"), said


def test_everything_starts_with_the_machine(box):
    box.reboot()
    box.wait_for_listeners(set_up.LISTENERS)
    assert program.plan(box)["changes"] == []

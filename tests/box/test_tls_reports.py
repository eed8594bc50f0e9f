"""Reports to other domains about TLS with their mail servers (RFC 8460), where Postfix tells about it."""

import email
import email.policy
import json
import re
import sqlite3
import ssl
import subprocess
import time

import pytest

import lab as laboratory
import program
import set_up
import web_server
from mail_user import SENDER_AT, OtherServer, message
from policy_host import POLICY, policy_host  # noqa: F401

SECONDS = 60
ACCOUNT = "mailinabox-tls-reports"
DATABASE = f"/var/lib/{ACCOUNT}/reports.sqlite"
SOCKET = set_up.SPOOL + "/tls-reports/tls-reports.sock"
OVERRIDE = "/etc/mailinabox/recipes.d/tls-reports.yaml"
CRON = "/etc/cron.d/mailinabox-tls-reports"
RUA = "tls@sender.test"


@pytest.fixture(scope="module")
def wanted(lab, box):
    """friend.test asks for reports, which another domain's server takes."""
    lab.name_server.publish("_smtp._tls.friend.test", "TXT", f"v=TLSRPTv1; rua=mailto:{RUA}")
    laboratory.wait_for(lambda: box.run("test", "-S", SOCKET, check=False).returncode == 0, SECONDS)
    yield
    lab.name_server.records.pop(("_smtp._tls.friend.test.", "TXT"))


@pytest.fixture
def certificate(tmp_path):
    """A server's context with a certificate that nobody knows."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=friend.test",
                    "-keyout", "key.pem", "-out", "certificate.pem"], check=True, capture_output=True, cwd=tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    return context


def rows(box, statement):
    """What the box's database says, and what it is made to say. The service has it open."""
    database = sqlite3.connect(box.path(DATABASE), timeout=10)
    database.execute("PRAGMA foreign_keys = ON")  # with a report goes all that it says
    with database:
        found = database.execute(statement).fetchall()
    database.close()
    return found


def counts(box):
    """(successes, failures) of each policy."""
    return rows(box, "SELECT successes, failures FROM policies")


def wait_for_counts(box, expected):
    assert laboratory.wait_for(lambda: counts(box) == expected, SECONDS), \
        f"{counts(box)} instead of {expected}: " + box.run("grep TLSRPT /var/log/mail.log", check=False).stdout


def observe(box, domain, record):
    """As if Postfix had seen a session with a mail server of the domain, which has that record."""
    datagram = json.dumps({"dpv": "1", "d": domain, "pr": record, "policies": [{"policy-type": 9, "t": 0, "f": 0}]})
    box.run("perl", "-MSocket", "-e", "socket(S, AF_UNIX, SOCK_DGRAM, 0); "
            f"send(S, <STDIN>, 0, sockaddr_un('{SOCKET}')) or die $!", input=datagram)


def send_as_cron_does(box):
    """The command in cron's table, as its user. Nothing may be printed: cron would mail it."""
    line = next(line for line in box.read(CRON).splitlines() if " mailinabox tls-reports send " in line)
    user, command = re.fullmatch(r"(?:\S+ ){5}(\S+) (.*)", line).groups()
    done = box.run("runuser", "-u", user, "--", "sh", "-c", command)
    assert done.stdout + done.stderr == ""


def reported(content):
    """What a report says, from the message that brings it."""
    part = list(email.message_from_bytes(content, policy=email.policy.default).iter_parts())[1]
    assert part.get_content_type() == "application/tlsrpt+json"
    return json.loads(part.get_content())


def days_go_by(box, days):
    rows(box, f"UPDATE reports SET day = day - {days}")


def test_report_of_what_was_observed_reaches_the_domain(lab, box, user, wanted, certificate):
    assert rows(box, "SELECT * FROM reports") == []
    with OtherServer(lab, tls=certificate) as friend:
        for _ in range(2):
            text = message(user.address, "pal@friend.test")
            user.send(text)
            friend.wait_for(text["Subject"])
    # Postfix tells of a session of TLS only when it is new.
    wait_for_counts(box, [(1, 0)])
    with OtherServer(lab, tls=OtherServer.BROKEN_TLS):
        user.send(message(user.address, "pal@friend.test"))
        wait_for_counts(box, [(1, 1)])
    box.run("postsuper", "-d", "ALL")  # it would go in the clear after five minutes, as the domain has no policy

    day = int(time.time()) // 86400
    assert rows(box, "SELECT day, domain FROM reports") in ([(day, "friend.test")], [(day - 1, "friend.test")])
    with OtherServer(lab, at=SENDER_AT) as receiver:
        send_as_cron_does(box)  # today is not over
        assert receiver.received == [] and len(rows(box, "SELECT * FROM reports")) == 1
        days_go_by(box, 2)
        send_as_cron_does(box)
        assert laboratory.wait_for(lambda: receiver.received, SECONDS), box.run("mailq").stdout
        send_as_cron_does(box)
        assert box.run("mailq").stdout.strip() == "Mail queue is empty"
    assert len(receiver.received) == 1
    assert rows(box, "SELECT * FROM reports") == []

    sender, recipients, content = receiver.received[0]
    assert (sender, recipients) == ("administrator@" + set_up.HOST_NAME, [RUA])
    report = email.message_from_bytes(content, policy=email.policy.default)
    assert report["From"] == "administrator@" + set_up.HOST_NAME
    assert report["TLS-Report-Domain"] == "friend.test"
    assert report["TLS-Report-Submitter"] == set_up.HOST_NAME
    assert re.search(r"\bd=" + re.escape(set_up.HOST_NAME) + ";", report["DKIM-Signature"])
    assert report.get_content_type() == "multipart/report" and report.get_param("report-type") == "tlsrpt"
    told = reported(content)
    assert re.fullmatch(re.escape(f"Report Domain: friend.test Submitter: {set_up.HOST_NAME} Report-ID: <")
                        + re.escape(told["report-id"]) + ">", " ".join(report["Subject"].split()))
    assert told["organization-name"] == set_up.HOST_NAME
    assert told["date-range"]["start-datetime"].endswith("T00:00:00Z")
    assert len(told["policies"]) == 1
    policy = told["policies"][0]
    assert policy["policy"] == {"policy-type": "no-policy-found", "policy-domain": "friend.test"}
    assert policy["summary"] == {"total-successful-session-count": 1, "total-failure-session-count": 1}
    failure, = policy["failure-details"]
    assert failure["result-type"] == "validation-failure" and failure["failed-session-count"] == 1
    assert failure["sending-mta-ip"] == box.address and failure["receiving-mx-hostname"] == "friend.test"


def test_report_about_a_report_is_never_made(lab, box, user, wanted, certificate):
    """A domain that wants reports at its own server: that the report arrives is not reported."""
    lab.name_server.publish("_smtp._tls.sender.test", "TXT", "v=TLSRPTv1; rua=mailto:tls@sender.test")
    try:
        observe(box, "sender.test", "v=TLSRPTv1; rua=mailto:tls@sender.test")
        wait_for_counts(box, [(1, 0)])
        days_go_by(box, 2)
        with OtherServer(lab, at=SENDER_AT, tls=certificate) as receiver:
            send_as_cron_does(box)
            assert laboratory.wait_for(lambda: receiver.received, SECONDS), box.run("mailq").stdout
        # Other mail to such a domain is reported: what would have been told before has been counted by then.
        with OtherServer(lab, tls=certificate) as friend:
            text = message(user.address, "pal@friend.test")
            user.send(text)
            friend.wait_for(text["Subject"])
        wait_for_counts(box, [(1, 0)])
        assert rows(box, "SELECT domain FROM reports") == [("friend.test",)]
    finally:
        lab.name_server.records.pop(("_smtp._tls.sender.test.", "TXT"))
        rows(box, "DELETE FROM reports")


def test_only_postfix_reaches_the_collector(box, wanted):
    ask = ["perl", "-MSocket", "-e", "socket(S, AF_UNIX, SOCK_DGRAM, 0); "
           f"send(S, 'nonsense', 0, sockaddr_un('{SOCKET}')) or die $!"]
    refused = box.run("runuser", "-u", "www-data", "--", *ask, check=False)
    assert "Permission denied" in refused.stderr
    box.run("runuser", "-u", "postfix", "--", *ask)
    log = "journalctl -u mailinabox-tls-reports --no-pager -o cat"
    assert laboratory.wait_for(lambda: "not valid JSON" in box.run(log).stdout, SECONDS), box.run(log).stdout
    assert box.run("systemctl is-active mailinabox-tls-reports").stdout.strip() == "active"


def test_mail_goes_on_without_the_collector(lab, box, user, wanted, certificate):
    box.run("systemctl", "stop", "mailinabox-tls-reports")
    try:
        with OtherServer(lab, tls=certificate) as friend:
            text = message(user.address, "pal@friend.test")
            user.send(text)
            friend.wait_for(text["Subject"])
        assert rows(box, "SELECT * FROM reports") == []
    finally:
        box.run("systemctl", "start", "mailinabox-tls-reports")


def test_it_can_be_switched_off_and_on(box, wanted):
    box.run("mkdir", "-p", "/etc/mailinabox/recipes.d")
    box.write(OVERRIDE, 'recipe: tls-reports\nvariables: {send: ""}\n')
    program.setup(box)
    assert box.run("postconf", "-h", "smtp_tlsrpt_enable").stdout.strip() == "no"
    assert box.run("systemctl", "is-active", "mailinabox-tls-reports", check=False).stdout.strip() == "inactive"
    assert box.run("test", "-e", CRON, check=False).returncode == 1
    assert program.plan(box)["changes"] == []
    box.run("rm", OVERRIDE)
    program.setup(box)
    assert box.run("postconf", "-h", "smtp_tlsrpt_enable").stdout.strip() == "yes"
    assert box.run("systemctl", "is-active", "mailinabox-tls-reports").stdout.strip() == "active"
    assert program.plan(box)["changes"] == []


def test_the_domains_policy_is_in_the_report(lab, box, user, wanted, certificate, policy_host):  # noqa: F811
    """MTA-STS: which policy the box followed, and what it did not accept."""
    rows(box, "DELETE FROM reports")
    with OtherServer(lab, tls=policy_host.server("friend.test")) as friend:
        text = message(user.address, "pal@friend.test")
        user.send(text)
        friend.wait_for(text["Subject"])
    wait_for_counts(box, [(1, 0)])
    with OtherServer(lab, tls=certificate) as friend:  # of nobody that the box knows
        user.send(message(user.address, "pal@friend.test"))
        wait_for_counts(box, [(1, 1)])
        assert friend.received == []
    box.run("postsuper", "-d", "ALL")
    days_go_by(box, 2)
    with OtherServer(lab, at=SENDER_AT) as receiver:
        send_as_cron_does(box)
        assert laboratory.wait_for(lambda: receiver.received, SECONDS), box.run("mailq").stdout
    policy, = reported(receiver.received[0][2])["policies"]
    assert sorted(policy["policy"].pop("policy-string")) == sorted(POLICY.splitlines())
    assert policy["policy"] == {"policy-type": "sts", "policy-domain": "friend.test", "mx-host": ["friend.test"]}
    assert policy["summary"] == {"total-successful-session-count": 1, "total-failure-session-count": 1}
    assert [failure["failure-reason-code"] for failure in policy["failure-details"]] == ["self-signed_certificate"]


class Receiver(web_server.Handler):
    """Takes reports at a web address."""
    received = []

    def do_POST(self):  # noqa: N802
        self.received.append((self.path, self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(201)
        self.end_headers()


def test_report_goes_to_a_web_address(lab, box, wanted, policy_host):  # noqa: F811
    name = "reports.sender.test"
    lab.name_server.publish(name, "A", SENDER_AT)
    rows(box, "DELETE FROM reports")
    observe(box, "sender.test", f"v=TLSRPTv1; rua=https://{name}/tls")
    wait_for_counts(box, [(1, 0)])
    with web_server.serving(lab.client(SENDER_AT), (SENDER_AT, 443), Receiver, policy_host.server(name)):
        days_go_by(box, 2)
        send_as_cron_does(box)
    assert rows(box, "SELECT * FROM reports") == []
    (path, content_type, content), = Receiver.received
    assert (path, content_type) == ("/tls", "application/tlsrpt+json")
    told = json.loads(content)
    assert told["organization-name"] == set_up.HOST_NAME
    assert [policy["policy"]["policy-domain"] for policy in told["policies"]] == ["sender.test"]

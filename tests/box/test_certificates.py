"""Certificates from an authority: had, renewed, refused, and what happens if the authority fails. Mail goes on meanwhile."""

import contextlib
import datetime
import re
import ssl
import subprocess

import dns.message
import dns.query
import pytest

import lab as laboratory
import namespaces
import pebble
import program
import set_up
from mail_user import USER_AT
from certificate_world import (APART, AUTHORITY_FILE, ELSEWHERE, ELSEWHERE_AT, PORTS, REFUSED, SERVED, STORE, changes, due,
                               forget_certificates, grow_old, know, names_in, presented, status_of, time_left, time_passes, tls,
                               trusted, turn_to)
from certificate_world import authority, box, traffic  # noqa: F401  fixtures

HOST = set_up.HOST_NAME
# certbot says an authority's errors in one way on Debian 12 and in another on 13.
both_releases = pytest.mark.releases("bookworm", "trixie")
MAIL_NAME = "mail.example.test"
ACCOUNTS = STORE + "/lets_encrypt/accounts"


@pytest.fixture(scope="module")
def first(box, traffic):  # noqa: F811
    """What the setup said that has made the box known to the authority."""
    assert program.call(box, "dns", "set", MAIL_NAME, "A", box.address).returncode == 0
    return turn_to(box)


@pytest.fixture(autouse=True)
def provisioned(first, traffic):  # noqa: F811
    """Each test finds a box with certificates; and no connection was refused, no session lost in it."""
    known = len(traffic.complaints)
    yield
    assert traffic.complaints[known:] == []


def is_new(certificate):
    return datetime.timedelta(days=89) < time_left(certificate) < datetime.timedelta(days=90)


def orders_of(authority, work):  # noqa: F811
    """How many orders the authority got during `work()`."""
    before = authority.orders()
    work()
    return authority.orders() - before


def asked(lab, name, kind):
    """What the world's DNS answers."""
    with lab.client("198.51.100.101"):
        answer = dns.query.udp(dns.message.make_query(name, kind), namespaces.NAME_SERVER, timeout=10)
    return [item.to_text() for part in answer.answer for item in part]


@pytest.mark.parametrize("port", PORTS)
def test_setup_ends_with_a_certificate_that_everybody_trusts(lab, box, authority, port):  # noqa: F811
    certificate = trusted(lab, box, authority, port, HOST)
    assert HOST in names_in(certificate) and is_new(certificate)


def test_setup_says_so(first):
    assert "Pebble" in first, first


def test_every_name_that_leads_here_has_one(lab, box, authority):  # noqa: F811
    told = tls(box, "status", "--json")
    names = {entry["name"]: entry for entry in told["names"]}
    assert {HOST, "example.test", "www.example.test", "mta-sts.example.test"} <= set(names)
    for name, entry in names.items():
        assert entry["status"] == "success" and "problem" not in entry, entry
        assert "Pebble Intermediate CA" in entry["signed_by"] and entry["file"].startswith(STORE + "/"), entry
        certificate = trusted(lab, box, authority, 443, name)
        until = datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), datetime.timezone.utc)
        assert entry["valid_until"] == until.strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = tls(box, "status")
    assert all(name in shown for name in names) and "Pebble" in shown


@pytest.mark.parametrize("port", [25, 587, 993])
def test_mail_programs_find_the_domains_own_name(lab, box, authority, port):  # noqa: F811
    assert MAIL_NAME in names_in(trusted(lab, box, authority, port, MAIL_NAME))
    assert box.run("doveconf", "-n").stderr == ""


def test_files_are_those_of_existing_boxes(box):  # noqa: F811
    entry = status_of(box, HOST)
    until = entry["valid_until"][:10].replace("-", "")
    assert re.fullmatch(rf"{STORE}/[a-z.]+-{until}-[0-9a-f]{{8}}\.pem", entry["file"]), entry
    assert entry["key"] == STORE + "/ssl_private_key.pem"
    assert box.run("stat", "-c", "%U:%G %a", f"{SERVED}/{HOST}.pem", SERVED).stdout.split() == ["root:root", "600",
                                                                                             "root:root", "700"]
    text = box.read(f"{SERVED}/{HOST}.pem")
    assert text.count("BEGIN CERTIFICATE") == 2 and text.count("PRIVATE KEY-----") == 2
    assert box.run("find", ACCOUNTS, "-name", "regr.json").stdout.count("\n") == 1


def test_nobody_is_asked_while_nothing_is_due(box, authority):  # noqa: F811
    def look():
        assert {one["result"] for one in tls(box, "provision", "--json")["requests"]} == {"skipped"}
        assert due(box) == ""

    assert orders_of(authority, look) == 0
    assert program.plan(box)["changes"] == []


@both_releases
def test_names_that_cannot_be_had_keep_the_others_from_nothing(lab, box, authority):  # noqa: F811
    """One that the world leads to another machine, one that the authority refuses, and one that it does not find here."""
    for domain in ("fine.test", REFUSED, ELSEWHERE, APART):
        done = program.call(box, "user", "add", "me@" + domain, input=set_up.PASSWORD + "\n")
        assert done.returncode == 0, program.told(done)
    box.run("getent", "ahostsv4", APART)  # the box remembers this address
    lab.name_server.publish(APART, "A", ELSEWHERE_AT)
    requests = tls(box, "provision", "--json", code=1)["requests"]
    lab.name_server.publish(APART, "A", box.address)
    results = {name: (one["result"], " ".join(one["log"])) for one in requests for name in one["domains"]}
    assert results["fine.test"][0] == results["www.fine.test"][0] == "installed", results
    assert names_in(trusted(lab, box, authority, 443, "fine.test")) == {name for name in results if name.endswith("fine.test")
                                                                       and results[name][0] == "installed"}
    expected = {REFUSED: ("error", "forbidden by policy"), APART: ("error", ELSEWHERE_AT), ELSEWHERE: ("skipped", ELSEWHERE_AT)}
    shown = tls(box, "status")
    for name, (result, reason) in expected.items():
        assert results[name][0] == result and reason in results[name][1], results[name]
        entry = status_of(box, name)
        assert reason in entry["problem"] and "signed_by" not in entry, entry
        assert f"\n{name}\n  {entry['text']}\n  {entry['problem']}\n" in "\n" + shown, shown
    assert box.address in results[ELSEWHERE][1] and ELSEWHERE not in authority.log()
    # By itself the box does not ask again at once; who asks by hand need not wait.
    assert orders_of(authority, lambda: due(box)) == 0
    assert tls(box, "provision", APART, "--json")["requests"][0]["result"] == "installed"
    for domain in (REFUSED, APART):
        assert program.call(box, "user", "remove", "me@" + domain).returncode == 0


@contextlib.contextmanager
def port_80_closed(box):  # noqa: F811
    """For the authority, as routers and providers do it for the world."""
    rule = ("INPUT", "-s", pebble.ADDRESS, "-p", "tcp", "--dport", "80", "-j", "REJECT", "--reject-with", "tcp-reset")
    box.run("iptables", "-I", *rule)
    try:
        yield
    finally:
        box.run("iptables", "-D", *rule)


@both_releases
def test_where_port_80_is_closed_the_boxs_own_name_server_vouches(lab, box, authority):  # noqa: F811
    def ask():
        """A new certificate is served afterwards."""
        old = presented(lab, box, 443, "fine.test")
        forget_certificates(box, "fine.test")
        request = next(one for one in tls(box, "provision", "--json")["requests"] if "fine.test" in one["domains"])
        assert request["result"] == "installed" and changes(lab, box, 443, "fine.test", old), request
        assert names_in(trusted(lab, box, authority, 443, "fine.test")) == set(request["domains"])
        return " ".join(request["log"])

    with port_80_closed(box):
        said = ask()
        assert "Validated by DNS" in said and "port 80" in said and "connection: " in said, said
        assert "port 80" in status_of(box, "fine.test")["note"]
        # The next time it is not asked for in the way that fails.
        assert orders_of(authority, ask) == 1
    tls(box, "provision", "fine.test")  # nothing is due; but who asks by name has perhaps opened the port
    assert "Validated by DNS" not in ask()
    assert "note" not in status_of(box, "fine.test")
    assert asked(lab, "_acme-challenge.fine.test", "TXT") == [], "the authority's record is still there"


def test_wildcard_through_the_boxs_own_name_server(lab, box, authority):  # noqa: F811
    name = "*.example.test"
    request, = tls(box, "provision", name, "--json")["requests"]
    assert request["domains"] == [name] and request["result"] == "installed", request
    file, = box.run("find", STORE, "-maxdepth", "1", "-name", "%2A.example.test-*.pem").stdout.split()
    text = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName", "-issuer"], input=box.read(file), text=True,
                          capture_output=True, check=True).stdout
    assert "DNS:*.example.test" in text and "Pebble" in text
    assert asked(lab, "_acme-challenge.example.test", "TXT") == [], "the authority's record is still there"
    # A name that only this fits.
    done = program.call(box, "user", "add", "me@new.example.test", input=set_up.PASSWORD + "\n")
    assert done.returncode == 0, program.told(done)
    certificate = trusted(lab, box, authority, 443, "new.example.test", lambda one: names_in(one) == {name})
    assert names_in(certificate) == {name}
    assert program.call(box, "user", "remove", "me@new.example.test").returncode == 0
    # With it, names that are about to need a certificate need none.
    tls(box, "remove", name)


def test_wildcard_of_a_zone_that_others_serve(box, authority):  # noqa: F811
    def ask():
        request, = tls(box, "provision", "*." + ELSEWHERE, "--json")["requests"]
        assert request["result"] == "skipped" and "does not ask this box" in request["log"][0], request

    assert orders_of(authority, ask) == 0


@pytest.mark.parametrize("lifetime", [90, 6])
def test_renewal_when_a_third_of_the_lifetime_is_left(lab, box, authority, lifetime):  # noqa: F811
    old = grow_old(lab, box, authority, HOST, lifetime * 0.6, lifetime)
    assert orders_of(authority, lambda: due(box)) == 0
    assert presented(lab, box, 443, HOST) == old
    grow_old(lab, box, authority, HOST, lifetime * 0.7, lifetime)
    assert due(box) == ""
    for port in PORTS:
        assert is_new(trusted(lab, box, authority, port, HOST, is_new)), port


def test_authority_that_is_down(lab, box, authority):  # noqa: F811
    old = grow_old(lab, box, authority, HOST, 65, 90)
    authority.go_away()
    try:
        said = tls(box, "provision", HOST, code=1)
        assert pebble.NAME in said and re.search("refused", said, re.I), said
        time_passes(box, hours=2)
        said = due(box)  # the second failure in a row
        assert HOST in said and pebble.NAME in said, said
        assert due(box) == ""  # not tried
    finally:
        authority.come_back()
    assert presented(lab, box, 443, HOST) == presented(lab, box, 25, HOST) == old
    assert orders_of(authority, lambda: due(box)) == 0  # it waits by itself
    time_passes(box, hours=3)
    assert due(box) == ""
    assert changes(lab, box, 443, HOST, old)
    assert "problem" not in status_of(box, HOST)


def test_first_failure_is_nothing_to_write_of(lab, box, authority):  # noqa: F811
    """Until less than a sixth of the lifetime is left."""
    for age, silent in ((65, True), (80, False)):
        old = grow_old(lab, box, authority, HOST, age, 90)
        authority.go_away()
        try:
            assert (due(box) == "") == silent
        finally:
            authority.come_back()
        assert presented(lab, box, 993, HOST) == old
        tls(box, "provision", HOST)  # who asks by hand need not wait


@both_releases
def test_rate_limit_is_kept(lab, box, authority):  # noqa: F811
    old = grow_old(lab, box, authority, HOST, 65, 90)
    authority.retry_after = 4 * 3600
    try:
        said = tls(box, "provision", code=1)  # all names of the zone: others would be asked for
    finally:
        authority.retry_after = None
    assert "rateLimited" in said and "too many certificates already issued" in said, said
    time_passes(box, hours=3)  # longer than it would wait by itself
    assert orders_of(authority, lambda: due(box)) == 0
    assert presented(lab, box, 443, HOST) == old
    time_passes(box, hours=2)
    assert due(box) == ""
    assert changes(lab, box, 443, HOST, old)


@both_releases
def test_authority_that_wants_to_be_left_alone(lab, box, authority):  # noqa: F811
    """It is asked for no other name either."""
    old = grow_old(lab, box, authority, HOST, 65, 90)
    authority.maintenance, authority.retry_after = True, 4 * 3600
    try:
        said = tls(box, "provision", HOST, code=1)
    finally:
        authority.maintenance, authority.retry_after = False, None
    assert "serverInternal: down for maintenance" in said, said
    other = presented(lab, box, 443, "fine.test")
    forget_certificates(box, "fine.test")
    time_passes(box, hours=3)
    assert orders_of(authority, lambda: due(box)) == 0
    time_passes(box, hours=2)
    assert due(box) == ""
    assert changes(lab, box, 443, HOST, old) and changes(lab, box, 443, "fine.test", other)
    for name in (HOST, "fine.test"):
        assert is_new(trusted(lab, box, authority, 443, name, is_new))


def test_servers_tell_that_a_certificate_is_not_revoked_where_the_authority_says_so(lab, box, authority):  # noqa: F811
    def stapled():
        with lab.client(USER_AT):
            done = subprocess.run(["openssl", "s_client", "-connect", box.address + ":443", "-servername", HOST, "-status"],
                                  stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=30)
        return done.stdout

    def configured():
        return box.run("grep", "-c", "ssl_stapling on", f"/etc/nginx/mailinabox/sites/{HOST}.conf", check=False).stdout.strip()

    assert "OCSP response: no response sent" in stapled() and configured() == "0"
    with authority.revocation_server():
        grow_old(lab, box, authority, HOST, 1, 90, revocation=True)
        assert laboratory.wait_for(lambda: "Cert Status: good" in stapled(), 30), stapled()
    forget_certificates(box, HOST)
    tls(box, "provision", HOST)
    assert configured() == "0"  # where nothing is offered, nginx would warn of it at every start


def test_killed_between_order_and_certificate(lab, box, authority):  # noqa: F811
    old = grow_old(lab, box, authority, HOST, 65, 90)
    came, may_go_on = authority.hold("/certZ/")
    with subprocess.Popen(box.command(["mailinabox", "tls", "provision", HOST]), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            assert came.wait(60), authority.log()[-3000:]
            box.run("kill -9 $(pgrep -x 'mailinabox|certbot')")
        finally:
            may_go_on.set()
    assert run.returncode != 0
    assert presented(lab, box, 443, HOST) == old
    tls(box, "provision", HOST)
    assert changes(lab, box, 443, HOST, old) and is_new(trusted(lab, box, authority, 25, HOST, is_new))


def test_killed_between_certificate_and_installation(lab, box, authority):  # noqa: F811
    """What the authority has given is not asked for again."""
    old = grow_old(lab, box, authority, HOST, 65, 90)
    box.run("mv /usr/bin/certbot /root/certbot")
    box.write("/usr/bin/certbot", '#!/bin/sh\n/root/certbot "$@"\nkill -9 $PPID\n', 0o755)
    try:
        assert orders_of(authority, lambda: program.call(box, "tls", "provision")) == 1
    finally:
        box.run("mv /root/certbot /usr/bin/certbot")
    assert presented(lab, box, 443, HOST) == old
    assert orders_of(authority, lambda: due(box)) == 0
    assert changes(lab, box, 443, HOST, old) and is_new(trusted(lab, box, authority, 25, HOST, is_new))


def test_certificates_for_six_days_of_an_authority_that_knows_its_customers(lab, box, authority):  # noqa: F811
    """With external account binding (RFC 8555 section 7.3.4)."""
    key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    box.run("rm", "-r", ACCOUNTS)
    forget_certificates(box)
    authority.begin(seconds=6 * pebble.DAY, accounts={"customer-1": key})
    know(box, authority)
    box.write("/root/key", key + "\n", 0o600)
    said = turn_to(box, ACME_EAB_KID="customer-1", ACME_EAB_KEY_FILE="/root/key", ACME_EMAIL="someone@example.com")
    assert key not in said and box.run("grep", "-rlF", key, "/var/log", "/etc", "/var/lib/mailinabox", check=False).stdout == ""
    for name in (HOST, "example.test"):
        left = time_left(trusted(lab, box, authority, 443, name))
        assert datetime.timedelta(days=5) < left < datetime.timedelta(days=6)
        assert status_of(box, name)["status"] == "success"
    assert orders_of(authority, lambda: due(box)) == 0
    assert program.call(box, "setup", env={"ACME_CA_FILE": AUTHORITY_FILE}).returncode == 0
    assert orders_of(authority, lambda: due(box)) == 0


def test_mail_went_on_all_the_time(traffic):  # noqa: F811
    before = traffic.visits
    assert laboratory.wait_for(lambda: traffic.visits >= before + 2, 30), "it does not go on now"
    assert traffic.complaints == []

"""The box as the name server of its domains."""

import os
import re
import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.zone
import pytest

import program
import set_up

pytestmark = pytest.mark.releases("bookworm", "trixie")

STRANGER = "198.51.100.101"
SECONDARY = "198.51.100.77"
HOST = set_up.HOST_NAME
ZONE = set_up.ADDRESS.split("@")[1]
NEW_DOMAIN = "second.test"
ZONES = "/etc/nsd/zones"


def asked(lab, box, name, kind, **options):
    """What the box's name server says to the world."""
    with lab.client(STRANGER):
        return dns.query.udp_with_fallback(dns.message.make_query(name, kind, **options), box.address, timeout=10)[0]


def values(lab, box, name, kind):
    answer = asked(lab, box, name, kind)
    return sorted(str(record) for group in answer.answer for record in group)


def serial(lab, box, zone=ZONE):
    return int(values(lab, box, zone, "SOA")[0].split()[2])


def files(box):
    return {name: (box.read(f"{ZONES}/{name}"), os.stat(box.path(f"{ZONES}/{name}")).st_mtime_ns)
            for name in sorted(os.listdir(box.path(ZONES)))}


def dns_command(box, *words):
    done = program.call(box, "dns", *words)
    assert done.returncode == 0, program.told(done)
    return done.stdout


@pytest.fixture
def second_domain(box):
    """A user of another domain, for one test."""
    done = program.call(box, "user", "add", f"me@{NEW_DOMAIN}", "--password-stdin", input="a-good-password\n")
    assert done.returncode == 0, program.told(done)
    yield done.stdout
    if f"me@{NEW_DOMAIN}" in program.call(box, "user", "list").stdout:
        assert program.call(box, "user", "remove", f"me@{NEW_DOMAIN}").returncode == 0


def test_the_zone_is_served_signed_and_right(lab, box):
    answer = asked(lab, box, ZONE, "MX", want_dnssec=True)
    assert answer.flags & dns.flags.AA
    assert [f"10 {HOST}."] == [str(record) for record in answer.answer[0]]
    assert any(group.rdtype == dns.rdatatype.RRSIG for group in answer.answer), "the answer is not signed"
    assert values(lab, box, f"_25._tcp.{HOST}", "TLSA")[0].startswith("3 1 1 ")
    assert any(value.startswith('"v=DKIM1;') for value in values(lab, box, f"mail._domainkey.{ZONE}", "TXT"))
    assert asked(lab, box, "example.net", "A").rcode() == dns.rcode.REFUSED, "it answers for others' domains"
    for name in os.listdir(box.path(ZONES)):
        if name.endswith(".signed"):
            done = subprocess.run(["ldns-verify-zone", box.path(f"{ZONES}/{name}")], capture_output=True, text=True,
                                  check=False)
            assert done.returncode == 0, done.stdout + done.stderr
    digests = [line.split()[5:7] for line in box.read(f"{ZONES}/{ZONE}.txt.ds").splitlines()]
    assert sorted(digest for _, digest in digests) == ["2", "4"]


def test_a_new_domain_touches_no_other_zone(lab, box, second_domain):
    assert f"updated DNS: {NEW_DOMAIN}" in second_domain
    assert values(lab, box, NEW_DOMAIN, "MX") == [f"10 {HOST}."]
    before = files(box)
    assert dns_command(box, "update").strip() == "" or "nothing" in dns_command(box, "update").lower()
    assert files(box) == before, "an unchanged zone keeps its bytes"
    told = program.call(box, "user", "remove", f"me@{NEW_DOMAIN}")
    assert told.returncode == 0, program.told(told)
    assert asked(lab, box, NEW_DOMAIN, "MX").rcode() == dns.rcode.REFUSED, "the zone of a domain that has gone is served"
    stay = {name: content for name, content in before.items() if not name.startswith(NEW_DOMAIN + ".txt.")}
    assert files(box) == stay, "of the zone that has gone, the unsigned file stays, for its serial number"


def test_own_records(lab, box):
    before = serial(lab, box)
    assert f"updated DNS: {ZONE}" in dns_command(box, "set", f"shop.{ZONE}", "A", "203.0.113.9")
    assert values(lab, box, f"shop.{ZONE}", "A") == ["203.0.113.9"]
    assert serial(lab, box) > before, "secondary servers would not notice"
    assert "(Set by user.)" in dns_command(box, "show", ZONE)
    dns_command(box, "add", f"shop.{ZONE}", "A", "203.0.113.10")
    assert values(lab, box, f"shop.{ZONE}", "A") == ["203.0.113.10", "203.0.113.9"]
    dns_command(box, "remove", f"shop.{ZONE}", "A")
    assert asked(lab, box, f"shop.{ZONE}", "A").rcode() == dns.rcode.NXDOMAIN
    refused = program.call(box, "dns", "set", f"shop.{ZONE}", "A", "not-an-address")
    assert refused.returncode == 1 and "not-an-address" in refused.stderr, program.told(refused)


def test_what_a_hand_edited_file_breaks_is_named_and_left_out(lab, box):
    path = f"{set_up.STORAGE}/dns/custom.yaml"
    box.write(path, f"good.{ZONE}:\n  A: 203.0.113.11\nbad.{ZONE}:\n  A: 203.0.113.999\n")
    try:
        done = program.call(box, "dns", "update")
        assert re.search(re.escape(path) + r":4:\d+", done.stderr), program.told(done)
        assert values(lab, box, f"good.{ZONE}", "A") == ["203.0.113.11"]
        assert values(lab, box, ZONE, "MX") == [f"10 {HOST}."]
    finally:
        box.run("rm", path)
        dns_command(box, "update")


def test_zones_are_given_to_the_listed_only(lab, box):
    def transferred(address):
        with lab.client(address):
            return dns.zone.from_xfr(dns.query.xfr(box.address, ZONE, timeout=10, lifetime=20))

    with pytest.raises(Exception, match="REFUSED"):
        transferred(STRANGER)
    dns_command(box, "secondary", f"xfr:{SECONDARY}")
    try:
        assert len(transferred(SECONDARY).nodes) > 10
        with pytest.raises(Exception, match="REFUSED"):
            transferred(STRANGER)
    finally:
        dns_command(box, "secondary", "none")
    with pytest.raises(Exception, match="REFUSED"):
        transferred(SECONDARY)


@pytest.mark.releases("bookworm")
def test_signatures_are_renewed_in_time(lab, box):
    """As the nightly run does it; only time is made up, by a library: not for the package's program, which loads none."""
    def ends():
        answer = asked(lab, box, ZONE, "SOA", want_dnssec=True)
        return max(record.expiration for group in answer.answer for record in group
                   if group.rdtype == dns.rdatatype.RRSIG)

    box.run("apt-get update; apt-get install -y faketime", timeout=120)
    first, number = ends(), serial(lab, box)
    box.run("faketime", "+18 days", "mailinabox", "dns", "update")
    assert ends() == first
    box.run("faketime", "+22 days", "mailinabox", "dns", "update")
    assert ends() > first + 20 * 86400
    assert serial(lab, box) > number
    program.setup(box)  # the clock is right again: signatures that are not valid yet are made again
    assert ends() < first + 2 * 86400


def test_the_nightly_run_speaks_only_of_changes(box):
    assert "\n17 3 * * * root mailinabox setup --quiet\n" in box.read("/etc/cron.d/mailinabox")
    done = program.call(box, "setup", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    box.run("chmod 0600 /etc/mailname")
    done = program.call(box, "setup", "--quiet")
    assert done.returncode == 0 and "/etc/mailname" in done.stdout + done.stderr, program.told(done)

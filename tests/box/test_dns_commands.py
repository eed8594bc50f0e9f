"""Users and records from the command line: what the box's name server says right after them."""

import os
import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdata
import pytest

import lab as laboratory
import program
import set_up

OTHER = "example.org"
STRANGER_AT = "198.51.100.130"


@pytest.fixture(scope="module")
def anna(box):
    """A user whose domain the box did not know, and what adding her printed."""
    done = program.call(box, "user", "add", "anna@" + OTHER, input="a long enough password\n")
    assert done.returncode == 0, program.told(done)
    return done


def asked(lab, box, name, record_type):
    """The box's name server's answer to a stranger."""
    with lab.client(STRANGER_AT):
        return dns.query.udp(dns.message.make_query(name, record_type), box.address, timeout=10)


def served(lab, box, name, record_type):
    """What it answers, as texts."""
    answer = asked(lab, box, name, record_type)
    said = f"{name} {record_type}: no authoritative answer ({dns.rcode.to_text(answer.rcode())})"
    assert answer.flags & dns.flags.AA, said
    return sorted(item.to_text() for found in answer.answer for item in found)


def test_a_users_domain_is_served_at_once(lab, box, anna):
    assert anna.stdout.splitlines()[0] == "mail user added"
    assert "updated DNS: " + OTHER in anna.stdout.splitlines(), program.told(anna)
    assert [text.split()[0] for text in served(lab, box, OTHER, "MX")] == ["10"]
    assert program.call(box, "dns", "update").stdout == "nothing to do\n"


def test_records_are_set_and_removed(lab, box, anna):
    done = program.call(box, "dns", "set", "www." + OTHER, "A", "192.0.2.80")
    assert done.returncode == 0 and "updated DNS: " + OTHER in done.stdout.splitlines(), program.told(done)
    assert served(lab, box, "www." + OTHER, "A") == ["192.0.2.80"]
    shown = program.parsed(program.call(box, "dns", "show", "www." + OTHER, "--json"))
    custom = [(record["qname"], record["rtype"], record["value"]) for record in shown["zones"][0]["records"]
              if record["custom"]]
    assert custom == [("www." + OTHER, "A", "192.0.2.80")]
    assert "192.0.2.80" in program.call(box, "dns", "export", OTHER).stdout
    refused = program.call(box, "dns", "set", "www." + OTHER, "A", "192.0.2.256")
    assert refused.returncode == 1 and "192.0.2.256" in refused.stderr
    assert program.call(box, "dns", "remove", "www." + OTHER, "A").returncode == 0
    assert served(lab, box, "www." + OTHER, "A") == [box.address]


def main_process_of_nsd(box):
    """Its number outside the box."""
    box_namespace = os.readlink(f"/proc/{box.leader}/ns/pid")
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/comm", encoding="ascii", errors="replace") as name:
                if name.read() == "nsd: main\n" and os.readlink(f"/proc/{process}/ns/pid") == box_namespace:
                    return process
        except OSError:  # it has just ended
            pass
    raise AssertionError("NSD's main process was not found")


def is_traced(process):
    with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as status:
        return "TracerPid:\t0\n" not in status.read()


def test_no_old_answer_follows_a_change(lab, box, anna):
    """NSD starts its new server before it ends the old one, and both answer meanwhile. Usually that is over at once; a
    delay of all that its main process tells the others makes it long."""
    main = main_process_of_nsd(box)
    slow = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", main, "-e", "trace=write",
                             "-e", "inject=write:delay_enter=100000"])
    try:
        assert laboratory.wait_for(lambda: is_traced(main), 10), "strace does not trace NSD"
        for last in range(101, 106):
            value = f"192.0.2.{last}"
            assert program.call(box, "dns", "set", "slow." + OTHER, "A", value).returncode == 0
            answers = [served(lab, box, "slow." + OTHER, "A") for _ in range(40)]  # more would meet NSD's rate limit
            assert answers == [[value]] * 40
    finally:
        slow.terminate()
        slow.wait()
    assert program.call(box, "dns", "remove", "slow." + OTHER, "A").returncode == 0


def test_check_tells_what_the_world_does_not_know(box, anna):
    """The lab's own name server does not know the domain."""
    done = program.call(box, "dns", "check", OTHER, "--json")
    checked = program.parsed(done)
    assert (done.returncode, checked["hosting"]) == (2, "nowhere"), program.told(done)
    assert any(line.startswith(OTHER + ". IN NS ns1.") for line in checked["differences"][0]["wanted"])


def test_text_as_a_zone_file_has_it_and_a_type_that_only_new_name_servers_know(lab, box, anna):
    done = program.call(box, "dns", "set", "sel2._domainkey." + OTHER, "TXT", '"v=DKIM1; k=rsa; p=BBB" "CCC"')
    assert done.returncode == 0, program.told(done)
    assert served(lab, box, "sel2._domainkey." + OTHER, "TXT") == ['"v=DKIM1; k=rsa; p=BBBCCC"']
    done = program.call(box, "dns", "set", "www." + OTHER, "HTTPS", "1 . alpn=h2,h3")
    assert done.returncode == 0, program.told(done)
    assert served(lab, box, "www." + OTHER, "HTTPS") == ['1 . alpn="h2,h3"']


HASH = "ab" * 32
EVERY_TYPE = {
    "A": "192.0.2.81", "AAAA": "2001:db8::81", "CAA": '0 issue "ca.example.net"', "CNAME": "host.example.net.",
    "HTTPS": '1 . alpn="h2"', "LOC": "52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m", "MX": "10 mx.example.net.",
    "NAPTR": '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.net!" .', "OPENPGPKEY": "mQGNBFwAAAAB", "PTR": "host.example.net.",
    "SMIMEA": "3 1 1 " + HASH, "SRV": "0 5 5060 sip.example.net.", "SSHFP": "4 2 " + HASH, "SVCB": "1 svc.example.net. port=8443",
    "TLSA": "3 1 1 " + HASH, "TXT": '"one; \\"two\\""', "URI": '10 1 "https://example.net/"'}


def test_every_type_is_served_as_it_was_given(lab, box, anna):
    """A DS record needs the name servers of the domain that it is for, to which its own questions go."""
    entries = [(f"{kind.lower()}.{OTHER}", kind, value) for kind, value in EVERY_TYPE.items()]
    child = "child." + OTHER
    entries += [(child, "NS", "ns.example.net."), (child, "DS", "12345 13 2 " + HASH)]
    path = set_up.STORAGE + "/dns/custom.yaml"
    before = box.read(path) if os.path.exists(box.path(path)) else ""
    written = {"TXT": 'one; "two"'}  # the file has texts without the quotation marks of a zone file
    quoted = [(name, kind, written.get(kind, value).replace("'", "''")) for name, kind, value in entries]
    names = dict.fromkeys(name for name, _, _ in quoted)
    box.write(path, "".join(f"{name}:\n" + "".join(f"  {kind}: '{value}'\n" for one, kind, value in quoted if one == name)
                            for name in names))
    done = program.call(box, "dns", "update")
    assert done.returncode == 0 and "warning" not in program.told(done).lower(), program.told(done)
    for name, kind, value in entries:
        answer = asked(lab, box, name, kind)
        found = answer.authority if kind == "NS" else answer.answer  # a referral
        expected = dns.rdata.from_text("IN", kind, value)
        assert [item for group in found for item in group if item.rdtype == expected.rdtype] == [expected], (name, kind, answer)
    box.write(path, before)
    assert program.call(box, "dns", "update").returncode == 0


def test_a_domain_goes_with_its_last_user_and_comes_back_with_a_higher_serial(lab, box, anna):
    serial = int(served(lab, box, OTHER, "SOA")[0].split()[2])
    done = program.call(box, "user", "remove", "anna@" + OTHER)
    assert done.returncode == 0 and done.stdout.splitlines()[0] == "mail user removed", program.told(done)
    answer = asked(lab, box, OTHER, "MX")
    assert answer.rcode() == dns.rcode.REFUSED
    assert program.plan(box)["changes"] == []
    done = program.call(box, "user", "add", "anna@" + OTHER, input="a long enough password\n")
    assert done.returncode == 0 and int(served(lab, box, OTHER, "SOA")[0].split()[2]) > serial, program.told(done)
    assert program.call(box, "user", "remove", "anna@" + OTHER).returncode == 0

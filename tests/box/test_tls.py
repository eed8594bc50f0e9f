"""TLS on every port: 1.2 and 1.3 only, ECDHE with AEAD only."""

import re
import subprocess

import pytest

pytestmark = pytest.mark.releases("bookworm", "trixie")

PORTS = {25: "smtp", 587: "smtp", 465: None, 993: None, 995: None, 4190: "sieve", 443: None}
WEAK = {
    "DHE": "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305",
    "CBC": "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:"
           "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA",
    "plain RSA": "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA",
    "anonymous": "aNULL",
}
REFUSAL = re.compile("alert|unsupported protocol|unexpected eof")  # the last is how Dovecot does it
STRONG = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305")


def handshake(lab, box, port, *options):
    """(protocol and cipher, or "" where the box refused; what openssl said)"""
    starttls = ["-starttls", PORTS[port]] if PORTS[port] else []
    with lab.client("198.51.100.101"):
        done = subprocess.run(["openssl", "s_client", "-brief", "-connect", f"{box.address}:{port}", *starttls,
                               *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                              check=False)
    said = done.stdout + done.stderr
    found = {line.split(":")[0].strip(): line.split(":", 1)[1].strip() for line in said.splitlines() if ":" in line}
    if done.returncode != 0 or "Ciphersuite" not in found:
        assert "onnection refused" not in said, f"port {port}: {said}"
        return "", said
    return f"{found['Protocol version']} {found['Ciphersuite']}", said


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("version", ["1_3", "1_2"])
def test_modern_protocols_are_spoken(lab, box, port, version):
    agreed, said = handshake(lab, box, port, "-tls" + version)
    assert agreed.startswith("TLSv" + version.replace("_", ".")), said


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("version", ["1_1", "1"])
def test_old_protocols_are_refused(lab, box, port, version):
    agreed, said = handshake(lab, box, port, "-tls" + version, "-cipher", "ALL:@SECLEVEL=0")
    assert agreed == "", agreed
    assert REFUSAL.search(said), said


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("kind", WEAK)
def test_weak_ciphers_are_refused(lab, box, port, kind):
    agreed, said = handshake(lab, box, port, "-tls1_2", "-cipher", WEAK[kind] + ":@SECLEVEL=0")
    assert agreed == "", agreed
    assert REFUSAL.search(said), said


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("options", [("-tls1_2", "-sigalgs", "ECDSA+SHA1"), ("-groups", "P-521"), ("-groups", "X448")],
                         ids=["SHA-1", "P-521", "X448"])
def test_signatures_and_curves_outside_the_policy_are_refused(lab, box, port, options):
    agreed, said = handshake(lab, box, port, *options, "-cipher", "ALL:@SECLEVEL=0")
    assert agreed == "", said
    assert REFUSAL.search(said), said


@pytest.mark.releases("trixie")
@pytest.mark.parametrize("port", PORTS)
def test_what_is_recorded_today_stays_closed_to_quantum_computers(box, port):
    """By the box's own OpenSSL: this machine's may be too old to ask."""
    starttls = f"-starttls {PORTS[port]}" if PORTS[port] else ""
    said = box.run(f"openssl s_client -brief {starttls} -groups X25519MLKEM768:X25519 -connect {box.address}:{port} </dev/null 2>&1")
    assert re.search("Negotiated TLS1.3 group: X25519MLKEM768", said.stdout), said.stdout


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("cipher", STRONG)
def test_every_strong_cipher_is_spoken(lab, box, port, cipher):
    agreed, said = handshake(lab, box, port, "-tls1_2", "-cipher", cipher)
    assert agreed == "TLSv1.2 " + cipher, said


@pytest.mark.parametrize("port", [143, 110])
def test_no_reading_in_the_clear(lab, box, port):
    import socket
    with lab.client("198.51.100.101"), pytest.raises(OSError):
        socket.create_connection((box.address, port), timeout=3)

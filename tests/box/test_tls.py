"""TLS on every port: 1.2 and 1.3 only, ECDHE with AEAD only."""

import concurrent.futures
import contextlib
import json
import re
import socket
import socketserver
import subprocess
import threading

import pytest

import namespaces

pytestmark = pytest.mark.releases("bookworm", "trixie")

PORTS = {25: "smtp", 587: "smtp", 465: None, 993: None, 995: None, 4190: "sieve", 443: None}
REFUSAL = re.compile("alert|unsupported protocol|unexpected eof")  # the last is how Dovecot does it
STRONG = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
          "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
CLIENT = "198.51.100.101"
# testssl asks for DNS names on its own; it waits between messages for servers that are further away.
TESTSSL = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh"]
HASTE = {"USLEEP_SND": "0.01", "USLEEP_REC": "0.02"}


def handshake(lab, box, port, *options):
    """(protocol and cipher, or "" where the box refused; what openssl said)"""
    starttls = ["-starttls", PORTS[port]] if PORTS[port] else []
    with lab.client(CLIENT):
        done = subprocess.run(["openssl", "s_client", "-brief", "-connect", f"{box.address}:{port}", *starttls,
                               *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                              check=False)
    said = done.stdout + done.stderr
    found = {line.split(":")[0].strip(): line.split(":", 1)[1].strip() for line in said.splitlines() if ":" in line}
    if done.returncode != 0 or "Ciphersuite" not in found:
        assert "onnection refused" not in said, f"port {port}: {said}"
        return "", said
    return f"{found['Protocol version']} {found['Ciphersuite']}", said


class SieveRelay(socketserver.BaseRequestHandler):
    """testssl does not know ManageSieve (RFC 5804): here TLS begins at once, the relay has asked the box for it."""

    def handle(self):
        with self.server.lab.client(CLIENT), socket.create_connection(self.server.target, timeout=30) as box:
            stream = box.makefile("rb")
            while not stream.readline().startswith(b"OK"):
                pass
            box.sendall(b"STARTTLS\r\n")
            assert stream.readline().startswith(b"OK")
            back = threading.Thread(target=self.pass_on, args=(box, self.request))
            back.start()
            self.pass_on(self.request, box)
            back.join()

    @staticmethod
    def pass_on(source, target):
        with contextlib.suppress(OSError):  # who is at the other end may have gone
            while content := source.recv(65536):
                target.sendall(content)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def sieve_relay(lab, box):
    """Gives the relay's port, on the client's own address 127.0.0.1."""
    with lab.client(CLIENT):
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), SieveRelay)
    server.daemon_threads, server.lab, server.target = True, lab, (box.address, 4190)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def findings(lab, folder, port, where):
    """What testssl found: id -> finding."""
    starttls = ["--starttls", PORTS[port]] if PORTS[port] == "smtp" else []
    report = folder / f"{port}.json"
    with lab.client(CLIENT):
        done = subprocess.run([*TESTSSL, folder / "resolv.conf", "env", *(f"{name}={value}" for name, value in HASTE.items()),
                               "testssl", "--quiet", "--warnings", "off", "--color", "0", "--nodns", "none", "--jsonfile",
                               report, "--protocols", "--standard", "--fs", *starttls, where], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False)
    assert report.exists(), f"testssl, port {port}: {done.stdout}{done.stderr}"
    return {entry["id"]: entry["finding"] for entry in json.loads(report.read_text())}


@pytest.fixture(scope="module")
def scans(lab, box, tmp_path_factory):
    """port -> what testssl found, all side by side."""
    folder = tmp_path_factory.mktemp("testssl")
    (folder / "resolv.conf").write_text(f"nameserver {namespaces.NAME_SERVER}\n")
    with sieve_relay(lab, box) as relay, concurrent.futures.ThreadPoolExecutor(len(PORTS)) as threads:
        places = {port: f"127.0.0.1:{relay}" if port == 4190 else f"{box.address}:{port}" for port in PORTS}
        running = {port: threads.submit(findings, lab, folder, port, where) for port, where in places.items()}
        return {port: scan.result() for port, scan in running.items()}


@pytest.mark.parametrize("port", PORTS)
def test_only_modern_protocols_are_spoken(scans, port):
    found = {name: scans[port][name] for name in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3")}
    assert found == {**{name: "not offered" for name in found}, "TLS1_2": "offered", "TLS1_3": "offered with final"}


@pytest.mark.parametrize("port", PORTS)
def test_no_weak_cipher_is_spoken(scans, port):
    kinds = {name: finding for name, finding in scans[port].items() if name.startswith("cipherlist_")}
    assert len(kinds) == 7
    assert [name for name, finding in kinds.items() if finding != "not offered"] == ["cipherlist_STRONG"], kinds


@pytest.mark.parametrize("port", PORTS)
def test_every_strong_cipher_is_spoken_and_no_other_with_forward_secrecy(scans, port):
    assert set(scans[port]["PFS_ciphers"].split()) == STRONG


@pytest.mark.parametrize("port", PORTS)
def test_curves_are_those_of_the_policy(scans, port):
    assert set(scans[port]["PFS_ECDHE_curves"].split()) == {"X25519", "prime256v1", "secp384r1"}
    assert "DH_groups" not in scans[port]


# What testssl does not tell.


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("options", [("-sigalgs", "ECDSA+SHA1", "-cipher", "ALL:@SECLEVEL=0"),
                                     ("-cipher", "AES128-GCM-SHA256:AES256-GCM-SHA384:@SECLEVEL=0")], ids=["SHA-1", "plain RSA"])
def test_signatures_with_sha1_and_keys_for_ever_are_refused(lab, box, port, options):
    agreed, said = handshake(lab, box, port, "-tls1_2", *options)
    assert agreed == "", said
    assert REFUSAL.search(said), said


@pytest.mark.releases("trixie")
@pytest.mark.parametrize("port", PORTS)
def test_what_is_recorded_today_stays_closed_to_quantum_computers(box, port):
    """By the box's own OpenSSL: this machine's may be too old to ask."""
    starttls = f"-starttls {PORTS[port]}" if PORTS[port] else ""
    said = box.run(f"openssl s_client -brief {starttls} -groups X25519MLKEM768:X25519 -connect {box.address}:{port} </dev/null 2>&1")
    assert re.search("Negotiated TLS1.3 group: X25519MLKEM768", said.stdout), said.stdout


@pytest.mark.parametrize("port", [143, 110])
def test_no_reading_in_the_clear(lab, box, port):
    with lab.client(CLIENT), pytest.raises(OSError):
        socket.create_connection((box.address, port), timeout=3)

"""Certificates that come from elsewhere: taken if they are good, refused with what they are, and nothing replaced."""

import re
import subprocess

import pytest

import observe
import pebble
import policy_host
import program
import set_up
from certificate_world import ELSEWHERE, SERVED, STORE, changes, names_in, presented, status_of, tls, trusted, turn_to
from certificate_world import authority, box  # noqa: F401  fixtures

HOST = set_up.HOST_NAME
INBOX = "/root/certificates"  # where the operator has put what was sent


class Sent:
    """Files for `tls import`, as authorities and operators make them."""

    def __init__(self, box, authority, folder):  # noqa: F811
        self.box, self.authority, self.folder = box, authority, folder
        self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "own.key")
        self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "other.key")
        self._openssl("req", "-new", "-key", "own.key", "-subj", "/CN=own", "-out", "own.csr")
        self.key, self.other_key, self.request = ((folder / name).read_text() for name in ("own.key", "other.key", "own.csr"))

    def certificate(self, *names, age=1, lifetime=90, request=None):
        """(certificate, chain) of the authority, in PEM."""
        text = self.authority.sign(request or self.request, names, age * pebble.DAY, lifetime * pebble.DAY)
        end = text.index("-----END CERTIFICATE-----") + 26
        return text[:end], text[end:]

    def put(self, name, content):
        """Gives the file's path in the box."""
        path = f"{INBOX}/{name}"
        self.box.run("mkdir", "-p", INBOX)
        with open(self.box.path(path), "wb") as output:
            output.write(content if isinstance(content, bytes) else content.encode())
        return path

    def self_signed(self):
        self._openssl("req", "-x509", "-key", "own.key", "-subj", "/CN=" + ELSEWHERE, "-addext",
                      f"subjectAltName=DNS:{ELSEWHERE}", "-days", "9", "-out", "self.pem")
        return (self.folder / "self.pem").read_text()

    def der(self, text):
        (self.folder / "in.pem").write_text(text)
        self._openssl("x509", "-in", "in.pem", "-outform", "DER", "-out", "out.der")
        return (self.folder / "out.der").read_bytes()

    def encrypted_key(self):
        self._openssl("pkcs8", "-topk8", "-in", "own.key", "-passout", "pass:secret", "-out", "encrypted.key")
        return (self.folder / "encrypted.key").read_text()

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder)


@pytest.fixture(scope="module")
def sent(box, authority, tmp_path_factory):  # noqa: F811
    turn_to(box)
    done = program.call(box, "user", "add", "me@" + ELSEWHERE, input=set_up.PASSWORD + "\n")
    assert done.returncode == 0, program.told(done)
    return Sent(box, authority, tmp_path_factory.mktemp("sent"))


def kept(box):  # noqa: F811
    """All certificates, keys and what services present."""
    return observe.contents(box, STORE), observe.contents(box, SERVED)


# What was sent -> what is wrong with it. A case gives the files' contents by their names.
BAD = {
    "other names": (lambda sent: {"c.pem": "".join(sent.certificate("shop.test", "www.shop.test")), "k.pem": sent.key},
                    "shop.test, www.shop.test"),
    "another key": (lambda sent: {"c.pem": "".join(sent.certificate(ELSEWHERE)), "k.pem": sent.other_key},
                    "does not correspond to the private key"),
    "no key": (lambda sent: {"c.pem": "".join(sent.certificate(ELSEWHERE))}, "does not correspond to the private key"),
    "chain that is missing": (lambda sent: {"c.pem": sent.certificate(ELSEWHERE)[0], "k.pem": sent.key},
                              "missing an intermediate chain.*Pebble Intermediate"),
    "chain that ends nowhere": (lambda sent: foreign(sent), "does not trust"),
    "self-signed": (lambda sent: {"c.pem": sent.self_signed(), "k.pem": sent.key}, "self-signed"),
    "DER": (lambda sent: {"c.cer": sent.der(sent.certificate(ELSEWHERE)[0]), "k.pem": sent.key}, "DER.*PEM"),
    "encrypted key": (lambda sent: {"c.pem": "".join(sent.certificate(ELSEWHERE)), "k.pem": sent.encrypted_key()},
                      "encrypted"),
    "expired": (lambda sent: {"c.pem": "".join(sent.certificate(ELSEWHERE, age=91)), "k.pem": sent.key}, "expired"),
    "64 MB": (lambda sent: {"c.pem": b"\n" * (64 << 20)}, "1 MB"),
    "64 MB behind a good one": (lambda sent: {"c.pem": "".join(sent.certificate(ELSEWHERE)) + "\n" * (64 << 20),
                                              "k.pem": sent.key}, "1 MB"),
    "a letter": (lambda sent: {"c.pem": "Dear customer,\nyour certificate is attached.\n"}, "PEM"),
    "nothing": (lambda sent: {"c.pem": ""}, "PEM|empty"),
    "a key alone": (lambda sent: {"k.pem": sent.key}, "certificate"),
    "the request itself": (lambda sent: {"c.pem": sent.request, "k.pem": sent.key}, "request"),
    "cut off": (lambda sent: {"c.pem": sent.certificate(ELSEWHERE)[0][:400], "k.pem": sent.key}, "c.pem"),
}


def foreign(sent):
    stranger = policy_host.Authority(sent.folder)
    stranger.server(ELSEWHERE)
    return {"c.pem": (sent.folder / "server.pem").read_text() + stranger.certificate,
            "k.pem": (sent.folder / "server.key").read_text()}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_and_nothing_replaced(sent, box, case):  # noqa: F811
    make, complaint = BAD[case]
    paths = [sent.put(name, content) for name, content in make(sent).items()]
    before = kept(box)
    said = tls(box, "import", ELSEWHERE, *paths, code=1)
    assert re.search(complaint, said, re.S), said
    assert sent.key.splitlines()[1] not in said
    assert kept(box) == before
    box.run("rm", "-r", INBOX)


@pytest.mark.parametrize("path", [INBOX + "/nothing", "/etc", "/dev/zero", "/root/pipe"])
def test_what_is_no_file_is_refused(sent, box, path):  # noqa: F811
    box.run("[ -e /root/pipe ] || mkfifo /root/pipe")
    assert path in tls(box, "import", ELSEWHERE, path, code=1)


def test_name_that_is_not_the_boxs(sent, box):  # noqa: F811
    good = [sent.put("c.pem", "".join(sent.certificate("shop.test"))), sent.put("k.pem", sent.key)]
    done = program.call(box, "tls", "import", "shop.test", *good)
    assert done.returncode in (1, 64) and "not a name of this box" in done.stderr, program.told(done)


def test_a_good_one_is_served_until_it_is_removed(lab, sent, box, authority):  # noqa: F811
    """With its key; the chain stands in front of the certificate and has more than it needs."""
    before = presented(lab, box, 443, ELSEWHERE)
    certificate, chain = sent.certificate(ELSEWHERE, "www." + ELSEWHERE)
    paths = [sent.put("chain.pem", authority.issuer() + chain), sent.put("key.pem", sent.key), sent.put("c.pem", certificate)]
    tls(box, "import", ELSEWHERE, *paths)
    for name in (ELSEWHERE, "www." + ELSEWHERE):
        assert names_in(trusted(lab, box, authority, 443, name)) == {ELSEWHERE, "www." + ELSEWHERE}
    imported = presented(lab, box, 443, ELSEWHERE)
    entry = status_of(box, ELSEWHERE)
    assert entry["status"] == "success" and "Pebble" in entry["signed_by"] and entry["key"] != STORE + "/ssl_private_key.pem"
    assert box.run("stat", "-c", "%a", entry["key"], f"{SERVED}/{ELSEWHERE}.pem").stdout.split() == ["600", "600"]
    assert "PRIVATE" not in tls(box, "show", ELSEWHERE)
    shown = tls(box, "show", ELSEWHERE, "--json")
    assert entry["file"] in str(shown) and "Pebble" in str(shown)
    assert program.plan(box)["changes"] == []
    tls(box, "remove", ELSEWHERE)
    assert changes(lab, box, 443, ELSEWHERE, imported) and presented(lab, box, 443, ELSEWHERE) == before
    assert program.plan(box)["changes"] == []


def test_signing_request_for_another_authority(lab, sent, box, authority):  # noqa: F811
    """The whole way: request, signed elsewhere, imported without a key."""
    request = tls(box, "csr", ELSEWHERE, "--country", "CH")
    told = subprocess.run(["openssl", "req", "-verify", "-noout", "-subject", "-text"], input=request, text=True,
                          capture_output=True, check=True).stdout
    assert re.search(r"C ?= ?CH", told) and re.search(rf"CN ?= ?{ELSEWHERE}", told) and f"DNS:{ELSEWHERE}" in told, told
    tls(box, "import", ELSEWHERE, sent.put("c.pem", "".join(sent.certificate(ELSEWHERE, request=request))))
    assert names_in(trusted(lab, box, authority, 443, ELSEWHERE)) == {ELSEWHERE}
    tls(box, "remove", ELSEWHERE)


@pytest.mark.parametrize("arguments", [(ELSEWHERE, "--country", "Switzerland"), (ELSEWHERE, "--country", "/O"),
                                       ("/CN=evil", ), ("shop.test", )])
def test_signing_request_with_odd_words(sent, box, arguments):  # noqa: F811
    done = program.call(box, "tls", "csr", *arguments)
    assert done.returncode in (1, 64) and done.stdout == "" and done.stderr, program.told(done)

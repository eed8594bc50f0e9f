"""A box that the world's DNS leads to and that has an authority, and how its certificates look from outside.

Fixtures, for modules about certificates: they import them."""

import datetime
import imaplib
import re
import smtplib
import socket
import ssl
import threading

import pytest

import lab as laboratory
import pebble
import program
import set_up
from mail_user import SECONDS, USER_AT

AUTHORITY_FILE = "/root/authority.pem"
STORE = set_up.STORAGE + "/ssl"
SERVED = STORE + "/served"
MEMORY = "/var/lib/mailinabox/tls.json"
REFUSED = "refused.fine.test"  # the authority gives no certificate for it
ELSEWHERE = "elsewhere.test"  # the world's DNS leads it to another machine
ELSEWHERE_AT = "198.51.100.77"
APART = "apart.test"  # the world's DNS leads it here, and asks others for it
STARTTLS = {25: b"EHLO laptop.home.test\r\n", 587: b"EHLO laptop.home.test\r\n"}
PORTS = (443, 25, 587, 465, 993, 995)


@pytest.fixture(scope="module")
def authority(lab, tmp_path_factory):
    with pebble.Authority(lab, tmp_path_factory.mktemp("authority")) as running:
        running.refused.add(REFUSED)
        yield running


@pytest.fixture(scope="module")
def box(lab, set_up_layers, authority):
    """Not yet told of the authority."""
    with lab.box("box", set_up_layers) as machine:
        machine.start().wait_for_listeners(set_up.LISTENERS)
        for domain in ("example.test", "fine.test"):
            lab.name_server.delegate(domain, machine.address)
        lab.name_server.publish(ELSEWHERE, "A", ELSEWHERE_AT)
        lab.name_server.publish(APART, "A", machine.address)
        know(machine, authority)
        machine.run("kill -STOP $(cat /run/crond.pid)")  # its job of each hour is run by the tests, and no other one meanwhile
        yield machine
        lab.name_server.delegated.clear()
        for name in (ELSEWHERE, APART):
            lab.name_server.records.pop((name + ".", "A"))


def know(box, authority):
    """The file for ACME_CA_FILE: what vouches for the authority's web server, and its root, which vouches for what it signs."""
    box.write(AUTHORITY_FILE, authority.https_certificate + authority.issuer())


def turn_to(box, **answers):
    """Setup with the authority, as an operator calls it; what it said."""
    done = program.call(box, "setup", env={"ACME_DIRECTORY": pebble.DIRECTORY, "ACME_CA_FILE": AUTHORITY_FILE, **answers})
    assert done.returncode == 0, program.told(done)
    return done.stdout + done.stderr


def tls(box, *arguments, code=0):
    """What `mailinabox tls …` said; with --json, parsed."""
    done = program.call(box, "tls", *arguments)
    assert done.returncode == code, f"tls {' '.join(arguments)}: exit code {done.returncode}:\n{program.told(done)}"
    assert "Traceback" not in done.stdout + done.stderr and "AttributeError" not in done.stdout + done.stderr
    return program.parsed(done) if "--json" in arguments else done.stdout + done.stderr


def due(box):
    """What the run of each hour does, and says."""
    done = program.call(box, "tls", "provision", "--due", "--quiet")
    assert done.returncode in (0, 1), program.told(done)
    return done.stdout + done.stderr


def status_of(box, name):
    return next(entry for entry in tls(box, "status", "--json")["names"] if entry["name"] == name)


def connect(lab, box, port, name, context):
    """A TLS connection that asks for `name`."""
    with lab.client(USER_AT):
        connection = socket.create_connection((box.address, port), timeout=SECONDS)
    if port in STARTTLS:
        stream = connection.makefile("rb")
        for command in (b"", STARTTLS[port], b"STARTTLS\r\n"):
            connection.sendall(command)
            while (line := stream.readline())[3:4] == b"-":
                pass
            assert line[:1] == b"2", line
    return context.wrap_socket(connection, server_hostname=name)


def trusted(lab, box, authority, port, name, good=lambda certificate: True):
    """The certificate that is presented to who asks for `name` and trusts nobody but the authority, as getpeercert() has it, once
    it is `good`: servers that were just told of a new one take a moment. An SSLError if such a client would not go on."""
    context = ssl.create_default_context(cadata=authority.issuer())

    def look(last=False):
        try:
            with connect(lab, box, port, name, context) as connection:
                certificate = connection.getpeercert()
        except ssl.SSLError:
            if last:
                raise
            return None
        return certificate if last or good(certificate) else None

    return laboratory.wait_for(look, SECONDS) or look(last=True)


def presented(lab, box, port, name):
    """What is presented for `name`, whoever has signed it: DER."""
    context = ssl._create_unverified_context()
    with connect(lab, box, port, name, context) as connection:
        return connection.getpeercert(binary_form=True)


def changes(lab, box, port, name, old):
    """Whether something else than `old` is presented, now or in a moment."""
    return laboratory.wait_for(lambda: presented(lab, box, port, name) != old, SECONDS)


def names_in(certificate):
    return {name for _, name in certificate["subjectAltName"]}


def time_left(certificate):
    return datetime.timedelta(seconds=ssl.cert_time_to_seconds(certificate["notAfter"]) - datetime.datetime.now().timestamp())


def time_passes(box, **spans):
    """For what the program remembers: every time in its memory is moved back."""
    def earlier(match):
        return (datetime.datetime.fromisoformat(match[1]) - datetime.timedelta(**spans)).isoformat() + "Z"

    box.write(MEMORY, re.sub(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z", earlier, box.read(MEMORY)))


def forget_certificates(box, name="[a-z.]+"):
    """Authorities' certificates leave the store: of orders that `name` led, or all but wildcards."""
    box.run(f"mkdir -p /root/old && find {STORE} -maxdepth 1 -regextype egrep -regex '.*/{name}-[0-9]{{8}}-[0-9a-f]{{8}}.pem' "
            "-exec mv {} /root/old/ ';'")


def grow_old(lab, box, authority, name, age, lifetime, revocation=False):
    """The certificate of `name` becomes one with its names of that age (days), and the only one for them. Gives what is
    presented then. revocation: as for Authority.sign()."""
    names = sorted(names_in(trusted(lab, box, authority, 443, name)), key=lambda one: one != name)
    text = authority.sign(tls(box, "csr", name), names, age * pebble.DAY, lifetime * pebble.DAY, revocation)
    forget_certificates(box, name)
    box.write("/root/old.pem", text)
    tls(box, "import", name, "/root/old.pem")
    old = ssl.PEM_cert_to_DER_cert(text[:text.index("-----END CERTIFICATE-----") + 26])
    for port in (443, 25, 993):
        assert laboratory.wait_for(lambda: presented(lab, box, port, name) == old, SECONDS), "what was imported is not served"
    return old


class Traffic:
    """A mail program that stays connected and mail servers that come, from now until the end; what went wrong meanwhile is in
    `complaints`."""

    def __init__(self, lab, box):
        self.lab, self.box = lab, box
        self.complaints = []
        self.visits = 0
        self._any = ssl._create_unverified_context()  # signed now by this one, now by that one
        self._session = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self):
        self._end.set()
        self._thread.join()

    def _run(self):
        self._log_in()
        while not self._end.wait(0.2):
            try:
                self._session.noop()
            except (OSError, imaplib.IMAP4.error) as error:
                self._complain("the session was lost", error)
                self._log_in()
            try:
                self._visit()
            except (OSError, smtplib.SMTPException) as error:
                self._complain("no connection", error)
            self.visits += 1
        self._session.shutdown()

    def _complain(self, what, error):
        self.complaints.append(f"{datetime.datetime.now():%H:%M:%S} {what}: {error!r}")

    def _log_in(self):
        with self.lab.client(USER_AT):
            self._session = imaplib.IMAP4_SSL(self.box.address, 993, ssl_context=self._any, timeout=SECONDS)
        self._session.login(set_up.ADDRESS, set_up.PASSWORD)

    def _visit(self):
        with self.lab.client(USER_AT), smtplib.SMTP(self.box.address, 25, "laptop.home.test", timeout=SECONDS) as connection:
            connection.starttls(context=self._any)
            connection.ehlo()


@pytest.fixture(scope="module")
def traffic(lab, box):
    running = Traffic(lab, box)
    yield running
    running.end()

"""Two boxes that know nothing of each other but what their zones say, on an Internet signed from the root down."""

import concurrent.futures
import hashlib
import re
import subprocess

import pytest

import certificate_world
import lab as laboratory
import program
import set_up
from greylisting import OVERRIDE as SHORT_GREYLISTING
from internet import Internet
from mail_user import MailUser, Stranger, message, trust

SECONDS = 60
PORTS = set_up.LISTENERS
LOG = "/var/log/mail.log"


class Party:
    """A box with its domain and its first user, and a look into its log."""

    def __init__(self, lab, internet, layers, name, domain, address):
        self.lab, self.internet, self.domain, self.address = lab, internet, domain, address
        self.host = "box." + domain
        self.box = lab.box(name, layers, address=address)
        self.user = None

    def set_up(self):
        """Setup with another name, another address, an empty disk for the users' data, on another network."""
        self.box.start()
        self.box.run("find", set_up.STORAGE, "-mindepth", "1", "-delete")
        self.box.run("sed", "-i", "/^DNS_/d", "/etc/mailinabox.conf")
        self.box.run("mkdir", "-p", "/etc/mailinabox/recipes.d")
        self.box.write("/etc/mailinabox/recipes.d/test-internet.yaml", self.internet.recipe())
        self.box.write("/etc/mailinabox/recipes.d/postgrey.yaml", SHORT_GREYLISTING)
        answers = {"PRIMARY_HOSTNAME": self.host, "PUBLIC_IP": self.address, "EMAIL_ADDR": "me@" + self.domain,
                   "EMAIL_PW": set_up.PASSWORD}
        program.setup(self.box, "--replace-lost", env=answers)
        self.box.wait_for_listeners(PORTS)
        self.user = MailUser(self.lab, self.box, "me@" + self.domain, set_up.PASSWORD)

    def ds(self):
        """The lines that the box has made for the domain's parent."""
        return self.box.run("cat", f"/etc/nsd/zones/{self.domain}.txt.ds").stdout

    def register(self, signed=True):
        """What the operator types in at the registrar."""
        servers = {f"{server}.{self.host}": self.address for server in ("ns1", "ns2")}
        self.internet.delegate(self.domain, servers, self.ds() if signed else "")

    def ask(self, *question):
        """dig's answer from this box's own resolver."""
        return self.internet.machine.run("dig", "@127.0.0.1", *question, network_of=self.box, check=False).stdout

    def validated(self, *question):
        return re.search(r"flags:[^;]* ad[ ;]", self.ask(*question)) is not None

    def log(self):
        with open(self.box.path(LOG), encoding="utf-8", errors="replace") as lines:
            return lines.read()

    def wait_for_log(self, pattern, beginning=0, seconds=SECONDS):
        return wait_until(lambda: re.search(pattern, self.log()[beginning:]), seconds,
                          lambda: f"no line like {pattern!r} in the log of {self.host}:\n"
                          f"{self.log()[beginning:][-6000:]}")

    def send(self, text, to):
        """Submits it; returns it as it arrived at the other user."""
        self.user.send(text)
        return delivered(text["Subject"], to, self)


def delivered(subject, to, *through, folder="INBOX"):
    """The message once it has arrived. The queues it goes through are asked not to wait before their next try."""
    def arrived():
        found = to.find(subject, folder)
        if found is None:
            for party in through:
                party.box.run("postqueue", "-f")
        return found

    return wait_until(arrived, SECONDS, lambda: f"{subject!r} did not reach {to.address}'s {folder}; it is in "
                      f"{to.folders_with(subject)}; the senders' logs:\n" +
                      "\n".join(party.log()[-5000:] for party in through), step=1)


def wait_until(condition, seconds, complaint, step=0.2):
    result = laboratory.wait_for(condition, seconds, step)
    if not result:
        raise AssertionError(complaint())
    return result


@pytest.fixture(scope="module")
def internet(lab):
    with Internet(lab) as network:
        yield network


@pytest.fixture(scope="module")
def parties(lab, internet, set_up_layers):
    """Both made of the set-up box's programs, with nothing of its keys and users."""
    both = [Party(lab, internet, set_up_layers, "one", "one.lab", "198.51.100.11"),
            Party(lab, internet, set_up_layers, "other", "other.lab", "198.51.100.12")]
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            list(threads.map(Party.set_up, both))
        for party in both:
            party.register()
        for party in both:
            for domain in (owner.domain for owner in both):
                wait_until(lambda: party.validated(domain, "MX"), SECONDS,
                           lambda: f"{domain} does not resolve at {party.host}:\n{party.ask(domain, 'MX')}")
        yield both
    finally:
        for party in both:
            party.box.destroy()


@pytest.fixture
def one(parties):
    return parties[0]


@pytest.fixture
def other(parties):
    return parties[1]


@pytest.fixture(scope="module")
def box(parties):
    """For the report of a failed test."""
    return parties[1].box


def results(text, receiver):
    """method -> result, of the headers that the receiver's box has written; a box before it may have written others."""
    headers = [" ".join(str(header).split()) for header in text.get_all("Authentication-Results", [])]
    own = " ".join(header for header in headers if header.startswith(receiver.host + ";"))
    return dict(re.findall(r"\b(spf|dkim|dmarc)=(\w+)", own))


def test_setup_found_the_root_servers(one):
    answers = one.box.read("/etc/mailinabox.conf").splitlines()
    assert "DNS_FORWARDERS=" in answers and "DNS_VALIDATION=yes" in answers, answers


def test_boxes_are_two(one, other):
    for party in (one, other):
        assert party.box.run("hostname").stdout.strip() == party.host
        assert program.plan(party.box)["changes"] == []
    for path in ("ssl/ssl_private_key.pem", "mail/dkim/mail.private"):
        keys = [party.box.run("cat", f"{set_up.STORAGE}/{path}").stdout for party in (one, other)]
        assert all("PRIVATE KEY" in key for key in keys) and keys[0] != keys[1], path


@pytest.mark.parametrize("name, kind", [("", "MX"), ("", "DNSKEY"), ("box.", "A"), ("_25._tcp.box.", "TLSA"),
                                        ("mail._domainkey.", "TXT"), ("_dmarc.", "TXT"), ("nowhere.", "A")])
def test_names_validate_from_the_root(one, other, internet, name, kind):
    """With two validators: the asking box's unbound and, with the root's key alone, BIND's."""
    ds = internet.trust_anchor().split("DS")[1].split()
    internet.machine.write("/etc/anchor", f'trust-anchors {{ . static-ds {" ".join(ds[:3])} "{"".join(ds[3:])}"; }};\n')
    for asking, asked in ((one, other), (other, one)):
        question = (name + asked.domain, kind)
        assert asking.validated(*question), asking.ask(*question)
        said = internet.machine.run("delv", "-a", "/etc/anchor", "+root=.", "@127.0.0.1", *question,
                                    network_of=asking.box).stdout
        expected = "; negative response, fully validated" if name == "nowhere." else "; fully validated"
        assert expected in said.splitlines(), said


def test_zones_have_no_mistakes(parties, internet):
    for party in parties:
        names = party.box.run("sh", "-c", "cd /etc/nsd/zones && ls *.signed").stdout.split()
        assert names == [party.domain + ".txt.signed"]
        for name in names:
            zone = name[:-len(".txt.signed")]
            internet.machine.write("/etc/zone", party.box.read("/etc/nsd/zones/" + name))
            internet.machine.run("ldns-verify-zone", "/etc/zone")
            internet.machine.run("named-checkzone", "-i", "local", zone, "/etc/zone")
            party.box.run("nsd-checkzone", zone, "/etc/nsd/zones/" + name)


def test_the_signers_key_is_the_one_in_dns(parties):
    """By OpenDKIM's own tool, through the box's resolver."""
    for party in parties:
        party.box.run("apt-get update; apt-get install -y opendkim-tools", timeout=120)
        done = party.box.run("opendkim-testkey", "-vvv", "-d", party.domain, "-s", "mail",
                             "-k", f"{set_up.STORAGE}/mail/dkim/mail.private", check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 0 and "key OK" in said, said


def test_dns_check_sees_what_the_registrar_has_forgotten(one, other):
    for party in (one, other):
        done = program.call(party.box, "dns", "check", party.domain)
        assert done.returncode == 0 and "This box serves it" in done.stdout, program.told(done)
    other.register(signed=False)
    try:
        wait_until(lambda: not other.ask("+short", other.domain, "DS"), SECONDS, lambda: other.ask(other.domain, "DS"))
        done = program.call(other.box, "dns", "check", other.domain)
        wanted = "wanted: " + " ".join(other.ds().splitlines()[0].split())
        assert done.returncode == 2 and wanted in done.stdout, program.told(done)
    finally:
        other.register()
        for party in (one, other):
            wait_until(lambda: party.ask("+short", other.domain, "DS"), SECONDS, lambda: party.ask(other.domain, "DS"))


def test_a_changed_record_is_known_to_the_box_at_once(one):
    """Though its resolver has just learnt, for a day, that there is no such name, and then that it is another address."""
    name = "changing." + one.domain
    assert "status: NXDOMAIN" in one.ask(name, "A")
    for address in ("192.0.2.21", "192.0.2.22"):
        assert program.call(one.box, "dns", "set", name, "A", address).returncode == 0
        assert one.ask("+short", name, "A").split() == [address]
    assert program.call(one.box, "dns", "remove", name, "A").returncode == 0


def test_mail_goes_to_the_other_box_and_is_proved(one, other):
    for sender, receiver in ((one, other), (other, one)):
        beginning = len(sender.log())
        text = message(sender.user.address, receiver.user.address, "Can you hear me?\n")
        arrived = sender.send(text, receiver.user)
        assert results(arrived, receiver) == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}, arrived.as_string()
        sender.wait_for_log(rf"Verified TLS connection established to {receiver.host}\[{receiver.address}\]:25: TLSv1.3 .* "
                            "key-exchange X25519MLKEM768", beginning)


def test_key_that_dns_does_not_name_gets_no_mail(one, other):
    """As where somebody stands between: a certificate of the right name, of another key. The mail waits."""
    other.box.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                  "-days", "9", "-subj", "/CN=" + other.host, "-addext", "subjectAltName=DNS:" + other.host,
                  "-keyout", "/root/false.key", "-out", "/root/false.pem")
    settings = {"smtpd_tls_cert_file": "/root/false.pem", "smtpd_tls_key_file": "/root/false.key"}
    right = {name: other.box.run("postconf", "-h", name).stdout.strip() for name in settings}
    text = message(one.user.address, other.user.address)

    def serve_with(values):
        other.box.run("postconf", *(f"{name}={value}" for name, value in values.items()))
        other.box.run("postfix", "reload")

    serve_with(settings)
    try:
        beginning = len(one.log())
        one.user.send(text)
        one.wait_for_log(rf"to=<{other.user.address}>.*status=deferred \(Server certificate not verified\)", beginning)
    finally:
        serve_with(right)
    assert other.user.find(text["Subject"]) is None
    assert delivered(text["Subject"], other.user, one)


def key_presented(party):
    """What a TLSA record says of the key on port 25 (RFC 6698: 3 1 1)."""
    certificate = certificate_world.presented(party.lab, party.box, 25, party.host)
    key = subprocess.run("openssl x509 -inform DER -noout -pubkey | openssl pkey -pubin -outform DER", shell=True, check=True,
                         input=certificate, capture_output=True).stdout
    return hashlib.sha256(key).hexdigest()


def keys_published(party, asking):
    said = asking.ask("+short", f"_25._tcp.{party.host}", "TLSA")
    return {digest.replace(" ", "").lower() for digest in re.findall(r"^3 1 1 ([0-9A-Fa-f ]+)$", said, re.M)}


def test_key_changes_while_mail_flows(one, other):
    """Before, while both keys are published, to a server that remembers the records of before, and to one that has asked again."""
    def send():
        beginning = len(one.log())
        assert one.send(message(one.user.address, other.user.address), other.user)
        one.wait_for_log(rf"Verified TLS connection established to {other.host}\[{other.address}\]:25", beginning)

    def roll():
        done = program.call(other.box, "tls", "roll", "--json")
        assert done.returncode == 0, program.told(done)
        return program.parsed(done)

    old, both = key_presented(other), keys_published(other, one)
    assert len(both) == 2 and old in both
    send()
    assert roll()["next"] == "wait"  # somebody may remember records without the next key: not by a test's clock
    assert key_presented(other) == old
    send()
    certificate_world.time_passes(other.box, days=2)
    assert roll()["turned"]
    other.box.wait_for_listeners(PORTS)
    other.user.tls = trust(other.box)
    new = key_presented(other)
    assert new in both - {old}
    assert keys_published(other, one) == both, "this box asks again before the records' time is over"
    send()
    one.box.run("unbound-control", "flush_zone", other.domain)
    asked_again = keys_published(other, one)
    assert new in asked_again and len(asked_again) == 2 and old not in asked_again
    send()
    assert program.plan(other.box)["changes"] == []


def test_name_with_a_broken_signature_does_not_resolve(one, other):
    """As where somebody changes answers on their way: here, in the file that is served."""
    file = f"/etc/nsd/zones/{other.domain}.txt.signed"
    good = other.box.read(file)
    changed, count = re.subn(rf"(?m)^(www\.{other.domain}\.\s.*\sA\s+){re.escape(other.address)}$",
                             r"\g<1>198.51.100.66", good)
    assert count == 1
    other.box.write(file, changed)
    other.box.run("nsd-control", "reload")
    try:
        name = "www." + other.domain
        wait_until(lambda: "198.51.100.66" in one.ask("+cd", name, "A"), SECONDS, lambda: one.ask("+cd", name, "A"))
        assert "status: SERVFAIL" in one.ask(name, "A")
        assert one.validated("mta-sts." + other.domain, "A")  # the rest of the zone is as good as before
    finally:
        other.box.write(file, good)
        other.box.run("nsd-control", "reload")


def test_forwarded_mail_is_still_proved(lab, one, other):
    """sender.lab has no signature and SPF that names its own machine only: forwarded, it needs the box's name."""
    one.box.run("mailinabox", "alias", "add", "forward@" + one.domain, other.user.address)
    text = message("someone@sender.lab", "forward@" + one.domain)
    Stranger(lab, one.box).deliver(text)
    arrived = delivered(text["Subject"], other.user, one)
    assert results(arrived, other)["spf"] == "pass", arrived.as_string()
    # Of a domain with DMARC, which needs the signature now: SPF passes for the forwarding box.
    text = message(other.user.address, "forward@" + one.domain)
    other.user.send(text)
    arrived = delivered(text["Subject"], other.user, other, one)
    assert results(arrived, other) == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}, arrived.as_string()


def test_forged_sender_of_a_domain_that_asks_to_refuse(lab, one):
    """Recipe dmarc: such mail goes to Spam. What the bank's own machine sends does not."""
    text = message("service@bank.lab", one.user.address, "Your account was used.\n")
    Stranger(lab, one.box).deliver(text)
    arrived = one.user.wait_for(text["Subject"], "Spam")
    assert results(arrived, one)["dmarc"] == "fail", arrived.as_string()
    text = message("service@bank.lab", one.user.address, "Your account was used.\n")
    Stranger(lab, one.box, at="198.51.100.113", name="bank.lab").deliver(text)
    arrived = one.user.wait_for(text["Subject"])
    assert results(arrived, one)["dmarc"] == "pass", arrived.as_string()


def test_zone_is_given_to_a_listed_secondary_only(one, other, internet):
    """The other box's name server as the secondary: refused, then listed and served, then told of a change."""
    def transferred(source, asking):
        said = internet.machine.run("dig", "+noall", "+answer", "+onesoa", "AXFR", one.domain, "@" + source.address,
                                    network_of=asking, check=False).stdout
        return sorted(line for line in said.splitlines() if line and not line.startswith(";"))

    assert transferred(one, internet.machine) == []
    assert transferred(one, other.box) == []
    assert program.call(one.box, "dns", "secondary", other.host).returncode == 0
    other.box.write("/etc/nsd/nsd.conf.d/secondary.conf", f"zone:\n  name: {one.domain}\n"
                    "  zonefile: /var/lib/nsd/secondary.zone\n"
                    f"  allow-notify: {one.address} NOKEY\n  request-xfr: {one.address} NOKEY\n"
                    f"  provide-xfr: {internet.machine.address} NOKEY\n")
    other.box.run("nsd-control", "reconfig")
    given = wait_until(lambda: transferred(one, other.box), SECONDS, lambda: "no transfer to the listed secondary")
    assert len(given) > 20
    wait_until(lambda: transferred(other, internet.machine) == given, SECONDS,
               lambda: "\n".join(transferred(other, internet.machine)))
    assert transferred(one, internet.machine) == []
    assert program.call(one.box, "dns", "add", "new." + one.domain, "A", "192.0.2.7").returncode == 0
    asked = ("dig", "+short", "+norec", "@" + other.address, "new." + one.domain, "A")
    wait_until(lambda: internet.machine.run(*asked).stdout.strip() == "192.0.2.7", SECONDS,
               lambda: "the secondary has not heard of the change")

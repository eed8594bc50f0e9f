"""Two boxes that know nothing of each other but what their zones say, on an Internet signed from the root down."""

import concurrent.futures
import re

import pytest

import program
import set_up
from greylisting import OVERRIDE as SHORT_GREYLISTING
from internet import Internet
from mail_user import MailUser

PORTS = set_up.PUBLIC_PORTS | set_up.INNER_PORTS


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
        program.setup(self.box, env=answers)
        self.box.wait_for_ports(PORTS)
        self.user = MailUser(self.lab, self.box, "me@" + self.domain, set_up.PASSWORD)

    def ask(self, *question):
        """dig's answer from this box's own resolver."""
        return self.internet.machine.run("dig", "@127.0.0.1", *question, network_of=self.box, check=False).stdout

    def validated(self, *question):
        return re.search(r"flags:[^;]* ad[ ;]", self.ask(*question)) is not None


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


def test_names_validate_from_the_root(one):
    assert one.validated("sender.lab", "MX") and "10 sender.lab." in one.ask("+short", "sender.lab", "MX")
    assert one.validated("nowhere.lab", "MX") and "status: NXDOMAIN" in one.ask("nowhere.lab", "MX")

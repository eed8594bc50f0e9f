"""The box as `mailinabox setup` leaves it: made once, then every test starts its own copy of it in two seconds."""

import hashlib
import json
import os
import time

import lab as laboratory

HOST_NAME = "box.example.test"
ADDRESS = "me@example.test"
PASSWORD = "seven blue bicycles"
STORAGE = "/home/user-data"
ANSWERS = {"NONINTERACTIVE": "1", "PRIMARY_HOSTNAME": HOST_NAME, "EMAIL_ADDR": ADDRESS, "EMAIL_PW": PASSWORD,
           "ACME_DIRECTORY": "none"}  # pebble.py is one, for who starts it
SECONDS = 900
PUBLIC_PORTS = {22, 25, 53, 80, 443, 465, 587, 993, 995, 4190}
# None takes mail; 143, 8952 (nsd-control) and 10222 (the management service) want a password or a key.
INNER_PORTS = {53, 143, 8461, 8952, 10222}
SPOOL = "/var/spool/postfix"
SPAM_FILTER = SPOOL + "/spampd/spampd.sock"
SIGNER = SPOOL + "/opendkim/opendkim.sock"
DMARC = SPOOL + "/opendmarc/opendmarc.sock"
MANAGEMENT = "/run/mailinabox/helper.sock"
LISTENERS = PUBLIC_PORTS | INNER_PORTS | {SPAM_FILTER, SIGNER, DMARC, MANAGEMENT, SPOOL + "/postgrey/postgrey.sock"}


# What a machine may come with that the box's services take the place of: Debian's installer has the first.
OCCUPANTS = ["exim4-daemon-light", "apache2", "iptables-persistent"]
RULES = "*filter\n:INPUT ACCEPT [0:0]\n# the administrator's own\nCOMMIT\n"
# Files that are there before their package comes, which keeps them; nothing in them reads what stands in conf.d.
OWN_FILES = {"/etc/dovecot/dovecot.conf": "protocols = imap\n", "/etc/unbound/unbound.conf": "server:\n    verbosity: 1\n"}
# What an installation from a DVD leaves in front of the network's archives. Newer than the indexes, it makes setup refresh
# them.
DISC = "deb cdrom:[Debian GNU/Linux 12.5.0 _Bookworm_ - Official amd64 DVD Binary-1 with firmware 20240210-11:28]/ bookworm main"


# The laboratory's addresses are those for documentation and have no names, for which newer rules take a message nearly for spam.
SCORES = "score RCVD_ILLEGAL_IP 0\nscore RDNS_NONE 0\n"


def _run(box, *argv):
    started = time.monotonic()
    done = box.run(*argv, check=False, env=ANSWERS, timeout=SECONDS)
    return {"exit_code": done.returncode, "stdout": done.stdout, "stderr": done.stderr,
            "seconds": time.monotonic() - started}


def layers(lab, below, again=True, systemd=True):
    """`below` with the set-up box's layer on it. What plan and setup said is in record(lab, layers)."""
    program = lab.digest_of(below[0]) if "/program" in below[0] else below[0]
    # A layer fits on what it was made on, and on nothing else.
    key = hashlib.sha256("\n".join([program] + [os.path.basename(layer) for layer in below[1:]]).encode()).hexdigest()
    name = "set-up" if systemd else "set-up-without-systemd"
    target = os.path.join(lab.layers_directory, f"{name}-{key[:12]}")
    if again or not os.path.exists(target + ".json"):
        laboratory.remove_tree(target)
        box = lab.box(name, below, systemd=systemd, host_name="fresh")
        lab.log("lab: setting up a box ...")
        box.start()
        if systemd and os.path.isdir(box.path("/etc/iptables")):
            for path, text in {**OWN_FILES, "/etc/iptables/rules.v4": RULES}.items():
                box.write(path, text)
            box.run("apt-get update", timeout=120)  # plan says what apt would do, and does not do this itself
            sources = box.read("/etc/apt/sources.list")
            box.write("/etc/apt/sources.list", DISC + "\n" + sources)
            box.run("touch -d '+1 minute' /etc/apt/sources.list")
        said = {"plan": _run(box, "mailinabox", "plan", "--json"), "setup": _run(box, "mailinabox", "setup", "--json")}
        box.run("apt-get clean", check=False)
        box.run("sed -i '/^deb cdrom:/d' /etc/apt/sources.list")
        box.write("/etc/spamassassin/laboratory.cf", SCORES)
        lab.log(f"lab: set up in {said['setup']['seconds']:.0f} s, exit code {said['setup']['exit_code']}")
        box.become_layer(target)
        with open(target + ".json", "w", encoding="utf-8") as output:
            json.dump(said, output)
    return [target] + below


def record(set_up_layers):
    with open(set_up_layers[0] + ".json", encoding="utf-8") as source:
        return json.load(source)

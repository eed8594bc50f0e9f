"""A signed little Internet: the root servers and the top-level domain lab., for boxes that resolve by themselves.

The root servers answer at their real addresses, so a box that is set up here finds out that it can ask them, and its
resolver needs no other list of them. It does need another trust anchor, as nobody here has the real root's key:
recipe() is what the operator of such a box puts into /etc/mailinabox/recipes.d.

Domains are delegated as registries do it: with NS, glue, and the DS lines that the domain's own server has made. Not
below test., of which resolvers, also those inside of other programs, say by themselves that it does not exist.
"""

import time

SERVER = "198.51.100.54"
PACKAGES = ["nsd", "ldnsutils", "bind9-dnsutils", "bind9-utils", "dns-root-data"]
SECONDS = 20
KEYS = "/etc/nsd"
PID_FILE = "/run/nsd.pid"
# Nobody keeps an answer for longer than two seconds, so what a test changes here is seen soon.
HEAD = "$TTL 2\n{zone} SOA ns.lab. hostmaster.lab. {serial} 3600 600 86400 2\n"
ZONES = {
    ".": """. NS a.root-servers.net.
a.root-servers.net. A 198.41.0.4
lab. NS ns.lab.
ns.lab. A {server}
""",
    # With those whose mail servers the tests play themselves. The bank asks everybody to refuse what is not from it.
    "lab.": """lab. NS ns.lab.
ns.lab. A {server}
sender.lab. A 198.51.100.110
sender.lab. MX 10 sender.lab.
sender.lab. TXT "v=spf1 a -all"
bank.lab. A 198.51.100.113
bank.lab. MX 10 bank.lab.
bank.lab. TXT "v=spf1 a -all"
_dmarc.bank.lab. TXT "v=DMARC1; p=reject"
""",
}


class Internet:
    """Where both zones are served, by NSD, on a machine with the tools of a DNS administrator."""

    def __init__(self, lab):
        self.lab = lab
        self.machine = lab.box("internet", lab.layer_with_packages("internet", lab.root(), PACKAGES), address=SERVER,
                               systemd=False)
        self._keys = {}  # zone -> name of the key's files
        self._delegations = {}  # zone -> lines
        self._serial = 0
        self._root_servers = []

    def __enter__(self):
        self.machine.start()
        hints = self.machine.run("cat", "/usr/share/dns/root.hints").stdout
        self._root_servers = [line.split()[-1] for line in hints.splitlines() if line.split()[-2:-1] == ["A"]]
        self.lab.network.own(SERVER, self._root_servers)
        for zone in ZONES:
            command = f"cd {KEYS} && ldns-keygen -a ECDSAP256SHA256 -k {zone}"
            self._keys[zone] = self.machine.run("sh", "-c", command).stdout.strip()
        self.machine.write("/etc/nsd/nsd.conf", self._configuration())
        self._sign()
        self.machine.run("nsd", "-c", "/etc/nsd/nsd.conf")
        self._wait_until_served()
        return self

    def __exit__(self, *error):
        self.lab.network.disown(self._root_servers)
        self.machine.destroy()

    def delegate(self, zone, servers, ds=""):
        """From now on `zone` is served by `servers` (name -> address) and has the DS records of those lines,
        with the registry's own time to live.

        The servers stand below the zone itself, or are not named anywhere else: their addresses go in as glue."""
        lines = [f"{zone}. NS {name}." for name in servers]
        lines += [f"{name}. A {address}" for name, address in servers.items() if name.endswith("." + zone)]
        lines += [f"{zone}. DS {' '.join(words[words.index('DS') + 1:])}" for words in map(str.split, ds.splitlines())]
        self._delegations[zone] = lines
        self._sign()
        self.machine.run("sh", "-c", f"kill -HUP $(cat {PID_FILE})")
        self._wait_until_served()

    def trust_anchor(self):
        """The root's DS record."""
        return " ".join(self.machine.run("cat", f"{KEYS}/{self._keys['.']}.ds").stdout.split())

    def recipe(self):
        """The operator's recipe that makes this a box's Internet."""
        return f"""recipe: test-internet
summary: A network with a root of its own
requires: [resolver, dkim]
resources:
  - file: /usr/share/dns/root.key
    content: |
      {self.trust_anchor()}
    notify: [unbound, opendkim]
"""

    def _configuration(self):
        addresses = "\n".join(f"    ip-address: {address}" for address in [SERVER] + self._root_servers)
        zones = "\n".join(f'zone:\n    name: "{zone}"\n    zonefile: "{self._file(zone)}.signed"' for zone in ZONES)
        return (f'server:\n    zonesdir: ""\n    pidfile: "{PID_FILE}"\n{addresses}\n'
                f"remote-control:\n    control-enable: no\n{zones}\n")

    def _file(self, zone):
        return f"{KEYS}/zone-{zone.strip('.') or 'root'}"

    def _sign(self):
        self._serial += 1
        for zone, text in ZONES.items():
            lines = HEAD.format(zone=zone, serial=self._serial) + text.format(server=SERVER)
            if zone == "lab.":
                lines += "".join(line + "\n" for part in self._delegations.values() for line in part)
            else:
                lines += self.machine.run("cat", f"{KEYS}/{self._keys['lab.']}.ds").stdout
            self.machine.write(self._file(zone), lines)
            self.machine.run("ldns-signzone", "-o", zone, self._file(zone), f"{KEYS}/{self._keys[zone]}")

    def _wait_until_served(self):
        end = time.monotonic() + SECONDS
        for zone in ZONES:
            while True:
                answer = self.machine.run("dig", "+short", "+norec", "+tries=1", "+time=1", f"@{SERVER}", zone, "SOA",
                                          check=False).stdout.split()
                if answer[2:3] == [str(self._serial)]:
                    break
                assert time.monotonic() < end, f"{zone} with serial {self._serial} is not served: {answer}"
                time.sleep(0.05)

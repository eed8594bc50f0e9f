"""The test network's name server: the only one a box can reach.

It knows two mail domains, one block-listed client and what a test adds to `records`; for zones that a test delegates it asks
their own name server. It does no DNSSEC, like many a provider's.
"""

import socket
import threading

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

LISTED_CLIENT = "198.51.100.66"
BLOCK_LISTS = ("zen.spamhaus.org.", "dbl.spamhaus.org.")
RECORDS = {
    ("sender.test.", "A"): "198.51.100.110",
    ("sender.test.", "MX"): "10 sender.test.",
    ("friend.test.", "A"): "198.51.100.111",
    ("friend.test.", "MX"): "10 friend.test.",
    (".".join(reversed(LISTED_CLIENT.split("."))) + ".zen.spamhaus.org.", "A"): "127.0.0.2",
}


class NameServer:
    def __init__(self, address):
        """Opens port 53 of `address` in the network namespace of the calling thread."""
        self.questions = []  # (client, name, type), as they come
        self.records = dict(RECORDS)  # (name, type) to a value as in a zone file, or to a list of them
        self.delegated = {}  # zone to the address of its name server
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, 53))
        self._tcp = socket.create_server((address, 53))
        for target in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=target, daemon=True).start()

    def answer(self, wire, client):
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query, recursion_available=True)
        response.flags &= ~dns.flags.AD
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.questions.append((client, name, kind))
        values = self.records.get((name, kind))
        if values:
            values = [values] if isinstance(values, str) else values
            response.answer.append(dns.rrset.from_text(question.name, 300, "IN", kind, *values))
        elif zone := next((zone for zone in self.delegated if name == zone or name.endswith("." + zone)), None):
            response = dns.query.udp(query, self.delegated[zone], timeout=2)
            response.flags = response.flags & ~(dns.flags.AA | dns.flags.AD) | dns.flags.RA  # as who has asked another says it
        elif name != "." and not any(known == name or known.endswith("." + name) for known, _ in list(self.records)):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()

    def publish(self, name, kind, *values):
        """Adds records; a TXT value is cut into strings as its form needs. A box may remember an earlier answer."""
        if kind == "TXT":
            values = [" ".join(f'"{value[start:start + 250]}"' for start in range(0, len(value), 250)) for value in values]
        self.records[name.rstrip(".").lower() + ".", kind] = list(values)

    def delegate(self, zone, address):
        """From now on the name server at `address` answers for `zone`, but for names that were published here."""
        self.delegated[zone.rstrip(".").lower() + "."] = address

    def _serve_udp(self):
        while True:
            try:
                wire, client = self._udp.recvfrom(4096)
            except OSError:
                return
            try:
                self._udp.sendto(self.answer(wire, client[0]), client)
            except Exception:  # what cannot be understood gets no answer, as from any name server
                continue

    def _serve_tcp(self):
        while True:
            try:
                connection, client = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(connection, client), daemon=True).start()

    def _serve_connection(self, connection, client):
        with connection, connection.makefile("rwb") as stream:
            connection.settimeout(10)
            try:
                while len(length := stream.read(2)) == 2:
                    reply = self.answer(stream.read(int.from_bytes(length, "big")), client[0])
                    stream.write(len(reply).to_bytes(2, "big") + reply)
                    stream.flush()
            except Exception:
                return

    def close(self):
        self._udp.close()
        self._tcp.close()

"""Ports are probed every 20 ms while the box is run again: nobody is refused."""

import threading
import time
import socket

import pytest

import lab as laboratory
import program

PORTS = (25, 465, 587, 993, 443)
STEP = 0.02


class Probes:
    """Connects to every port from a client of the network until told to stop."""

    def __init__(self, lab, box):
        self.lab, self.box, self._stop = lab, box, threading.Event()
        self.refused, self.tried = {port: 0 for port in PORTS}, {port: 0 for port in PORTS}

    def __enter__(self):
        self._threads = [threading.Thread(target=self._probe, args=(port,)) for port in PORTS]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_rounds(self, rounds):
        """Until each port has been tried so many times more."""
        before = dict(self.tried)
        assert laboratory.wait_for(lambda: all(self.tried[port] >= before[port] + rounds for port in PORTS), 60), self.tried

    def _probe(self, port):
        with self.lab.client("198.51.100.150"):
            while not self._stop.is_set():
                try:
                    socket.create_connection((self.box.address, port), timeout=5).close()
                except OSError:
                    self.refused[port] += 1
                self.tried[port] += 1
                time.sleep(STEP)


@pytest.mark.parametrize("what, change, changed", [
    ("a run without changes", "true", 0),
    ("a run with one changed setting", "postconf -e message_size_limit=1000000", 1),
])
def test_nobody_is_refused(lab, box, what, change, changed):
    program.setup(box)  # the laboratory writes /etc/resolv.conf when a box starts
    box.run(change)
    # Connections without a log-in, by the dozen a second, are meant here.
    box.run("for jail in $(fail2ban-client status | sed -n 's/.*Jail list:\\s*//p' | tr -d ,); do "
            "fail2ban-client set $jail addignoreip 198.51.100.150; done")
    with Probes(lab, box) as probes:
        probes.wait_for_rounds(5)
        result = program.setup(box, "--only", "postfix,web,dovecot")
        probes.wait_for_rounds(5)
    print(f"\n{what}: {probes.tried} connections, refused {probes.refused}, changed {result['changed']}")
    assert result["changed"] == changed
    assert not any(probes.refused.values()), probes.refused

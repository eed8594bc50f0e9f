"""Network namespaces: one closed Ethernet per laboratory session, and how a thread of this program works inside one.

Nothing on this Ethernet can reach the outside: 198.51.100.1 is every machine's gateway and drops all it gets, like the
firewall of a provider who lets nothing out but what is asked of his own servers.
"""

import contextlib
import ctypes
import os
import subprocess
import threading

PREFIX_LENGTH = 24
GATEWAY = "198.51.100.1"
REGISTRY = "198.51.100.2"  # the Debian packages, see registry.py
NAME_SERVER = "198.51.100.53"  # the only one, see name_server.py
BOX = "198.51.100.11"
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def _set_namespace(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, "setns: " + os.strerror(error))


@contextlib.contextmanager
def inside(name):
    """Sockets that this thread opens, and processes that it starts, belong to the network namespace `name`."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        other = os.open("/run/netns/" + name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set_namespace(other)
        finally:
            os.close(other)
        try:
            yield
        finally:
            _set_namespace(own)
    finally:
        os.close(own)


class Network:
    """The session's Ethernet: a bridge in a namespace of its own, which also holds the servers' addresses."""

    def __init__(self, session):
        self.name = "mailinabox-lab-" + session
        self._plugs = {}
        self._lock = threading.Lock()
        _ip("netns", "add", self.name)
        _ip("-n", self.name, "link", "set", "lo", "up")
        # A bridge takes the lowest address of its ports unless it has one of its own: it would change, and its
        # neighbours would go on sending to the old one.
        _ip("-n", self.name, "link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge")
        for address in (GATEWAY, REGISTRY, NAME_SERVER):
            _ip("-n", self.name, "addr", "add", f"{address}/{PREFIX_LENGTH}", "dev", "br0")
        _ip("-n", self.name, "link", "set", "br0", "up")

    def plug(self, address):
        """A namespace whose eth0 has `address`; made once for each address. Returns its name."""
        with self._lock:
            return self._plugs.get(address) or self._plug(address)

    def _plug(self, address):
        number = address.rsplit(".", 1)[1]
        name = f"{self.name}-{number}"
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", self.name, "link", "add", "v" + number, "type", "veth", "peer", "name", "eth0",
            "address", f"02:00:00:00:01:{int(number):02x}", "netns", name)  # the same for every machine that has it
        _ip("-n", self.name, "link", "set", "v" + number, "master", "br0", "up")
        _ip("-n", name, "addr", "add", f"{address}/{PREFIX_LENGTH}", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "route", "add", "default", "via", GATEWAY)
        self._plugs[address] = name
        return name

    def unplug(self, address):
        name = self._plugs.pop(address, None)
        if name:
            # The cable first: a namespace that something still holds for a moment would keep it, and its name.
            _ip("-n", self.name, "link", "del", "v" + address.rsplit(".", 1)[1])
            _ip("netns", "del", name)

    def own(self, address, others):
        """The machine at `address` has these addresses, too, and the gateway passes on what is sent to them.

        All else it goes on dropping without a word."""
        namespace = self.plug(address)
        with inside(self.name), open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as setting:
            setting.write("1")
        _ip("-n", self.name, "route", "replace", "blackhole", "default")
        for other in others:
            _ip("-n", namespace, "addr", "add", other, "dev", "lo")
            _ip("-n", self.name, "route", "add", other, "via", address)

    def disown(self, others):
        for other in others:
            _ip("-n", self.name, "route", "del", other)

    def close(self):
        for address in list(self._plugs):
            self.unplug(address)
        _ip("netns", "del", self.name)


def remove_leftovers(session):
    """Namespaces of a session whose program has died."""
    name = "mailinabox-lab-" + session
    if not os.path.isdir("/run/netns"):
        return
    for entry in os.listdir("/run/netns"):
        if entry == name or entry.startswith(name + "-"):
            _ip("netns", "del", entry)

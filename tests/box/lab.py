#!/usr/bin/python3
"""Test boxes: Debian 12 machines (and others) in containers, on a closed Ethernet of their own, gone without a trace afterwards.

For trying the real thing by hand, as root, from the top of the repository:

    /usr/bin/python3 tests/box/lab.py run --build build -- mailinabox facts
    /usr/bin/python3 tests/box/lab.py run --program build/mailinabox --share . -- sh -c 'mailinabox setup; mailinabox plan'
    /usr/bin/python3 tests/box/lab.py shell --build build      a shell in a booted box; leaving it destroys the box
    /usr/bin/python3 tests/box/lab.py shell --set-up ...       the box as it is after `mailinabox setup` (kept between
                                                               calls as long as program, recipes and templates are the
                                                               same; --again makes it anew)
    --no-systemd                                               in a container without systemd, as CI containers are
    --container                                                the smallest Debian root (implies --no-systemd)
    --release bullseye                                         Debian 11 rather than 12, or trixie, Debian 13; the program
                                                               must be a portable one then (packaging/build-deb.sh)
    --keep NAME / --from NAME                                  keep the stopped box's files as a layer / start from it
    --env NAME=VALUE                                           in the command's environment
    --packages "NAME ..."                                      with these and nothing that they only recommend
    --repository                                               with this repository, where it is here, to be written to
    --tests PROGRAM                                            with that and the libraries of a test program
    /usr/bin/python3 tests/box/lab.py clean                    removes leftovers of crashed runs (every start does, too)

Needs: mmdebstrap systemd-container iproute2 procps util-linux python3-dnspython. The first call makes the Debian root
(about a minute). Everything lies in .lab/ at the top of the repository, or in $MAILINABOX_LAB, which several work trees
may share. `--env` and the command's exit code pass through; the command has no terminal unless it is `shell`.

A box (198.51.100.11) sees: a package registry at 198.51.100.2 (Debian's archives as this machine's apt knows them), a
name server at 198.51.100.53 that knows only sender.test, friend.test and what a test tells it, a gateway that drops
everything (internet.py puts root servers behind it), and clients and other machines that tests plug in at other addresses of
198.51.100.0/24 (pebble.py: a certificate authority). It is a systemd-nspawn container on cgroup2 over an overlay.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import namespaces  # noqa: E402
import name_server  # noqa: E402
import registry  # noqa: E402

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MACHINE_PACKAGES = ["systemd", "systemd-sysv", "dbus", "iproute2", "procps", "ca-certificates", "openssh-server"]
ROOT_FILES = {"/etc/resolv.conf": f"nameserver {namespaces.NAME_SERVER}\n", "/etc/hostname": "fresh\n",
              "/etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"}
BOOT_SECONDS = 60
OWN_RELEASE = "bookworm"  # of the machine that builds and tests
RELEASES = {"trixie": "Debian 13", "bookworm": "Debian 12", "bullseye": "Debian 11, the oldest system that can be had: it stands for Ubuntu 18.04"}


class CommandFailed(Exception):
    """A command in a box ended otherwise than expected; the message has what it said."""


def tail(text, lines=40):
    return "\n".join(text.splitlines()[-lines:])


def _mounts_below(directory):
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        points = [line.split()[4].encode().decode("unicode_escape") for line in table]
    return [point for point in points if point == directory or point.startswith(directory + "/")]


def _unmount(point, lazily=True):
    """Waits for those who are just leaving. What is still open then stays so, but out of sight, or is an error."""
    def done():
        return subprocess.run(["umount", point], check=False, capture_output=True).returncode == 0

    if not wait_for(done, 20, step=0.2):
        subprocess.run(["umount", "--lazy", point] if lazily else ["umount", point], check=True)


def remove_tree(directory):
    """Deletes `directory`, after unmounting what is mounted in it, and never anything behind a mount."""
    for point in sorted(_mounts_below(directory), key=len, reverse=True):
        _unmount(point)
    if _mounts_below(directory):
        raise RuntimeError(f"{directory}: still something mounted in it; not deleted")
    subprocess.run(["rm", "-rf", "--one-file-system", directory], check=True)


def wait_for(condition, seconds, step=0.05):
    """What the condition gives once that is true, or its last answer after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(step)
    return condition()


# --- cgroups: one for every box; all processes of a box are in it, so that a crashed run's can be found ---------------

def _cgroup_root():
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            if line.split()[2] == "cgroup2":
                return line.split()[1]
    directory = "/run/mailinabox-lab-cgroup"
    os.makedirs(directory, exist_ok=True)
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", directory], check=True)
    return directory


def _processes_of(cgroup):
    found = []
    for directory, _, _ in os.walk(cgroup):
        try:
            with open(directory + "/cgroup.procs", encoding="ascii") as processes:
                found += [int(line) for line in processes if line.strip() != "0"]
        except OSError:
            continue
    return found


def _end_cgroup(cgroup):
    def empty():
        for process in _processes_of(cgroup):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not _processes_of(cgroup)

    if not os.path.isdir(cgroup):
        return
    wait_for(empty, 10)
    for directory, _, _ in os.walk(cgroup, topdown=False):
        try:
            os.rmdir(directory)
        except OSError:
            pass


# --- boxes ----------------------------------------------------------------------------------------------------------

class Box:
    """One machine. Made by Lab.box(); `with` destroys it at the end."""

    def __init__(self, lab, name, layers, address, systemd, host_name, bind):
        self.lab, self.name, self.address, self.systemd, self.bind = lab, name, address, systemd, bind
        self.directory = os.path.join(lab.session_directory, "boxes", name)
        self.root = os.path.join(self.directory, "root")
        self.upper = os.path.join(self.directory, "upper")
        self.cgroup = os.path.join(_cgroup_root(), f"mailinabox-lab-{lab.session}-{name}")
        self.console = os.path.join(self.directory, "console.log")
        self._nspawn = None
        self._leader = None
        self._capabilities = None
        for directory in (self.root, self.upper, os.path.join(self.directory, "work")):
            os.makedirs(directory)
        options = f"lowerdir={':'.join(layers)},upperdir={self.upper},workdir={self.directory}/work"
        if not lab.durable:
            options += ",volatile"  # dpkg alone asks for some thousand files to be on the disk before it goes on
        subprocess.run(["mount", "-t", "overlay", f"box-{name}", "-o", options, self.root], check=True)
        if host_name:
            self.write("/etc/hostname", host_name + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.destroy()

    # files, as the box sees them

    def path(self, name):
        return self.root + name

    def read(self, name):
        return self.run("cat", name).stdout if self._leader else open(self.path(name), encoding="utf-8").read()

    def write(self, name, text, mode=None):
        """Writes a file from outside. For symbolic links with absolute targets use run() in a running box."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as output:
            output.write(text)
        if mode is not None:
            os.chmod(path, mode)

    # life

    def start(self):
        """Boots the box (or starts the container) and waits until it is up."""
        namespace = self.lab.network.plug(self.address)
        os.makedirs(self.cgroup, exist_ok=True)
        script = ('echo $$ > "$1"/cgroup.procs; shift; exec unshare -m --propagation private sh -c \''
                  'if mountpoint -q /sys/fs/cgroup; then umount -R /sys/fs/cgroup; fi && '
                  'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"\' sh "$@"')
        nspawn = ["env", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network",
                  "systemd-nspawn", "-q", "-D", self.root, "-M", f"{self.name}-{self.lab.session}",
                  "--hostname=" + self.name, "--register=no", "--keep-unit",
                  "--console=pipe", "--resolv-conf=off", "--timezone=off", "--capability=CAP_NET_ADMIN",
                  "--network-namespace-path=/run/netns/" + namespace]
        nspawn += [f"--bind={outside}:{inside}" for outside, inside in self.bind.items()]
        if self.systemd:
            nspawn.append("--boot")
        else:
            nspawn += ["--as-pid2", "sh", "-c", "touch /run/container-is-up; exec sleep infinity"]
        with open(self.console, "ab") as console:
            self._nspawn = subprocess.Popen(["sh", "-c", script, "sh", self.cgroup, *nspawn], stdin=subprocess.DEVNULL,
                                            stdout=console, stderr=subprocess.STDOUT, start_new_session=True)
        sign = "/run/systemd/private" if self.systemd else "/run/container-is-up"
        self._leader = wait_for(lambda: self._find_leader(sign), BOOT_SECONDS)
        if not self._leader:
            raise CommandFailed(f"box {self.name} did not start; its console:\n{tail(self.console_text())}")
        self._capabilities = self._capability_options()
        if self.systemd:
            self.run("systemctl", "is-system-running", "--wait", check=False, timeout=BOOT_SECONDS)
        return self

    def _find_leader(self, sign):
        if self._nspawn.poll() is not None:
            raise CommandFailed(f"box {self.name} ended while starting; its console:\n{tail(self.console_text())}")
        children = subprocess.run(["pgrep", "-P", str(self._nspawn.pid)], capture_output=True, text=True, check=False)
        for process in children.stdout.split():
            if os.path.exists(f"/proc/{process}/root{sign}"):
                return int(process)
        return None

    def _capability_options(self):
        with open(f"/proc/{self._leader}/status", encoding="ascii") as status:
            bounding = next(int(line.split()[1], 16) for line in status if line.startswith("CapBnd"))
        names = [f"+cap_{number}" for number in range(41) if bounding >> number & 1]
        return ["setpriv", "--bounding-set", ",".join(["-all"] + names)]

    @property
    def leader(self):
        """Process id, seen from outside, of the box's first process."""
        return self._leader

    @property
    def running(self):
        return self._leader is not None

    def log_tails(self, lines=25):
        """The ends of the logs an administrator would look into."""
        script = ("for f in /var/log/mail.log /var/log/syslog; do [ -s $f ] && echo \"== $f\" && tail -n %d $f; done; "
                  "command -v journalctl >/dev/null && echo '== journal' && journalctl --no-pager -q -n %d") % (lines, lines)
        try:
            return self.run("sh", "-c", script, check=False, timeout=20).stdout
        except CommandFailed as error:
            return str(error)

    def console_text(self):
        with open(self.console, encoding="utf-8", errors="replace") as console:
            return console.read()

    def command(self, argv, env=None, network_of=None):
        """The argument list that runs `argv` in the box, with the box's own capabilities and a plain environment.

        network_of: another box, whose network this program of ours uses then."""
        environment = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "TERM": "dumb", **(env or {})}
        network = f"--net=/proc/{(network_of or self).leader}/ns/net"
        return ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", network, "-p", "-C", "-r", "-w",
                *self._capabilities, "env", "-i", *(f"{name}={value}" for name, value in environment.items()), *argv]

    def run(self, *argv, check=True, input=None, env=None, timeout=120, shell="sh", network_of=None):
        """Runs a command in the box. One word with blanks is a script for `shell`. Gives a CompletedProcess with texts.

        check: True: the exit code must be 0; a number: it must be that; False: any."""
        if len(argv) == 1 and any(mark in argv[0] for mark in " \n;|"):
            argv = (shell, "-c", argv[0])
        source = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        shown = " ".join(argv)
        try:
            done = subprocess.run(self.command(argv, env, network_of), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  errors="replace", timeout=timeout, check=False, **source)
        except subprocess.TimeoutExpired as error:
            said = b"".join(part for part in (error.stdout, error.stderr) if part).decode(errors="replace")
            raise CommandFailed(f"in box {self.name}: {shown}\nnot finished after {timeout} s; it said:\n"
                                f"{tail(said)}") from None
        if check is not False and done.returncode != (0 if check is True else check):
            expected = 0 if check is True else check
            raise CommandFailed(f"in box {self.name}: {shown}\nexit code {done.returncode} instead of {expected}; it "
                                f"said:\n{tail(done.stdout)}\n{tail(done.stderr)}")
        return done

    def power_off(self):
        """A clean shutdown; the files stay and the box can be started again."""
        if self._nspawn is None:
            return
        if self.systemd:
            os.kill(self._leader, signal.SIGRTMIN + 4)
            try:
                self._nspawn.wait(60)
            except subprocess.TimeoutExpired:
                pass
        self.pull_plug()

    def pull_plug(self):
        if self._nspawn is None:
            return
        _end_cgroup(self.cgroup)
        self._nspawn.wait(30)
        self._nspawn = self._leader = None
        self.lab.network.unplug(self.address)

    def listening(self):
        """{(address is loopback, port)} of TCP sockets that wait for connections."""
        found = set()
        for table in ("tcp", "tcp6"):
            with open(f"/proc/{self._leader}/net/{table}", encoding="ascii") as sockets:
                for line in list(sockets)[1:]:
                    address, port = line.split()[1].split(":")
                    if line.split()[3] == "0A":
                        loopback = address.endswith("7F") or address == "00000000000000000000000001000000"
                        found.add((loopback, int(port, 16)))
        return found

    def listening_sockets(self):
        """The paths of Unix sockets that wait for connections."""
        with open(f"/proc/{self._leader}/net/unix", encoding="utf-8") as sockets:
            lines = [line.split(None, 7) for line in list(sockets)[1:]]
        return {line[7].strip() for line in lines if len(line) == 8 and line[3] == "00010000"}

    def wait_for_listeners(self, places, seconds=60):
        """`places`: ports, and paths of Unix sockets. After a boot systemd calls a service started that is still loading its
        rules."""
        def missing():
            return set(places) - {port for _, port in self.listening()} - self.listening_sockets()

        if not wait_for(lambda: not missing(), seconds):
            raise CommandFailed(f"nothing listens on {sorted(map(str, missing()))} of box {self.name} {seconds} s after its "
                                f"start\n{self.log_tails()}")
        return self

    def reboot(self):
        self.power_off()
        return self.start()

    def destroy(self):
        self.pull_plug()
        remove_tree(self.directory)

    def become_layer(self, directory):
        """Stops the box and keeps what it changed as a layer for others; the box is gone then."""
        self.power_off()
        _unmount(self.root, lazily=False)
        os.makedirs(os.path.dirname(directory), exist_ok=True)
        os.rename(self.upper, directory)
        remove_tree(self.directory)


# --- the laboratory -------------------------------------------------------------------------------------------------

class Lab:
    """A session: network, registry, name server, boxes. `with` removes all of it, except for what others can re-use."""

    def __init__(self, log=None, durable=False):
        """durable: what a box asks to be written to the disk is, and waited for; for who measures that."""
        if os.geteuid() != 0:
            raise SystemExit("test boxes are containers: run this as root")
        self.durable = durable
        self.log = log or (lambda line: print(line, file=sys.stderr, flush=True))
        self.directory = os.environ.get("MAILINABOX_LAB") or os.path.join(REPOSITORY, ".lab")
        self.layers_directory = os.path.join(self.directory, "layers")
        os.makedirs(self.layers_directory, exist_ok=True)
        remove_leftovers(self.directory)
        self.session = format(os.getpid(), "x")
        self.session_directory = os.path.join(self.directory, "sessions", self.session)
        os.makedirs(os.path.dirname(self.session_directory), exist_ok=True)
        nascent = os.path.join(self.directory, "nascent-" + self.session)
        os.makedirs(nascent + "/boxes", exist_ok=True)
        self._lock = open(nascent + "/lock", "w", encoding="ascii")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.rename(nascent, self.session_directory)  # from here on others see it, with its lock held
        self.registry = registry.Registry(os.path.join(self.directory, "packages"), self.log)
        self.network = namespaces.Network(self.session)
        with namespaces.inside(self.network.name):
            self.registry.serve(namespaces.REGISTRY)
            self.name_server = name_server.NameServer(namespaces.NAME_SERVER)
        self.registry.start()
        self.boxes = []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        for box in self.boxes:
            if os.path.isdir(box.directory):
                box.destroy()
        self.registry.close()
        self.name_server.close()
        self.network.close()
        remove_tree(self.session_directory)
        self._lock.close()

    def box(self, name, layers, address=namespaces.BOX, systemd=True, host_name="", bind=None):
        """A new box over `layers`, the uppermost first; not started yet. bind: directories of this machine, and where the
        box finds them."""
        box = Box(self, name, layers, address, systemd, host_name, bind or {})
        self.boxes.append(box)
        return box

    def client(self, address):
        """`with lab.client("198.51.100.101"):` what the thread connects to is then reached from that address."""
        return namespaces.inside(self.network.plug(address))

    # layers, uppermost first

    def _layer(self, name, key, make):
        digest = hashlib.sha256(repr(key).encode()).hexdigest()[:12]
        target = os.path.join(self.layers_directory, f"{name}-{digest}")
        with open(os.path.join(self.layers_directory, name + ".lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.isdir(target):
                started = time.monotonic()
                self.log(f"lab: making {name} ...")
                make(target)
                self.log(f"lab: {name} made in {time.monotonic() - started:.0f} s")
        return target

    def _make_root(self, target, release):
        """The smallest Debian, as container images are: what is essential, and apt."""
        building = os.path.join(self.session_directory, "building")
        log = os.path.join(self.session_directory, "mmdebstrap.log")
        options = [f"--aptopt={line}" for line in registry.apt_settings_of_this_machine().splitlines()]
        with namespaces.inside(self.network.name), open(log, "w", encoding="utf-8") as output:
            done = subprocess.run(["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory",
                                   "--aptopt=Acquire::Languages \"none\"", *options, release, building, "-"],
                                  input=self.registry.sources(namespaces.REGISTRY, release), stdout=output,
                                  stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            with open(log, encoding="utf-8") as said:
                raise CommandFailed(f"mmdebstrap failed:\n{tail(said.read())}")
        for name, text in ROOT_FILES.items():  # what a network's and a container's manager write
            path = building + name
            if os.path.lexists(path):
                os.unlink(path)
            with open(path, "w", encoding="utf-8") as output:
                output.write(text)
        os.rename(building, target)

    def root(self, release=OWN_RELEASE):
        """`release` is one of RELEASES, by Debian's code name."""
        name = "root" if release == OWN_RELEASE else "root-" + release
        return [self._layer(name, (self.registry.sources(namespaces.REGISTRY, release), ROOT_FILES),
                            lambda target: self._make_root(target, release))]

    def layer_with_packages(self, name, below, packages):
        def make(target):
            box = self.box(name, below, systemd=False)
            box.start()
            box.run("apt-get update", timeout=300)
            box.run("apt-get", "install", "-y", "--no-install-recommends", *packages, timeout=600,
                    env={"DEBIAN_FRONTEND": "noninteractive"})
            box.run("apt-get clean; rm -rf /var/lib/apt/lists/*")
            box.become_layer(target)

        return [self._layer(name, (below, packages), make)] + below

    def machine(self, release=OWN_RELEASE):
        """A fresh server: systemd, an SSH server, little else."""
        name = "machine" if release == OWN_RELEASE else "machine-" + release
        return self.layer_with_packages(name, self.root(release), MACHINE_PACKAGES)

    def program(self, build=None, program=None, share=None, below=None):
        """`below` (default: the machine) with the program of a build directory installed under /usr, and the packages
        with the libraries it is linked to. Without `build`: the file `program`, recipes and templates from `share`."""
        names = hashlib.sha256(repr((build, program, share)).encode()).hexdigest()[:12]
        target = os.path.join(self.session_directory, "program-" + names)
        if not os.path.isdir(target):
            if build:
                subprocess.run(["cmake", "--install", build, "--strip", "--prefix", "/usr"], check=True, capture_output=True,
                               env={**os.environ, "DESTDIR": target})
            else:
                os.makedirs(target + "/usr/sbin")
                shutil.copy2(program, target + "/usr/sbin/mailinabox")
                for folder in ("recipes", "templates"):
                    shutil.copytree(os.path.join(share, folder), f"{target}/usr/share/mailinabox/{folder}")
        packages = _packages_of_libraries(target + "/usr/sbin/mailinabox")
        below = below or self.machine()
        return [target] + (self.layer_with_packages("libraries", below, packages) if packages else below)

    def digest_of(self, directory):
        """A digest over the files of a layer, for naming what is made from it."""
        digest = hashlib.sha256()
        for folder, folders, files in os.walk(directory):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(folder, name)
                digest.update(path[len(directory):].encode() + b"\0")
                with open(path, "rb") as content:
                    digest.update(content.read())
        return digest.hexdigest()


def _packages_of_libraries(program):
    libraries = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    packages = set()
    for line in libraries.splitlines():
        words = line.split()
        if len(words) >= 3 and words[1] == "=>":
            real = os.path.realpath(words[2])
            for path in (words[2], "/usr" + words[2], real, real.replace("/usr/lib/", "/lib/", 1)):
                owner = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True, check=False)
                if owner.returncode == 0:
                    packages.add(owner.stdout.split(":")[0])
                    break
            else:
                raise RuntimeError(f"no Debian package has {words[2]}, which {program} is linked to")
    return sorted(packages)


def remove_leftovers(directory):
    """What sessions have left whose program has died: processes, mounts, namespaces, files."""
    sessions = os.path.join(directory, "sessions")
    for session in os.listdir(sessions) if os.path.isdir(sessions) else []:
        path = os.path.join(sessions, session)
        try:
            with open(path + "/lock", "a", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # alive
        except FileNotFoundError:
            continue  # just being made or removed
        root = _cgroup_root()
        for entry in os.listdir(root):
            if entry.startswith(f"mailinabox-lab-{session}-"):
                _end_cgroup(os.path.join(root, entry))
        namespaces.remove_leftovers(session)
        remove_tree(path)


# --- by hand --------------------------------------------------------------------------------------------------------

def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["run", "shell", "prepare", "clean"])
    parser.add_argument("--build", help="build directory to install the program from")
    parser.add_argument("--program", help="the program, where no build directory is given")
    parser.add_argument("--share", default=REPOSITORY, help="directory with recipes/ and templates/, for --program")
    parser.add_argument("--set-up", action="store_true", help="after mailinabox setup")
    parser.add_argument("--again", action="store_true", help="with --set-up: not the kept one")
    parser.add_argument("--no-systemd", action="store_true")
    parser.add_argument("--container", action="store_true")
    parser.add_argument("--release", choices=sorted(RELEASES), default=OWN_RELEASE)
    parser.add_argument("--keep", metavar="NAME")
    parser.add_argument("--from", metavar="NAME", dest="start_from")
    parser.add_argument("--packages", default="", metavar="NAMES")
    parser.add_argument("--repository", action="store_true")
    parser.add_argument("--tests", metavar="PROGRAM")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--host-name", default="fresh")
    words = sys.argv[1:]
    own, command = (words[:words.index("--")], words[words.index("--") + 1:]) if "--" in words else (words, [])
    wanted = parser.parse_args(own)
    wanted.command = command
    if wanted.action == "run" and not command:
        parser.error("run needs a command after --")
    return wanted


def main():
    wanted = _arguments()
    if wanted.action == "clean":
        remove_leftovers(os.environ.get("MAILINABOX_LAB") or os.path.join(REPOSITORY, ".lab"))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Lab() as lab:
        if wanted.action == "prepare":
            lab.machine(wanted.release)
            return 0
        layers = lab.root(wanted.release) if wanted.container else lab.machine(wanted.release)
        if wanted.start_from:
            layers = [os.path.join(lab.layers_directory, "kept-" + wanted.start_from)] + layers
        packages = wanted.packages.split() + (_packages_of_libraries(wanted.tests) if wanted.tests else [])
        if packages:
            layers = lab.layer_with_packages("packages", layers, packages)
        if wanted.build or wanted.program:
            layers = lab.program(wanted.build, wanted.program, wanted.share, layers)
        if wanted.set_up:
            import set_up
            layers = set_up.layers(lab, layers, again=wanted.again, systemd=not wanted.no_systemd)
        systemd = not (wanted.no_systemd or wanted.container)
        box = lab.box("box", layers, systemd=systemd, host_name="" if wanted.set_up else wanted.host_name,
                      bind={REPOSITORY: REPOSITORY} if wanted.repository or wanted.tests else None).start()
        environment = dict(pair.split("=", 1) for pair in wanted.env)
        argv = wanted.command or ["sh", "-c", "cd; exec bash -i"]
        if wanted.action == "shell":
            environment.setdefault("TERM", os.environ.get("TERM", "dumb"))
        source = None if wanted.action == "shell" else subprocess.DEVNULL
        code = subprocess.call(box.command(argv, environment), stdin=source)
        if wanted.keep:
            target = os.path.join(lab.layers_directory, "kept-" + wanted.keep)
            remove_tree(target)
            box.become_layer(target)
        return code


if __name__ == "__main__":
    sys.exit(main())

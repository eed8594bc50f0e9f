#!/usr/bin/python3
"""The benchmark: each figure beside a floor or a peer, in one run, in boxes of tests/box/lab.py.

    /usr/bin/python3 tests/bench/run.py --build build/tests [--portable PROGRAM] [--package FILE] [--only rerun,workload,domains,names,management,first,mail]
        [--counts 100,1000,10000] [--before TREE]

rerun     a second `mailinabox setup`, a `plan` and `--version` on a complete box, by the program that is linked to Debian's
          libraries and by the one of the package, which carries its own, against a program that only looks at the same
          files, packages and services (tests/bench/floor.cpp); how often each opens the users' database and asks a name
          server
workload  N files from a template, 60 packages, 20 services, 40 settings, 10 users: first run and no-op, against the same
          floor, CFEngine 3 and Ansible on the same state
domains   `mailinabox dns update` with 1, 100 and 1,000 domains (10,000 users): nothing changed, one record changed, all
          zones signed anew, beside ldns-signzone on the same zones
names     `plan` and `tls status` with 1,000 names, each with a certificate of its own, and 1,000 certificates that have ended in
          the store, beside a process that only reads these files
management the management service: memory, how long it takes from its start to an answer, and what an answer takes with 8
          clients at a time, by the number of users and domains; with --package FILE also the size of that
first     the first run of the box against apt-get install of the same packages and one start of each service
mail      messages a second from port 25 to the mailbox, and what each service spends on one (mail_path.py); with --before
          TREE also on a box that the same program has set up with the recipes and templates of another work tree

No-op figures are the best of several runs, first runs are single ones. "processes" counts what came into being on the
machine meanwhile, threads included.
"""

import argparse
import base64
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "box")]

import lab as laboratory  # noqa: E402
import mail_path  # noqa: E402
import set_up  # noqa: E402
import workload  # noqa: E402

ENVIRONMENT = {"NONINTERACTIVE": "1"}
HOST_NAME = "bench.example.org"
ANSIBLE_UP_TO = 100  # at 1,000 one run took more than five minutes


def measure(box, *command, runs=1, accept=(0,)):
    best = None
    for _ in range(runs):
        done = box.run("/bench/measure", *command, env=ENVIRONMENT, timeout=3600)
        figures = json.loads(done.stdout.splitlines()[-1])
        if figures["exit_code"] not in accept:
            raise laboratory.CommandFailed(f"{' '.join(command)}: exit code {figures['exit_code']}\n{done.stderr[-2000:]}")
        if best is None or figures["wall"] < best["wall"]:
            best = figures
    return best


class Table:
    def __init__(self, title):
        self.floor = None
        print(f"\n{title}\n\n| | wall ms | CPU ms | memory MB | processes | times the floor |\n|---|---|---|---|---|---|")

    def row(self, name, figures, floor=False):
        if floor:
            self.floor = figures["wall"]
        ratio = f"{figures['wall'] / self.floor:.1f}" if self.floor else ""
        print(f"| {name} | {figures['wall'] * 1000:.1f} | {figures['cpu'] * 1000:.1f} "
              f"| {figures['memory_kb'] / 1024:.1f} | {figures['processes']} | {ratio} |", flush=True)


def bring_tools(box, build, portable=None):
    os.makedirs(box.path("/bench"), exist_ok=True)
    tools = {name: f"{build}/tests/bench/bench_{name}" for name in ("floor", "measure", "requests")}
    if portable:
        tools["portable"] = portable
    for name, path in tools.items():
        with open(path, "rb") as source, open(box.path(f"/bench/{name}"), "wb") as target:
            target.write(source.read())
        os.chmod(box.path(f"/bench/{name}"), 0o755)


def paths_of(resources):
    kinds = ("file", "settings", "secret", "private_key", "database")
    names = [name.split("#")[0] for kind, name in (entry["id"].split(":", 1) for entry in resources) if kind in kinds]
    return sorted(set(names))


def floor_manifest(box, paths, packages):
    lines = []
    for path in paths:
        real = box.path(path)
        if not os.path.isfile(real):
            continue
        status = os.stat(real)
        with open(real, "rb") as source:
            content = source.read()
        header = f"{status.st_mode & 0o7777:o} {status.st_uid} {status.st_gid} {len(content)} {path}\n"
        lines.append(header.encode() + content + b"\n")
    return b"".join(lines) + "".join(f"package {name}\n" for name in packages).encode()


def names_of(resources, kind):
    return [entry["id"].split(":", 1)[1] for entry in resources if entry["id"].startswith(kind + ":")]


def resources_of(box):
    """Every resource of the box's recipes, with its id."""
    names = [one["recipe"] for one in json.loads(box.run("mailinabox", "recipes", "list", "--json").stdout)["recipes"]]
    return [resource for name in names
            for resource in json.loads(box.run("mailinabox", "recipes", "show", name, "--json").stdout)["resources"]]


def outside_calls(box, *command):
    """How often a command opens the users' database, and how often it asks a name server."""
    box.run("strace", "-f", "-qq", "-e", "trace=openat,connect,sendto", "-o", "/bench/trace", *command, env=ENVIRONMENT,
            timeout=600)
    lines = box.read("/bench/trace").splitlines()
    return (sum('/users.sqlite"' in line and "O_DIRECTORY" not in line for line in lines),
            sum("sendto(" in line and "nlmsg_" not in line for line in lines))  # a connected socket alone asks nobody


def rerun(lab, build, layers, portable):
    layers = lab.layer_with_packages("bench-strace", layers, ["strace"])
    with lab.box("rerun", layers, host_name="") as box:
        bring_tools(box, build, portable)
        box.start()
        resources = resources_of(box)
        with open(box.path("/bench/manifest"), "wb") as target:
            target.write(floor_manifest(box, paths_of(resources), names_of(resources, "package")))
        units = [f"{name}.service" for name in names_of(resources, "service")]
        measure(box, "mailinabox", "setup", runs=2)
        table = Table(f"Re-run of a complete box ({len(resources)} resources)")
        table.row("floor: only looks", measure(box, "/bench/floor", "/bench/manifest", *units, runs=20), floor=True)
        programs = {"mailinabox": "mailinabox"} | ({"the package's mailinabox": "/bench/portable"} if portable else {})
        for name, program in programs.items():
            for word, runs in (("setup", 20), ("plan", 20), ("--version", 50)):
                table.row(f"{name} {word}", measure(box, program, word, runs=runs))
        for command in ("setup", "plan"):
            opened, asked = outside_calls(box, "mailinabox", command)
            print(f"\nmailinabox {command}: users.sqlite opened {opened} times (goal 1), DNS asked {asked} times (goal 0)")


def peers_layer(lab, below):
    return lab.layer_with_packages("bench-peers", below, ["cfengine3", "ansible", "python3-apt"])


def first_packages(box, count):
    with open(box.path("/var/lib/dpkg/status"), encoding="utf-8") as status:
        names = [line.split()[1] for line in status if line.startswith("Package: ")]
    return sorted(names)[:count]


def forget_state(box):
    paths = " ".join([workload.ROOT, *workload.SETTINGS])
    users = " ".join(workload.USERS)
    box.run(f"rm -rf {paths}; for user in {users}; do userdel $user 2>/dev/null || true; done", timeout=120)


def work(lab, build, layers, counts):
    with lab.box("workload", layers) as box:
        bring_tools(box, build)
        for service in workload.SERVICES:
            box.write(f"/etc/systemd/system/{service}.service",
                      "[Unit]\nDescription=benchmark\n[Service]\nExecStart=/bin/sleep infinity\n"
                      "[Install]\nWantedBy=multi-user.target\n")
        box.start()
        units = [f"{service}.service" for service in workload.SERVICES]
        box.write("/etc/mailinabox.conf", f"PRIMARY_HOSTNAME={HOST_NAME}\n")
        box.run("systemctl", "enable", "--now", *units)
        packages = first_packages(box, 60)
        for count in counts:
            workload.write(box.path(f"/bench/{count}"), f"/bench/{count}", count, packages, "debian-12")
            box.run("chmod", "600", f"/bench/{count}/cfengine.cf")
            compare(box, count, packages, units)


def compare(box, count, packages, units):
    directory = f"/bench/{count}"
    ours = ("mailinabox", "setup", "--share", directory + "/share")
    written = ("mailinabox", "setup", "--share", directory + "/written-out")
    cfengine = ("cf-agent", "--no-lock", "--file", directory + "/cfengine.cf")
    ansible = ("ansible-playbook", directory + "/ansible.yml")
    first = {}
    for name, command in (("CFEngine 3", cfengine), ("Ansible", ansible), ("mailinabox", ours)):
        if name == "Ansible" and count > ANSIBLE_UP_TO:
            continue
        forget_state(box)
        first[name] = measure(box, *command)
    identity = box.run("id -u mail; getent group adm | cut -d: -f3").stdout.split()
    with open(box.path(directory + "/manifest"), "w", encoding="utf-8") as target:
        target.write(workload.manifest(box.root, count, packages, HOST_NAME, *identity))
    table = Table(f"Workload, N = {count}")
    floor = measure(box, "/bench/floor", directory + "/manifest", *units, runs=10)
    table.row("floor: only looks", floor, floor=True)
    table.row("mailinabox, no-op", measure(box, *ours, runs=10))
    table.row("mailinabox, no-op, every file written out", measure(box, *written, runs=5))
    measure(box, *cfengine)
    table.row("CFEngine 3, no-op", measure(box, *cfengine, runs=2))
    if count <= ANSIBLE_UP_TO:
        measure(box, *ansible)
        table.row("Ansible, no-op", measure(box, *ansible))
    for name, figures in first.items():
        table.row(f"{name}, first run", figures)


def first(lab, build, layers):
    with lab.box("first", layers, host_name="fresh") as box:
        bring_tools(box, build)
        box.start()
        resources = json.loads(box.run("mailinabox", "plan", "--json", check=2, timeout=120, env=ENVIRONMENT).stdout)
        packages = names_of(resources["changes"], "package")
        # Twice, so that both find the registry warm.
        ours = measure(box, "mailinabox", "setup")
        services = resources_of(box)
    with lab.box("first", layers, host_name="fresh") as box:
        bring_tools(box, build)
        box.start()
        ours = measure(box, "mailinabox", "setup")
    with lab.box("alone", layers, host_name="fresh") as box:
        bring_tools(box, build)
        box.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", mode=0o755)
        box.start()
        script = ("export DEBIAN_FRONTEND=noninteractive; apt-get -q update >/dev/null && apt-get -q -y install "
                  "--no-install-recommends " + " ".join(packages) + " >/dev/null")
        apt = measure(box, "sh", "-c", script)
        started = time.monotonic()
        for name in names_of(services, "service"):
            box.run(f"systemctl start {name} 2>/dev/null || true", timeout=120)
        starting = time.monotonic() - started
    print(f"\nFirst run, {len(packages)} packages named\n\n| | wall s |\n|---|---|\n| apt-get update and install alone "
          f"| {apt['wall']:.1f} |\n| starting each service once | {starting:.1f} |\n| mailinabox setup | {ours['wall']:.1f} "
          f"|\n| over both | {ours['wall'] - apt['wall'] - starting:.1f} |", flush=True)


def mail(lab, build, layers, before):
    if before:
        older = lab.program(program=f"{build}/mailinabox", share=before)
        mail_path.table(lab, set_up.layers(lab, older, again=False), "before")
    mail_path.table(lab, set_up.layers(lab, layers, again=False), "now")


USERS = 10_000


def add_domains(box, count):
    """Users in `count` domains; their passwords are never asked for."""
    names = [f"domain{number}.example.org" for number in range(count)]
    rows = [(f"user{number}@{names[number % count]}",) for number in range(USERS)]
    with sqlite3.connect(box.path(f"{set_up.STORAGE}/mail/users.sqlite")) as database:
        database.execute("DELETE FROM users WHERE email LIKE '%@domain%.example.org'")
        database.executemany("INSERT INTO users (email, password) VALUES (?, '{CRYPT}!')", rows)
    return names


def sign_with_ldns(box, names):
    """ldns-signzone, once a zone, with keys of their own; seconds a zone."""
    with tempfile.TemporaryDirectory() as folder:
        def make(*words):
            return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

        keys = {name: [make("ldns-keygen", "-a", "ECDSAP256SHA256", *role, name) for role in (["-k"], [])]
                for name in names}
        began = time.monotonic()
        for name in names:
            make("ldns-signzone", "-n", "-t", "0", "-o", name, "-f", name + ".signed",
                 box.path(f"/etc/nsd/zones/{name}.txt"), *keys[name])
        return (time.monotonic() - began) / len(names)


def domains(lab, build, layers, counts):
    with lab.box("domains", layers, host_name="") as box:
        bring_tools(box, build)
        box.start()
        update = ("mailinabox", "dns", "update")
        for count in counts:
            names = add_domains(box, count)
            measure(box, *update)
            box.run("rm -f /etc/nsd/zones/*.txt*")
            anew = measure(box, *update)
            box.run("mailinabox", "dns", "set", f"one.{names[0]}", "A", "192.0.2.1", timeout=120)
            box.run("mailinabox", "dns", "remove", f"one.{names[0]}", "A", timeout=120)
            box.write(f"{set_up.STORAGE}/dns/custom.yaml", f"one.{names[0]}: 192.0.2.2\n")
            one = measure(box, *update)
            peer = sign_with_ldns(box, names[:100])
            table = Table(f"dns update, {count} domains, {USERS} users (ldns-signzone alone: {peer * count * 1000:.0f} ms for all)")
            table.row("unchanged", measure(box, *update, runs=10), floor=True)
            table.row("one record changed", one)
            table.row("all signed anew", anew)


NAMES = 1000
CERTIFICATES = """set -e
cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=Root -keyout /root/ca.key -out /root/ca.pem -addext keyUsage=critical,keyCertSign
cat /root/ca.pem >> /etc/ssl/certs/ca-certificates.crt
openssl req -new -key ssl_private_key.pem -subj / -out /root/request
for name in $2; do
  printf 'subjectAltName=DNS:%s\n' $name > /root/names
  openssl x509 -req -in /root/request -CA /root/ca.pem -CAkey /root/ca.key -set_serial 0x$RANDOM$RANDOM -days 90 -extfile /root/names -out $name-20300101-00000000.pem
  openssl x509 -req -in /root/request -CA /root/ca.pem -CAkey /root/ca.key -set_serial 0x$RANDOM$RANDOM -days 0 -extfile /root/names -out $name-20200101-00000000.pem
done 2>&1 | tail -n 5
"""


def names_and_certificates(lab, build, layers):
    with lab.box("names", layers, host_name="") as box:
        bring_tools(box, build)
        box.start()
        add_domains(box, NAMES // 5)
        listed = json.loads(box.run("mailinabox", "tls", "status", "--json").stdout)["names"]
        names = [one["name"] for one in listed]
        store = set_up.STORAGE + "/ssl"
        box.run("bash", "-c", CERTIFICATES, "bash", store, " ".join(names), timeout=900)
        box.run("mailinabox", "setup", env=ENVIRONMENT, timeout=900)
        status = json.loads(box.run("mailinabox", "tls", "status", "--json").stdout)["names"]
        signed = sum(one["status"] == "success" for one in status)
        table = Table(f"{len(names)} names, {signed} with a certificate of their own, {2 * len(names)} files in the store (goal 300 ms)")
        table.row("floor: reads the store", measure(box, "sh", "-c", f"cat {store}/*.pem >/dev/null", runs=10), floor=True)
        table.row("tls status", measure(box, "mailinabox", "tls", "status", runs=10))
        table.row("plan", measure(box, "mailinabox", "plan", runs=10))
        table.row("plan of all but zones", measure(box, "mailinabox", "plan", "--only", "web", runs=10))


CLIENTS = 8
RAISE = """import sqlite3, sys
count = int(sys.argv[1])
with sqlite3.connect("/home/user-data/mail/users.sqlite") as database:
    database.execute("DELETE FROM users WHERE email LIKE 'user%'")
    database.executemany("INSERT INTO users (email, password) VALUES (?, '{CRYPT}!')",
                         [(f"user{number}@example.test",) for number in range(count)])
"""


def proportional_memory(box):
    """Of the management service's processes together, in MB: what they share counts once."""
    script = "cat /proc/$(systemctl show -p MainPID --value %s)/smaps_rollup"
    texts = [box.run("sh", "-c", script % unit).stdout for unit in ("mailinabox", "mailinabox-web")]
    return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("Pss:")) / 1024


FIRST_ANSWER = """import base64, os, signal, socket, statistics, subprocess, sys, time
program, runs = sys.argv[1], int(sys.argv[2])
key = open("/var/lib/mailinabox/api.key").read().strip()
times = []

def answered():
    try:
        with socket.create_connection(("127.0.0.1", 10222)) as there:
            there.sendall(b"GET /system/version HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\nAuthorization: Basic "
                          + base64.b64encode(key.encode() + b":") + b"\\r\\n\\r\\n")
            return there.recv(100).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False

for _ in range(runs):
    began = time.monotonic()
    both = [subprocess.Popen([program, *words]) for words in (["daemon"], ["web", "serve"])]
    while not answered():
        time.sleep(0.0005)
    times.append((time.monotonic() - began) * 1000)
    for one in both:
        one.send_signal(signal.SIGTERM)
        one.wait()
print(statistics.median(times))
"""


def first_answer(box):
    """From the start of both processes, without systemd, to an answer of the helper through the front: ms, and the
    floor, a process that only says its version."""
    box.run("systemctl", "stop", "mailinabox", "mailinabox-web")
    took = float(box.run("python3", "-c", FIRST_ANSWER, "/usr/sbin/mailinabox", "20").stdout)
    box.run("systemctl", "start", "mailinabox", "mailinabox-web")
    return took, measure(box, "mailinabox", "--version", runs=20)["wall"] * 1000


OWN_HASH = """import crypt, sqlite3, sys, time
address, password = sys.argv[1:]
with sqlite3.connect("/home/user-data/mail/users.sqlite") as database:
    [stored] = database.execute("SELECT password FROM users WHERE email = ?", (address,)).fetchone()
stored = stored.split("}", 1)[1]
times = []
for _ in range(20):
    began = time.monotonic()
    assert crypt.crypt(password, stored) == stored
    times.append((time.monotonic() - began) * 1000)
print(min(times))
"""


def management(lab, build, layers, package):
    """The management service: what its answers cost, by how much there is to tell."""
    with lab.box("management", layers, host_name="") as box:
        bring_tools(box, build)
        box.start()
        key = base64.b64encode(box.read("/var/lib/mailinabox/api.key").strip().encode() + b":").decode()
        print(f"\nmanagement service\n\nidle: {proportional_memory(box):.1f} MB (goal 20)")
        if package:
            print(f"package: {os.path.getsize(package) / 1e6:.1f} MB (goal 12)")
        took, floor = first_answer(box)
        print(f"from its start to the first answer: {took:.1f} ms (goal 50), of which a program's start is {floor:.1f}\n")
        print("| | clients | median ms | p99 ms | a second | status |\n|---|---|---|---|---|---|")

        def row(name, clients, count, method, path, *words, credential=key):
            done = box.run("/bench/requests", "10222", str(clients), str(count), method, path,
                           f"Authorization: Basic {credential}", *words, timeout=600)
            figures = json.loads(done.stdout)
            print(f"| {name} | {clients} | {figures['median']:.2f} | {figures['p99']:.2f} | {figures['rate']:.0f} "
                  f"| {figures['status']} |", flush=True)

        row("floor: nobody's request", CLIENTS, 4000, "GET", "/nothing")
        row("the version", CLIENTS, 4000, "GET", "/system/version")
        for count in (10, 1000, 10_000):
            box.run("python3", "-c", RAISE, str(count))
            for clients in (1, CLIENTS):
                row(f"50 of {count} users (goal p99 5)", clients, 2000, "GET", "/api/v1/users")
        row("50 of 10000 users, searched", CLIENTS, 1000, "GET", "/api/v1/users?search=99")
        box.run("python3", "-c", RAISE, "1000")
        row("the old list of 1000 users (goal 20)", 1, 100, "GET", "/mail/users?format=json")
        box.run("python3", "-c", RAISE, "0")
        password = base64.b64encode(f"{set_up.ADDRESS}:{set_up.PASSWORD}".encode()).decode()
        alone = float(box.run("python3", "-W", "ignore", "-c", OWN_HASH, set_up.ADDRESS, set_up.PASSWORD).stdout)
        row(f"login (the password's hash alone {alone:.1f}, goal 5 more)", 1, 50, "POST", "/login", credential=password)
        box.run("sh", "-c", "systemctl restart mailinabox mailinabox-web")
        add_domains(box, 100)
        box.run("mailinabox", "dns", "update", timeout=900)
        row("a user added, 100 domains (goal 300)", 1, 5, "POST", "/mail/users/add", "--",
            "email=new%d@domain1.example.org&password=long enough")
        add_domains(box, 1000)
        box.run("mailinabox", "dns", "update", timeout=900)
        row("the dump of 1000 domains (goal 100)", 1, 5, "GET", "/dns/dump")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--only", default="rerun,workload,domains,names,management,first,mail")
    arguments.add_argument("--portable", help="the program of the package, for rerun")
    arguments.add_argument("--package", help="the package's file, for management, which says its size")
    arguments.add_argument("--before", metavar="TREE", help="for mail: whose recipes and templates to compare with")
    arguments.add_argument("--counts", default="100,1000,10000")
    chosen = arguments.parse_args()
    with laboratory.Lab(lambda line: print(line, file=sys.stderr), durable=True) as lab:
        fresh = lab.program(chosen.build)
        if "rerun" in chosen.only:
            rerun(lab, chosen.build, set_up.layers(lab, fresh, again=False), chosen.portable)
        if "workload" in chosen.only:
            layers = lab.program(chosen.build, below=peers_layer(lab, lab.machine()))
            work(lab, chosen.build, layers, [int(count) for count in chosen.counts.split(",")])
        if "domains" in chosen.only:
            domains(lab, chosen.build, set_up.layers(lab, fresh, again=False), [1, 100, 1000])
        if "names" in chosen.only:
            names_and_certificates(lab, chosen.build, set_up.layers(lab, fresh, again=False))
        if "management" in chosen.only:
            management(lab, chosen.build, set_up.layers(lab, fresh, again=False), chosen.package)
        if "first" in chosen.only:
            first(lab, chosen.build, fresh)
        if "mail" in chosen.only:
            mail(lab, chosen.build, fresh, chosen.before)


if __name__ == "__main__":
    main()

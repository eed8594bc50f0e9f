"""Bad input and bad machines: a clear message, an exit code of its own, nothing touched."""

import time

import pytest

import namespaces
import observe
import program
import set_up

EXIT_UNSUITABLE, EXIT_LOCKED, EXIT_NO_SPACE, EXIT_NO_NETWORK, EXIT_PACKAGES_LOCKED, EXIT_MISSING = 3, 4, 5, 6, 7, 8
EXIT_USAGE = 64

HOLD_DPKG_LOCK = """setsid perl -MFcntl -e '
    open(F, "+>>", "/var/lib/dpkg/lock-frontend") or die;
    $lock = pack("ssx4qqlx4", F_WRLCK, 0, 0, 0, 0);
    fcntl(F, F_SETLK, $lock) or die;
    close STDOUT; close STDERR;
    sleep 600' & echo $!"""


def refused(box, done, code, *words):
    said = done.stderr + done.stdout
    assert done.returncode == code, f"exit code {done.returncode} instead of {code}:\n{said[-3000:]}"
    for word in words:
        assert word.lower() in said.lower(), f"{word!r} is not mentioned:\n{said[-3000:]}"
    return said


# --- the machine ---------------------------------------------------------------------------------------------------

def test_other_distribution_is_refused(fresh_box):
    """And Debian's next release, which has no number yet."""
    fresh_box.run("rm", "/etc/os-release")
    for name, text in (("Gentoo 99", "ID=gentoo\nVERSION_ID=99\n"),
                       ("Debian GNU/Linux forky/sid", "ID=debian\nVERSION_CODENAME=forky\n")):
        fresh_box.write("/etc/os-release", f'PRETTY_NAME="{name}"\n{text}')
        before = observe.files(fresh_box)
        for command in ("plan", "setup"):
            refused(fresh_box, program.call(fresh_box, command), EXIT_UNSUITABLE, name, "supports", "Debian 12, Debian 13, Ubuntu")
        assert observe.differences(before, observe.files(fresh_box)) == []


def test_little_memory_is_refused(fresh_box):
    fresh_box.run("sed 's/^MemTotal:.*/MemTotal: 400000 kB/' /proc/meminfo > /tmp/meminfo")
    before = observe.files(fresh_box)
    done = fresh_box.run("unshare", "-m", "sh", "-c",
                         "mount --bind /tmp/meminfo /proc/meminfo && exec mailinabox setup",
                         check=False, env={"NONINTERACTIVE": "1"}, timeout=program.SECONDS)
    refused(fresh_box, done, EXIT_UNSUITABLE, "512 MB", "memory")
    assert observe.differences(before, observe.files(fresh_box)) == []


def test_no_network_to_the_registry(lab, fresh_box):
    lab.registry.reachable = False
    try:
        before = observe.files(fresh_box, ["/etc"])
        before.pop("/etc")
        said = refused(fresh_box, program.call(fresh_box, "setup"), EXIT_NO_NETWORK, "network")
        assert namespaces.REGISTRY in said, "which address cannot be reached is not said:\n" + said
        after = observe.files(fresh_box, ["/etc"])
        after.pop("/etc")
        assert observe.differences(before, after) == []  # the answers are stored once the run can go on
    finally:
        lab.registry.reachable = True


def test_no_space(fresh_box):
    fresh_box.run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", "/var/cache/apt")
    refused(fresh_box, program.call(fresh_box, "setup"), EXIT_NO_SPACE, "no space left", "df -h")


def test_without_a_network_no_address_is_remembered(fresh_box):
    fresh_box.run("ip", "link", "set", "eth0", "down")
    done = program.call(fresh_box, "setup")
    assert done.returncode in (EXIT_NO_NETWORK, EXIT_MISSING), program.told(done)
    fresh_box.reboot()  # the network is back
    planned = program.call(fresh_box, "plan", "--diff").stdout
    assert f"IP:{fresh_box.address}" in planned and "IP:127.0.0.1" not in planned, planned[-3000:]


# --- locks ---------------------------------------------------------------------------------------------------------

def _hold_packages(box):
    box.run("rm", "-f", "/etc/mailname")
    box.run("dpkg", "--purge", "--force-depends", "postgrey", env={"DEBIAN_FRONTEND": "noninteractive"})
    holder = box.run("sh", "-c", HOLD_DPKG_LOCK).stdout.split()[0]
    return holder


def test_second_run_is_told_who_holds_the_lock_and_dpkg_is_waited_for(lab, set_up_layers):
    """While another program holds dpkg's lock, setup waits and says so; another setup meanwhile is told to wait."""
    import subprocess
    with lab.box("locked", set_up_layers) as box:
        box.start()
        holder = _hold_packages(box)
        first = subprocess.Popen(box.command(["mailinabox", "setup"], {"NONINTERACTIVE": "1"}), text=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            time.sleep(5)
            assert first.poll() is None, "setup did not wait for dpkg's lock:\n" + "".join(first.communicate())
            refused(box, program.call(box, "setup", "--no-wait", timeout=20), EXIT_LOCKED, "mailinabox setup", "process")
            box.run("kill", holder)
            output, errors = first.communicate(timeout=120)
        finally:
            first.kill()
        assert first.returncode == 0, output + errors
        assert "lock" in errors and "perl" in errors or holder in errors, "who was waited for was not said:\n" + errors
        assert box.run("systemctl is-active postgrey").stdout.strip() == "active"


# --- answers -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, value", [
    ("PRIMARY_HOSTNAME", "not a host name"), ("PRIMARY_HOSTNAME", "192.0.2.1"),
    ("PRIMARY_HOSTNAME", "box.a-name-that-is-much-too-long.of-a-department.of-a-firm.example.test"),
    ("PUBLIC_IP", "198.51.100.256"), ("PUBLIC_IPV6", "2001:db8::zz"), ("EMAIL_ADDR", "no-at-sign"),
    ("EMAIL_PW", "s3cr3t"), ("STORAGE_ROOT", "/home"), ("STORAGE_ROOT", "/closed/mail"),
])
def test_invalid_answers_are_refused(shared_fresh_box, name, value):
    shared_fresh_box.run("mkdir -p -m 0700 /closed")
    before = observe.files(shared_fresh_box)
    done = program.call(shared_fresh_box, "setup", env={**set_up.ANSWERS, name: value})
    assert done.returncode not in (0, 2), program.told(done)
    assert name in done.stderr, f"{name} is not named:\n{done.stderr}"
    if name == "EMAIL_PW":
        assert value not in done.stdout + done.stderr
    assert observe.differences(before, observe.files(shared_fresh_box)) == []


def test_several_invalid_answers_in_one_message(shared_fresh_box):
    done = program.call(shared_fresh_box, "setup",
                        env={**set_up.ANSWERS, "PRIMARY_HOSTNAME": "a b", "PUBLIC_IP": "x", "EMAIL_ADDR": "y"})
    assert done.returncode == EXIT_MISSING
    for name in ("PRIMARY_HOSTNAME", "PUBLIC_IP", "EMAIL_ADDR"):
        assert name in done.stderr, done.stderr


@pytest.fixture(scope="module")
def shared_fresh_box(lab, fresh_layers):
    with lab.box("shared", fresh_layers, address="198.51.100.14", host_name="fresh") as machine:
        yield machine.start()


def test_a_port_that_another_program_holds_is_found_before_anything_is_installed(shared_fresh_box):
    box = shared_fresh_box
    before = observe.files(box, ["/etc"])
    process = box.run("""perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 25, Listen => 1) or die;
        print "$$\\n"; close STDOUT; close STDERR; sleep 600' &""").stdout.strip()
    try:
        assert "port 25" in program.call(box, "plan").stderr
        refused(box, program.call(box, "setup"), EXIT_UNSUITABLE, "TCP port 25", "perl", f"process {process}",
                "perl-base", "nothing has been changed")
    finally:
        box.run("kill", process)
    assert observe.differences(before, observe.files(box, ["/etc"])) == []


# --- the command line ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments, nearest", [
    (["setpu"], "setup"), (["plan", "--dif"], "--diff"), (["setup", "--nowait"], "--no-wait"),
    (["recipes", "lits"], "list"), (["user", "ad", "x@example.test"], "add"),
])
def test_misspelt_command_line(shared_fresh_box, arguments, nearest):
    refused(shared_fresh_box, program.call(shared_fresh_box, *arguments), EXIT_USAGE, nearest)


@pytest.mark.parametrize("command", ["setup", "plan", "recipes", "facts", "user", "alias"])
def test_help_of_each_command(shared_fresh_box, command):
    done = program.call(shared_fresh_box, command, "--help")
    assert done.returncode == 0 and command in done.stdout and len(done.stdout.splitlines()) > 3


def test_version(shared_fresh_box):
    assert program.call(shared_fresh_box, "--version").stdout.startswith("mailinabox ")


def test_unknown_recipe_is_named(shared_fresh_box):
    done = program.call(shared_fresh_box, "plan", "--only", "posfix")
    assert done.returncode in (1, EXIT_USAGE)
    assert "posfix" in done.stderr and "postfix" in done.stderr


# --- recipes -------------------------------------------------------------------------------------------------------

RECIPE_ERRORS = {
    "unknown key": ("recipe: own\nresources:\n  - file: /etc/own\n    contents: x\n", 4, 5, ["contents", "content"]),
    "unknown kind": ("recipe: own\nresources:\n  - flie: /etc/own\n    content: x\n", 3, 5, ["flie", "file"]),
    "wrong type": ("recipe: own\nresources:\n  - file: /etc/own\n    content: [1, 2]\n", 4, 14, ["content"]),
    "mode without quotes": ("recipe: own\nresources:\n  - file: /etc/own\n    content: x\n    mode: 0644\n", 5, 11,
                            ["mode", '"0644"']),
    "missing variable": ("recipe: own\nresources:\n  - file: /etc/own\n    content: \"{{primary_hostnam}}\"\n", 4, 15,
                         ["primary_hostnam", "primary_hostname"]),
    "duplicate": ("recipe: own\nresources:\n  - file: /etc/own\n    content: x\n  - file: /etc/own\n    content: y\n",
                  5, 5, ["file:/etc/own", "own.yaml:3"]),
    "cycle": ("recipe: own\nrequires: [own2]\nresources: []\n", None, None, ["own", "own2", "circle"]),
    "no YAML": ("recipe: own\nresources:\n  - file: [\n", None, None, ["own.yaml"]),
    "unknown service notified": ("recipe: own\nresources:\n  - file: /etc/own\n    content: x\n    notify: postfx\n",
                                 5, 13, ["postfx", "postfix"]),
    "variable that nothing reads": ("recipe: postgrey\nvariables:\n  dely: \"60\"\n", 3, 3,
                                    ["dely", "has delay and socket"]),
}


@pytest.mark.parametrize("name", RECIPE_ERRORS)
def test_recipe_error_names_the_place_and_touches_nothing(box, name):
    text, line, column, words = RECIPE_ERRORS[name]
    own = "/etc/mailinabox/recipes.d/own.yaml"
    box.run("mkdir", "-p", "/etc/mailinabox/recipes.d")
    box.write(own, text)
    if name == "cycle":
        box.write("/etc/mailinabox/recipes.d/own2.yaml", "recipe: own2\nrequires: [own]\nresources: []\n")
    try:
        box.run("sh", "-c", "echo drift > /etc/mailname")  # what it would change, had it begun
        before, services = observe.files(box), observe.services(box)
        for command in (["setup"], ["plan"]):
            done = program.call(box, *command)
            said = refused(box, done, 1, *words)
            if line:
                assert f"{own}:{line}:{column}:" in said, said
            else:
                assert "/etc/mailinabox/recipes.d/own" in said, said
        assert observe.differences(before, observe.files(box)) == []
        assert observe.differences(services, observe.services(box)) == []
    finally:
        box.run("sh", "-c", "rm -f /etc/mailinabox/recipes.d/own*.yaml")


def test_lint_checks_a_file_without_touching_the_machine(box):
    box.write("/root/mine.yaml", "recipe: mine\nresorces: []\n")
    done = program.call(box, "recipes", "lint", "/root/mine.yaml")
    refused(box, done, 1, "/root/mine.yaml:2:1:", "resources")
    box.write("/root/mine.yaml", "recipe: mine\nresources:\n  - file: /etc/mine\n    content: x\n")
    done = program.call(box, "recipes", "lint", "/root/mine.yaml")
    assert done.returncode == 0, program.told(done)


def test_unreadable_recipe(box):
    box.run("ln -sf /nonexistent /etc/mailinabox/recipes.d/own.yaml")
    try:
        refused(box, program.call(box, "plan"), 1, "/etc/mailinabox/recipes.d/own.yaml")
    finally:
        box.run("rm", "/etc/mailinabox/recipes.d/own.yaml")


def test_recipes_that_others_can_change_are_not_obeyed(box):
    """As root, nightly too: whoever may write to the file, or to a folder that leads to it, would be root."""
    box.run("mkdir", "-p", "/etc/mailinabox/recipes.d", "/srv/shared")
    own = "/etc/mailinabox/recipes.d/own.yaml"
    text = "recipe: own\nresources:\n  - file: /etc/own\n    content: x\n"
    try:
        for prepare, culprit in ((f"chmod 0666 {own}", own), (f"chown nobody {own}", own),
                                 (f"chmod 0777 {own.rsplit('/', 1)[0]}", own.rsplit("/", 1)[0]),
                                 (f"mv {own} /srv/shared/x; chmod 0777 /srv/shared; ln -s /srv/shared/x {own}", "/srv/shared")):
            box.write(own, text)
            box.run("sh", "-c", prepare)
            for command in (("setup", "--quiet"), ("plan",)):
                refused(box, program.call(box, *command), 1, culprit, "can be changed by others than root")
            assert box.run("test", "-e", "/etc/own", check=False).returncode == 1
            box.run("sh", "-c", f"rm -f {own}; chmod 0755 /etc/mailinabox/recipes.d")
    finally:
        box.run("sh", "-c", f"rm -rf {own} /srv/shared; chmod 0755 /etc/mailinabox/recipes.d")


def test_closed_standard_descriptors_do_not_become_the_lock_or_the_journal(box):
    box.run("sh", "-c", "echo drift > /etc/mailname")
    done = box.run("sh", "-c", "exec mailinabox setup <&- >&- 2>&-", check=False, env={"NONINTERACTIVE": "1"},
                   timeout=program.SECONDS)
    assert done.returncode == 0
    said = box.run("grep", "-rl", "Mail-in-a-Box is running", "/run/mailinabox.lock", "/var/lib/mailinabox", "/etc/mailname",
                   check=False).stdout
    assert said == ""
    assert program.plan(box)["changes"] == []


# --- users ---------------------------------------------------------------------------------------------------------

def test_a_refused_setup_keeps_the_answers(box):
    answers = box.read("/etc/mailinabox.conf")
    refused(box, program.call(box, "setup", env={"STORAGE_ROOT": "/srv/mail"}), 1, "/srv/mail", "at the last run")
    assert box.read("/etc/mailinabox.conf") == answers
    assert set_up.ADDRESS in program.call(box, "user", "list").stdout


@pytest.mark.parametrize("gone", ["", "/mail/users.sqlite", "/dns/dnssec"])
def test_data_that_is_gone_is_not_made_anew_unasked(box, gone):
    """A disk that is not mounted: the nightly run must not begin an empty box in its place."""
    program.setup(box)
    before = observe.files(box, ["/etc"])
    box.run(f"mv {set_up.STORAGE}{gone} /root/moved")
    try:
        lost = set_up.STORAGE + (gone or "/mail/users.sqlite")
        for arguments in (("setup", "--quiet"), ("plan",)):
            done = program.call(box, *arguments)
            refused(box, done, 1, lost, "at the last run", "backup", "--replace-lost")
        assert observe.differences(before, observe.files(box, ["/etc"])) == []
        assert box.run("test", "-e", set_up.STORAGE + gone, check=False).returncode == 1, "something was made there"
    finally:
        box.run(f"rm -rf {set_up.STORAGE}{gone}; mv /root/moved {set_up.STORAGE}{gone}")
    assert program.plan(box)["changes"] == []


def test_users_mistakes(box):
    refused(box, box.run("mailinabox", "user", "add", "no-at-sign", check=False, input="long enough password\n"), 1,
            "invalid email address")
    refused(box, box.run("mailinabox", "user", "add", set_up.ADDRESS, check=False, input="long enough password\n"), 1,
            "already exists")
    refused(box, box.run("mailinabox", "user", "add", "x@example.test", check=False, input="short\n"), 1, "eight")
    refused(box, box.run("mailinabox", "user", "remove", "nobody@example.test", check=False), 1, "nobody@example.test")
    refused(box, box.run("mailinabox", "user", "quota", set_up.ADDRESS, "lots", check=False), 1, "invalid quota")
    refused(box, box.run("mailinabox", "alias", "add", "x@example.test", "not an address", check=False), 1,
            "invalid")
    assert box.run("mailinabox", "user", "list").stdout.count("@") == 1

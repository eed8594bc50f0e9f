"""setup.sh installs what its makers signed and nothing else, and says what is wrong."""

import http.server
import os
import re
import shutil
import subprocess

import pexpect
import pytest

import lab as laboratory
import namespaces
import release as releases
import web_server

PORT = 8080


@pytest.fixture(scope="module")
def release(makers, package, tmp_path_factory):
    """A folder with one release in it."""
    folder = str(tmp_path_factory.mktemp("release"))
    makers.publish(folder, package)
    return folder


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def machine(lab, request):
    """A small Debian without systemd, 12 with gpgv and 13 with sqv; no test here gets as far as changing it."""
    layers = lab.layer_with_packages("curl-" + request.param, lab.root(request.param), ["curl"])
    with lab.box("machine", layers, systemd=False) as made:
        yield made.start()


@pytest.fixture
def published(machine, release):
    """The box's own copy of the release, to be spoilt."""
    target = machine.path("/srv/release")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(release, target)
    return target


def state(machine):
    """What an installation would change."""
    return machine.run("dpkg-query -W; find /usr/sbin /usr/share /etc /var/lib/dpkg /var/cache/apt /root -newer /run/mark "
                       "-not -type d; ls /tmp; ls -d /home/* /var/lib/mailinabox 2>&1; true").stdout


def run(machine, *arguments, env=None, prefix=(), script="/srv/release/setup.sh"):
    """`curl -s .../setup.sh | bash`; it must leave no trace. Returns the CompletedProcess."""
    machine.run("touch", "/run/mark")
    before = state(machine)
    with open(machine.path(script), encoding="utf-8") as source:
        text = source.read()
    done = machine.run(*prefix, "bash", "-s", "--", *arguments, check=False, input=text, env=env, timeout=60)
    assert state(machine) == before, done.stdout + done.stderr
    return done


def edit(path, old, new):
    with open(path, encoding="utf-8") as source:
        text = source.read()
    assert re.search(old, text)
    with open(path, "w", encoding="utf-8") as output:
        output.write(re.sub(old, new, text))


def refused(done, code, *words):
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    for word in words:
        assert word in said, said
    assert "running mailinabox setup" not in said


# what arrives is not what was signed

def test_spoilt_package(machine, published):
    name = next(name for name in os.listdir(published) if name.endswith(".deb"))
    with open(f"{published}/{name}", "r+b") as content:
        content.seek(-1000, os.SEEK_END)
        byte = content.read(1)
        content.seek(-1000, os.SEEK_END)
        content.write(bytes([byte[0] ^ 1]))
    refused(run(machine), 1, name, "is not what its makers signed", "Nothing was installed")


def test_list_changed_after_signing(machine, published):
    edit(published + "/SHA256SUMS", r"^[0-9a-f]", "x")
    refused(run(machine), 1, "signature", "Nothing was installed")


def test_signature_of_somebody_else(machine, published, package, tmp_path):
    strangers = releases.Makers(str(tmp_path / "strangers"))
    strangers.publish(str(tmp_path / "theirs"), package)
    strangers.close()
    shutil.copy(tmp_path / "theirs/SHA256SUMS.sig", published)
    refused(run(machine), 1, "signature", "Nothing was installed")


def test_no_signature(machine, published):
    os.unlink(published + "/SHA256SUMS.sig")
    refused(run(machine), 6, "SHA256SUMS.sig", "cannot be fetched", "Nothing was installed")


def test_empty_signature(machine, published):
    open(published + "/SHA256SUMS.sig", "wb").close()
    refused(run(machine), 1, "signature", "Nothing was installed")


def test_package_cut_off_on_disk(machine, published):
    name = next(name for name in os.listdir(published) if name.endswith(".deb"))
    os.truncate(f"{published}/{name}", 100_000)
    refused(run(machine), 1, "is not what its makers signed", "Nothing was installed")


@pytest.fixture(scope="module")
def cutting_server(lab, release):
    """Gives out the release, but ends every connection in the middle of the package."""
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=release)

        def copyfile(self, source, outputfile):
            if not self.path.endswith(".deb"):
                return super().copyfile(source, outputfile)
            outputfile.write(source.read(200_000))
            self.close_connection = True

        log_message = web_server.Handler.log_message

    with web_server.serving(namespaces.inside(lab.network.name), (namespaces.REGISTRY, PORT), Handler):
        yield f"http://{namespaces.REGISTRY}:{PORT}"


def test_interrupted_download(machine, published, cutting_server):
    refused(run(machine, env={"MAILINABOX_BASE": cutting_server}), 6, ".deb cannot be fetched", "Nothing was installed")


def test_no_such_address(machine, published):
    refused(run(machine, env={"MAILINABOX_BASE": f"http://{namespaces.REGISTRY}:9"}), 6, "cannot be fetched",
            "Nothing was installed")
    refused(run(machine, env={"MAILINABOX_BASE": "file:/srv/nothing"}), 6, "file:/srv/nothing/SHA256SUMS cannot be fetched")
    refused(run(machine, env={"MAILINABOX_BASE": "ftp://x"}), 64, "https: or file:")


def test_script_that_was_cut_off_does_nothing(machine, published):
    with open(published + "/setup.sh", encoding="utf-8") as source:
        whole = source.read()
    for end in range(0, len(whole) - len('main "$@"\n'), 997):
        machine.write("/srv/release/cut.sh", whole[:end])
        done = run(machine, script="/srv/release/cut.sh")
        assert "setup:" not in done.stderr, f"{end}: {done.stderr}"


# not this machine

def test_other_distribution(machine, published):
    own = machine.run("cat", "/etc/os-release").stdout
    try:
        machine.run("rm", "/etc/os-release")
        machine.write("/etc/os-release", 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="16.04"\n')
        refused(run(machine), 3, "Ubuntu 16.04", "supports", "Debian 12, Debian 13, Ubuntu", "Nothing was changed")
        # Debian's next release, which has no number until then.
        machine.write("/etc/os-release", 'PRETTY_NAME="Debian GNU/Linux forky/sid"\nID=debian\nVERSION_CODENAME=forky\n')
        refused(run(machine), 3, "Debian GNU/Linux forky/sid", "supports", "Debian 13", "Nothing was changed")
    finally:
        machine.write("/etc/os-release", own)


def test_other_architecture(machine, published):
    edit(published + "/setup.sh", 'k_architectures="[^"]*"', 'k_architectures="s390x"')
    refused(run(machine), 3, "amd64", "supports s390x", "Nothing was changed")


def test_too_little_memory(machine, published):
    machine.write("/srv/meminfo", "MemTotal:         262144 kB\nMemFree:          100000 kB\n")
    small = ("unshare", "-m", "sh", "-c", 'mount --bind /srv/meminfo /proc/meminfo && exec "$@"', "sh")
    refused(run(machine, prefix=small), 3, "262 MB", "512 MB", "Nothing was changed")


def test_not_root(machine, published):
    refused(run(machine, prefix=("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")), 3, "root")


# versions and words

def test_unknown_version(machine, published, package):
    for arguments, env in (([], {"MAILINABOX_VERSION": "7.7"}), (["--version", "7.7"], {}), (["MAILINABOX_VERSION=7.7"], {})):
        refused(run(machine, *arguments, env=env), 6, "no mailinabox 7.7", re.search(r"_(.*)_", package)[1])


def test_wrong_words(machine, published):
    refused(run(machine, "lower=x"), 64, "lower")
    refused(run(machine, "--version"), 64, "--version")


def test_source_of_the_script_is_no_release(machine, published):
    shutil.copy(laboratory.REPOSITORY + "/packaging/setup.sh", published)
    refused(run(machine), 64, "release.sh")


# the makers' side

def test_release_never_changes(makers, package, tmp_path):
    folder = str(tmp_path / "release")
    makers.publish(folder, package)
    version = re.search(r"_(.*)_", os.path.basename(package))[1]
    other = releases.repacked(package, str(tmp_path), version, lambda root: open(root + "/usr/share/extra", "w").close())
    done = makers.publish(folder, other, check=False)
    assert done.returncode == 1 and "never changes" in done.stderr


def test_list_that_was_tampered_with_is_not_signed_again(makers, package, tmp_path):
    folder = str(tmp_path / "release")
    makers.publish(folder, package)
    with open(folder + "/SHA256SUMS", "a", encoding="ascii") as sums:
        sums.write("0" * 64 + "  mailinabox_9.9_amd64.deb\n")
    done = makers.publish(folder, package, check=False)
    assert done.returncode == 1 and "no good signature" in done.stderr


# at a terminal

def test_questions_are_asked_at_the_terminal_though_input_is_a_pipe(lab, release):
    with lab.box("terminal", lab.machine(), address="198.51.100.12", systemd=False) as box:
        shutil.copytree(release, box.path("/srv/release"))
        box.start()
        argv = box.command(["sh", "-c", "cat /srv/release/setup.sh | bash"], {"TERM": "xterm"})
        process = pexpect.spawn(argv[0], argv[1:], encoding="utf-8", timeout=60, dimensions=(40, 120))
        process.expect(r"E-mail address[^\n]*: $")
        process.sendline("not an address")
        process.expect(r"E-mail address[^\n]*: $")  # it heard the answer
        process.close(force=True)
        assert subprocess.run(box.command(["dpkg", "-s", "mailinabox"]), check=False, capture_output=True).returncode == 0

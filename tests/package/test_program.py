"""The program of the package runs where nothing else is, and where much is that it must not load."""

import contextlib
import os
import re
import shutil
import ssl
import subprocess

import pytest

import web_server

STEPS = ["YAML", "JSON", "templates", "child process", "SQLite", "hashing", "private keys", "users, groups",
         "unknown user", "host names", "IDNA", "DNSSEC"]


def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def assert_passed(done):
    assert done.returncode == 0, done.stdout + done.stderr
    for step in STEPS:
        assert re.search(rf"(?m)^{step} ", done.stdout), f"no step {step}:\n{done.stdout}"
    assert "FAILED" not in done.stdout


def test_needs_no_shared_library_and_can_be_anywhere_in_memory(program_file):
    header = output("readelf", "-hld", program_file)
    assert re.search(r"Type:\s+DYN", header)  # position independent
    assert "NEEDED" not in header
    assert "INTERP" not in header
    assert "BIND_NOW" in header
    assert "static-pie" in output("file", program_file)


def test_asks_for_no_version_of_a_library(program_file):
    assert "No version information" in output("readelf", "-V", program_file)


def test_lists_the_libraries_that_are_in_it(program_file):
    said = output(program_file, "--version", "--verbose")
    assert " shared" not in said
    # What the library itself says it is.
    version = re.search(r"(?m)^SQLite +(\S+)$", output(program_file, "selftest"))[1]
    assert re.search(rf"(?m)^  sqlite +{re.escape(version)}-\S+ +static$", said), said


@pytest.fixture
def empty_root(tmp_path, program_file):
    """A root with the program, four files of /etc and nothing else."""
    for folder in ("etc", "dev", "proc", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\n")
    (tmp_path / "etc/hosts").write_text("127.0.0.1 localhost\n")
    (tmp_path / "etc/services").write_text("https 443/tcp\n")
    shutil.copy2(program_file, tmp_path / "mailinabox")
    return tmp_path


def in_root(root, *words):
    script = ('mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/dev" && mknod "$0/dev/null" c 1 3 && '
              'mknod "$0/dev/urandom" c 1 9 && exec chroot "$0" /mailinabox "$@"')
    return subprocess.run(["unshare", "--mount", "--pid", "--fork", "sh", "-c", script, str(root), *words], check=False,
                          capture_output=True, text=True, env={"PATH": os.environ["PATH"]})


def test_works_where_nothing_else_is(empty_root):
    assert_passed(in_root(empty_root, "selftest"))


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    """right.pem, and the certificate for localhost that it issued; wrong.pem, which issued nothing."""
    directory = tmp_path_factory.mktemp("authorities")

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=directory)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("right", "wrong"):
        openssl("req", "-x509", *new, "-keyout", name + ".key", "-out", name + ".pem", "-subj", f"/CN={name} authority")
    openssl("req", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (directory / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "right.pem", "-CAkey", "right.key", "-CAcreateserial", "-extfile",
            "names", "-out", "server.pem")
    return directory


def https_server(directory):
    class Handler(web_server.Handler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    return web_server.serving(contextlib.nullcontext(), ("127.0.0.1", 0), Handler, context)


@pytest.mark.parametrize("authority, host, fault", [
    ("right", "localhost", None),
    ("wrong", "localhost", "certificate"),
    ("right", "127.0.0.1", "127.0.0.1"),  # a certificate for another name
])
def test_trusts_the_given_authority_and_no_other(empty_root, authorities, authority, host, fault):
    (empty_root / "etc/authority.pem").write_bytes((authorities / f"{authority}.pem").read_bytes())
    with https_server(authorities) as port:
        done = in_root(empty_root, "selftest", "--url", f"https://{host}:{port}/", "--authority", "/etc/authority.pem")
    if fault is None:
        assert_passed(done)
        assert f"https://{host}:{port}/" in done.stdout
    else:
        assert done.returncode == 1
        assert re.search(r"(?m)^HTTPS +FAILED$", done.stdout)
        assert fault in done.stderr


@pytest.fixture(scope="module")
def old_box(lab, program_file):
    """Debian 11 with systemd's name-service module, which the program's own C library is too new for."""
    layers = lab.layer_with_packages("names-bullseye", lab.root("bullseye"), ["libnss-systemd", "strace"])
    with lab.box("old", layers, systemd=False) as machine:
        subprocess.run(["install", "-m", "755", program_file, machine.path("/usr/sbin/mailinabox")], check=True)
        yield machine.start()


@pytest.mark.parametrize("sources", ["compat systemd", "files systemd", "systemd files"])
def test_older_systems_modules_for_users_are_not_loaded(old_box, sources):
    old_box.run("sed", "-i", "-E", rf"s/^(passwd|group):.*/\1: {sources}/; s/^hosts:.*/hosts: files mymachines myhostname dns/",
                "/etc/nsswitch.conf")
    assert f"passwd: {sources}" in old_box.run("cat", "/etc/nsswitch.conf").stdout
    assert_passed(old_box.run("mailinabox", "selftest", check=False))


def test_opens_no_library_and_no_locale(old_box):
    done = old_box.run("strace", "-f", "-e", "trace=open,openat,openat2", "-o", "/tmp/trace", "mailinabox", "selftest", check=False)
    assert_passed(done)
    opened = re.findall(r'open\w*\([^"]*"([^"]+)"', old_box.run("cat", "/tmp/trace").stdout)
    assert "/etc/passwd" in opened, "the trace shows nothing"
    assert [path for path in opened if re.search(r"\.so\b|ld\.so|gconv|locale|/engines|ossl-modules", path)] == []

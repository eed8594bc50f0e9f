"""The management service as it is seen from outside: what nginx lets through to it, what its two processes may do, and that
whoever guesses passwords there is kept out. What it answers in detail, the unit tests ask."""

import base64
import concurrent.futures
import contextlib
import http.client
import os
import re
import socket
import ssl

import pytest

import lab as laboratory
import program
import set_up
import web_server
from mail_user import ATTACKER_AT, USER_AT

pytestmark = pytest.mark.releases("bookworm", "trixie")  # two of systemd's series, which decide what the processes may do

HELPER, FRONT = "mailinabox.service", "mailinabox-web.service"
ACCOUNT = "mailinabox-web"
SOCKET = set_up.MANAGEMENT
API_KEY = "/var/lib/mailinabox/api.key"
FACTORS_KEY = set_up.STORAGE + "/management/factors.key"
REALM = 'Basic realm="Mail-in-a-Box Management Server"'
WWW = set_up.STORAGE + "/www"
LINE = "Mail-in-a-Box Management Daemon: Failed login attempt from ip 198.51.100.123 - timestamp 1796012345.678"
SECONDS = 30


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read().decode()


def ask(lab, box, path, method="GET", headers=None, body="", name=set_up.HOST_NAME, at=USER_AT):
    """What a program elsewhere gets that writes exactly this path."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with lab.client(at):
        raw = socket.create_connection((box.address, 443), timeout=SECONDS)
    fields = {"Host": name, "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{field}: {value}\r\n" for field, value in fields.items())
    with contextlib.closing(context.wrap_socket(raw, server_hostname=name)) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode())
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return Answer(response)


def basic(user, password=""):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture(scope="module")
def key(box):
    """What a program on the machine shows."""
    return basic(box.read(API_KEY).strip())


def property_of(box, unit, name):
    return box.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()


def main_process(box, unit):
    return property_of(box, unit, "MainPID")


@contextlib.contextmanager
def stopped(box, unit=FRONT):
    box.run("systemctl", "stop", unit)
    try:
        yield
    finally:
        box.run("systemctl", "start", unit)
        box.wait_for_listeners({10222, SOCKET})


# --- what it answers -------------------------------------------------------------------------------------------------

def test_a_program_with_the_key_is_answered(lab, box, key):
    answer = ask(lab, box, "/admin/system/version", headers=key)
    assert answer.status == 200, answer.body
    assert answer.body.strip() and "<" not in answer.body
    assert answer.headers["Content-Type"].startswith("text/")


def test_the_first_user_is_an_administrator_and_others_are_not(lab, box):
    answer = ask(lab, box, "/admin/mail/users?format=json", headers=basic(set_up.ADDRESS, set_up.PASSWORD))
    assert answer.status == 200 and set_up.ADDRESS in answer.body, answer.body
    done = program.call(box, "user", "add", "plain@example.test", input="a long enough password\n")
    assert done.returncode == 0, program.told(done)
    answer = ask(lab, box, "/admin/mail/users", headers=basic("plain@example.test", "a long enough password"))
    assert answer.status == 401 and "You are not an administrator." in answer.body


@pytest.mark.parametrize("shown", [{}, basic("no such key"), basic(set_up.ADDRESS, "not the password")])
def test_without_a_key_or_password_nothing_is_answered(lab, box, shown):
    """In the words that programs for the original wait for: some ask first without a key."""
    answer = ask(lab, box, "/admin/system/version", headers=shown)
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == REALM
    assert answer.body == answer.headers["X-Reason"] + "\n"
    of_the_panel = ask(lab, box, "/admin/system/version", headers={**shown, "X-Requested-With": "XMLHttpRequest"})
    assert of_the_panel.status == 403 and of_the_panel.headers["WWW-Authenticate"] is None


def test_programs_on_the_machine_reach_it_without_nginx(lab, box, key):
    with lab.client(box.address):  # the box's own network
        connection = http.client.HTTPConnection("127.0.0.1", 10222, timeout=SECONDS)
        connection.request("GET", "/system/version", headers=key)
    assert connection.getresponse().status == 200
    with lab.client(USER_AT), pytest.raises(OSError):
        socket.create_connection((box.address, 10222), timeout=3).close()


# --- nginx -----------------------------------------------------------------------------------------------------------

def test_each_answer_has_the_headers_of_a_guarded_site_once(lab, box, key):
    for path, headers in (("/admin/system/version", key), ("/admin/system/version", {}), ("/admin/no/such/path", key),
                          ("/admin", {}), ("/admin/", {})):
        answer = ask(lab, box, path, headers=headers)
        for name, value in (("Strict-Transport-Security", "max-age="), ("X-Content-Type-Options", "nosniff"),
                            ("X-Frame-Options", "DENY"), ("Content-Security-Policy", "frame-ancestors 'none'"),
                            ("Referrer-Policy", "")):
            said = answer.headers.get_all(name) or []
            assert len(said) == 1 and value in said[0], f"{path}: {name}: {said}"


def test_it_is_at_the_boxs_own_name_and_address_only(lab, box, key):
    for name in (set_up.HOST_NAME, box.address):
        assert ask(lab, box, "/admin/system/version", headers=key, name=name).status == 200, name
    assert ask(lab, box, "/admin/system/version", headers=key, name="example.test").status == 404
    answer = ask(lab, box, "/admin?a=b")
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{set_up.HOST_NAME}/admin/?a=b")


class Echo(web_server.Handler):
    """Answers with what it is asked."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        said = f"{self.raw_requestline.decode().strip()}\n{self.headers}{len(body)} bytes".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Connection", "close")  # nginx would ask this one again later
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST  # noqa: N815


# As the client wrote it; but what nginx must read to see that it is below /admin arrives as nginx reads it.
PATHS = {"/admin/": "/", "/admin/mail/users?format=json&_=1": "/mail/users?format=json&_=1", "/admin/a%2Fb%22/%C3%A9?x=%2f": None,
         "/admin/.x/..a/b...": None, "/admin//mail//users?x=1": "/mail/users?x=1", "/admin/a/../b": "/b", "/admin/a/%2e%2E/b": "/b",
         "/x/../admin/b?y": "/b?y", "/%61dmin/b%20c": "/b%20c"}


def test_the_front_hears_what_the_client_wrote_and_where_it_is(lab, box):
    with stopped(box), web_server.serving(lab.client(box.address), ("127.0.0.1", 10222), Echo):
        for path, expected in PATHS.items():
            said = ask(lab, box, path, headers={"X-Forwarded-For": "192.0.2.99", "Connection": "keep-alive, X-Y"}).body
            wanted = path[len("/admin"):] if expected is None else expected
            assert said.splitlines()[0] == f"GET {wanted} HTTP/1.1", path
            fields = re.findall(r"^(Host|X-Forwarded-\w+|Connection): (.*)$", said, re.MULTILINE)
            assert dict(fields) == {"Host": set_up.HOST_NAME, "X-Forwarded-For": USER_AT, "X-Forwarded-Proto": "https"}
            assert len(fields) == 3
        # What is sent can have passwords: nginx keeps it out of files.
        said = ask(lab, box, "/admin/x", method="POST", body="x" * 1_500_000).body
        assert said.endswith("1500000 bytes")
        assert "buffered to a temporary file" not in box.read("/var/log/nginx/error.log")
        assert ask(lab, box, "/admin/x", method="POST", headers={"Content-Length": "3000000"}).status == 413


def test_the_front_is_away(lab, box):
    with stopped(box):
        for method in ("GET", "POST"):
            answer = ask(lab, box, "/admin/system/version.html", method=method)
            assert answer.status == 503 and answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert answer.body.startswith("The management service is not running.") and "sudo mailinabox\n" in answer.body
            assert answer.headers["Retry-After"] and answer.headers.get_all("Strict-Transport-Security")
        assert "This is a Mail-in-a-Box" in ask(lab, box, "/").body


def test_the_helper_is_away(lab, box, key):
    with stopped(box, HELPER):
        answer = ask(lab, box, "/admin/system/version", headers=key)
        assert answer.status in (502, 503), answer.body
    assert laboratory.wait_for(lambda: ask(lab, box, "/admin/system/version", headers=key).status == 200, SECONDS)


def test_the_administrators_site_does_not_take_its_place(lab, box, key):
    for setting, value in (("proxy", "http://198.51.100.80/"), ("alias", "/srv/x")):
        done = program.call(box, "web", "set", set_up.HOST_NAME, setting, "/admin/", value)
        assert done.returncode == 1 and "is the management service's" in done.stderr, program.told(done)
    custom = WWW + "/custom.yaml"
    box.write(custom, f"{set_up.HOST_NAME}:\n  proxies:\n    /admin/: http://198.51.100.80/\n  redirects:\n    ^/old$: https://x.test/\n")
    done = program.call(box, "dns", "update")
    assert done.returncode == 0 and "it is ignored" in done.stderr, program.told(done)
    assert laboratory.wait_for(lambda: ask(lab, box, "/old").status == 301, SECONDS)
    assert ask(lab, box, "/admin/system/version", headers=key).status == 200
    os.remove(box.path(custom))
    # Directives are nginx' to judge: their site stays as it was, and the others follow.
    snippet = f"{WWW}/{set_up.HOST_NAME}.conf"
    box.write(snippet, "location /admin/ {\n\treturn 200 mine;\n}\n")
    done = program.call(box, "dns", "update")
    assert done.returncode == 1 and 'duplicate location "/admin/"' in done.stderr and snippet in done.stderr, program.told(done)
    assert ask(lab, box, "/admin/system/version", headers=key).status == 200
    os.remove(box.path(snippet))
    assert program.call(box, "dns", "update").returncode == 0


# --- the processes ---------------------------------------------------------------------------------------------------

def test_what_they_may_do_by_systemds_count(box):
    """The README has these numbers."""
    rows = [line.split() for line in box.run("systemd-analyze", "--no-pager", "security").stdout.splitlines()[1:]]
    exposures = {row[0]: float(row[1]) for row in rows if len(row) > 1}
    assert exposures[FRONT] <= 1.5 and exposures[HELPER] <= 7.0
    said = box.run("journalctl", "--no-pager", "-o", "cat", "-b", "_PID=1").stdout
    assert not re.search(r"mailinabox(-web)?\.service:\d+:.*(Unknown|Failed to parse|ignoring)", said), said


def test_the_front_has_no_rights_and_sees_no_data(box):
    process = main_process(box, FRONT)
    status = dict(line.split(":\t", 1) for line in box.run("cat", f"/proc/{process}/status").stdout.splitlines())
    number = box.run("id", "-u", ACCOUNT).stdout.strip()
    assert status["Uid"].split() == [number] * 4
    assert status["Groups"].strip() in ("", box.run("id", "-g", ACCOUNT).stdout.strip())
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    inside = ("nsenter", "--mount", "--target", process)
    for folder in (set_up.STORAGE, "/var/lib", "/var/log", "/root"):
        assert box.run(*inside, "ls", "-A", folder, check=False).stdout == "", folder
    refused = box.run(*inside, "touch", "/usr/probe", "/etc/probe", "/run/mailinabox/probe", check=False)
    assert refused.stderr.count("Read-only file system") == 3, refused.stderr


def test_nobody_but_the_front_reaches_the_helper(box):
    assert box.run("stat", "-c", "%U:%G %a", os.path.dirname(SOCKET), SOCKET).stdout.splitlines() == [
        f"root:{ACCOUNT} 750", f"root:{ACCOUNT} 660"]
    connect = ["perl", "-MIO::Socket::UNIX", "-e", f"IO::Socket::UNIX->new(Peer => '{SOCKET}') or die $!"]
    for account in ("nobody", "www-data", "user-data", "mailinabox-lookup"):
        refused = box.run("runuser", "-u", account, "--", *connect, check=False)
        assert "Permission denied" in refused.stderr, account
    box.run("runuser", "-u", ACCOUNT, "--", *connect)


def test_they_come_back_when_they_are_killed(lab, box, key):
    for unit in (HELPER, FRONT):
        before = main_process(box, unit)
        for _ in range(7):  # more often in a short time than systemd would by itself start a service again
            process = main_process(box, unit)
            if process != "0":
                box.run("kill", "-KILL", process, check=False)
        assert laboratory.wait_for(lambda: main_process(box, unit) not in ("0", before), SECONDS), unit
    box.wait_for_listeners({10222, SOCKET})
    assert laboratory.wait_for(lambda: ask(lab, box, "/admin/system/version", headers=key).status == 200, SECONDS)


def test_what_the_helper_has_begun_outlives_its_restart(box):
    group = "/sys/fs/cgroup" + property_of(box, HELPER, "ControlGroup")
    process = box.run(f"setsid sleep 300 >/dev/null 2>&1 & echo $! >{group}/cgroup.procs; echo $!").stdout.strip()
    box.run("systemctl", "restart", HELPER)
    assert box.run("cat", f"/proc/{process}/comm").stdout.strip() == "sleep"
    assert process in box.read(f"/proc/{process}/cgroup") or "mailinabox.service" in box.run("cat", f"/proc/{process}/cgroup").stdout
    box.run("kill", process)
    box.wait_for_listeners({SOCKET})


# --- keys ------------------------------------------------------------------------------------------------------------

def test_keys_are_roots_and_stay(box):
    assert box.run("stat", "-c", "%U:%G %a", os.path.dirname(FACTORS_KEY), FACTORS_KEY, API_KEY).stdout.splitlines() == [
        "root:root 700", "root:root 600", "root:root 640"]
    for path in (FACTORS_KEY, API_KEY):
        assert re.fullmatch(r"[0-9a-f]{64}\n", box.read(path)), path
    before = [box.read(path) for path in (FACTORS_KEY, API_KEY)]
    box.run("chmod", "0644", API_KEY)
    assert program.ids(program.setup(box)) == ["secret:" + API_KEY]
    assert [box.read(path) for path in (FACTORS_KEY, API_KEY)] == before


def test_a_lost_key_of_second_factors_is_not_made_again_unasked(box):
    box.run("mv", FACTORS_KEY, "/root/factors.key")
    done = program.call(box, "setup")
    assert done.returncode != 0 and FACTORS_KEY + " existed at the last run" in done.stderr, program.told(done)
    box.run("mv", "/root/factors.key", FACTORS_KEY)
    assert program.plan(box)["changes"] == []


# --- guessing passwords ----------------------------------------------------------------------------------------------

def test_only_the_helpers_lines_count(box):
    """In the journal a program's name is what it says of itself; in the text that a line begins with."""
    lines = [f"Nov 30 12:00:00 box mailinabox[812]: {LINE}", f"Nov 30 12:00:00 box mailinabox: {LINE}",
             f"Nov 30 12:00:00 box postfix/smtpd[812]: {LINE}", f"Nov 30 12:00:00 box mailinabox[812]: GET /{LINE}",
             f"Nov 30 12:00:00 box mailinabox[812]: x: {LINE}", f"Nov 30 12:00:00 box mailinabox[812]: {LINE} x"]
    box.write("/srv/lines", "\n".join(lines) + "\n")
    matched = box.run("fail2ban-regex", "--print-all-matched", "/srv/lines", "mailinabox-management").stdout
    found = matched.split("Matched line(s):")[1].split("`-")[0]
    assert [line.strip(" |") for line in found.splitlines() if LINE in line] == lines[:2]
    box.run("rm", "/srv/lines")


def test_password_guesser_is_kept_out(lab, box, key):
    lab.network.plug(ATTACKER_AT)
    box.run("fail2ban-client", "unban", "--all")

    def guess(attempt):
        with contextlib.suppress(OSError, http.client.HTTPException):
            ask(lab, box, "/admin/system/version", headers=basic(set_up.ADDRESS, f"guess {attempt}"), at=ATTACKER_AT)

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        for done in [pool.submit(guess, attempt) for attempt in range(25)]:
            done.result()
    for jail in ("miab-management", "miab-management-slow"):
        assert re.search(r"Total failed:\s+[1-9]", box.run("fail2ban-client", "status", jail).stdout), box.log_tails()

    def kept_out():
        with lab.client(ATTACKER_AT):
            try:
                socket.create_connection((box.address, 443), timeout=2).close()
            except OSError:
                return True
        return False

    assert laboratory.wait_for(kept_out, SECONDS), box.run("fail2ban-client", "status", "miab-management").stdout
    assert ATTACKER_AT in box.run("fail2ban-client", "status", "miab-management").stdout
    assert ask(lab, box, "/admin/system/version", headers=key).status == 200  # others are not
    box.run("fail2ban-client", "unban", ATTACKER_AT)
    assert laboratory.wait_for(lambda: not kept_out(), SECONDS)

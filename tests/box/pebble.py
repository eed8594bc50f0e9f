"""A certificate authority (RFC 8555) for boxes: Debian's Pebble, on a machine of the closed network.

It asks the laboratory's name server and connects to port 80 of who wants a certificate, as Let's Encrypt does. In front of it
stands a small server of our own, which hands requests on, and can refuse them, hold them or be away: so Pebble, which forgets
everything when it ends, goes on meanwhile.
"""

import base64
import contextlib
import datetime
import http.client
import json
import ssl
import subprocess
import threading
import urllib.parse

import lab as laboratory
import namespaces
import policy_host
import web_server

ADDRESS = "198.51.100.60"
NAME = "acme.authority.test"
DIRECTORY = f"https://{NAME}/dir"
PORT = 14000
MANAGEMENT_PORT = 15000
DAY = 24 * 3600
FOLDER = "/etc/pebble"
SECONDS = 30
# Validation without pauses, every nonce as good as it is, every order with proofs of its own.
ENVIRONMENT = "PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0"
PASSED_ON = ("Content-Type", "Replay-Nonce", "Location", "Link", "Retry-After")
ERROR = "urn:ietf:params:acme:error:"
# For `openssl ca`, which signs for any time; NAMES stands for the names.
SIGNING = """[ca]
default_ca = authority
[authority]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = optional
[extensions]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = NAMES
"""
REVOCATION_NAME = "ocsp.authority.test"


class Authority:
    """`with Authority(lab, folder) as authority:` it runs and is reached; `folder`: an empty one for its files."""

    def __init__(self, lab, folder):
        self.lab = lab
        self.folder = folder
        self._vouching = policy_host.Authority(folder)
        self.https_certificate = self._vouching.certificate  # what vouches for its web server: ACME_CA_FILE
        self._tls = self._vouching.server(NAME)
        self.requests = []  # (method, path), as they come
        self.retry_after = None  # seconds: how long an order must wait, which is refused meanwhile
        self.maintenance = False  # it refuses them all, instead of saying that there were too many of these names
        self.refused = set()  # names for which, and for all below which, it gives no certificate
        self.held = None  # (beginning of a path, event: such a request has come, event: it may go on)
        self._front = None
        self.machine = lab.box("authority", lab.layer_with_packages("authority", lab.root(), ["pebble"]), address=ADDRESS,
                               systemd=False)

    def __enter__(self):
        self.machine.start()
        for name in ("server.pem", "server.key"):
            self.machine.write(f"{FOLDER}/{name}", (self.folder / name).read_text())
        self.lab.name_server.publish(NAME, "A", ADDRESS)
        self.begin()
        self.come_back()
        return self

    def __exit__(self, *error):
        self.go_away()
        self.lab.name_server.records.pop((NAME + ".", "A"))
        self.machine.destroy()

    def begin(self, seconds=90 * DAY, accounts=None):
        """Starts Pebble, as a new authority with other keys and no accounts. seconds: how long its certificates are valid;
        accounts: it takes only who has one of these keys for external account binding, by their ids (base64url)."""
        self.end()
        self.machine.write(FOLDER + "/pebble.json", json.dumps({"pebble": {
            "listenAddress": f"{ADDRESS}:{PORT}", "managementListenAddress": f"{ADDRESS}:{MANAGEMENT_PORT}",
            "certificate": FOLDER + "/server.pem", "privateKey": FOLDER + "/server.key", "httpPort": 80, "tlsPort": 443,
            "certificateValidityPeriod": seconds,
            "externalAccountBindingRequired": bool(accounts), "externalAccountMACKeys": accounts or {}}}))
        self.machine.run(f"{ENVIRONMENT} pebble -config {FOLDER}/pebble.json -dnsserver {namespaces.NAME_SERVER}:53 "
                         ">>/var/log/pebble.log 2>&1 & echo $! >/run/pebble.pid")
        self.machine.wait_for_listeners({PORT, MANAGEMENT_PORT}, SECONDS)

    def end(self):
        self.machine.run("! [ -e /run/pebble.pid ] || kill -9 $(cat /run/pebble.pid); rm -f /run/pebble.pid")
        assert laboratory.wait_for(lambda: (False, PORT) not in self.machine.listening(), SECONDS), "Pebble does not end"

    def come_back(self):
        """From now on its name's port 443 is open."""
        self._front = web_server.serving(self.lab.client(ADDRESS), (ADDRESS, 443), self._handler(), self._tls)
        self._front.__enter__()

    def go_away(self):
        """From now on nothing listens there."""
        if self._front:
            self._front.__exit__(None, None, None)
        self._front = None

    def hold(self, path):
        """The next request whose path begins like that waits. Returns two events: it has come; set, it may go on."""
        self.held = (path, threading.Event(), threading.Event())
        return self.held[1:]

    def orders(self):
        """How many were asked for."""
        return [path for _, path in self.requests].count("/order-plz")

    def issuer(self, what="roots"):
        """What its certificates are verified with: the root ("roots"), or the certificate or key that signs ("intermediates",
        "intermediate-keys"), in PEM."""
        return self._ask(MANAGEMENT_PORT, "GET", f"/{what}/0")[2].decode()

    def sign(self, request, names, age, lifetime, revocation=False):
        """A certificate with its chain, for the key of a signing request (PEM), as if made `age` seconds ago for `lifetime`.
        revocation: it names who tells whether it has been revoked, which revocation_server() is."""
        signing = SIGNING.replace("NAMES", ",".join("DNS:" + name for name in names))
        if revocation:
            signing += f"authorityInfoAccess = OCSP;URI:http://{REVOCATION_NAME}\n"
        made = datetime.datetime.utcnow() - datetime.timedelta(seconds=age)
        ends = made + datetime.timedelta(seconds=lifetime)
        for name, text in {"issuer.pem": self.issuer("intermediates"), "issuer.key": self.issuer("intermediate-keys"),
                           "request.pem": request, "index": "", "signing.cnf": signing}.items():
            (self.folder / name).write_text(text)
        subprocess.run(["openssl", "ca", "-batch", "-notext", "-config", "signing.cnf", "-extensions", "extensions", "-cert",
                        "issuer.pem", "-keyfile", "issuer.key", "-in", "request.pem", "-out", "signed.pem", "-subj",
                        "/CN=" + names[0], "-startdate", made.strftime("%Y%m%d%H%M%SZ"), "-enddate",
                        ends.strftime("%Y%m%d%H%M%SZ")], check=True, capture_output=True, cwd=self.folder)
        return (self.folder / "signed.pem").read_text() + self.issuer("intermediates")

    @contextlib.contextmanager
    def revocation_server(self):
        """It answers whether the certificate that was signed last has been revoked (RFC 6960): no."""
        folder = self.folder

        class Server(web_server.Handler):
            def do_GET(self):
                question = urllib.parse.unquote(self.path.lstrip("/"))
                (folder / "question.der").write_bytes(base64.b64decode(question))
                subprocess.run(["openssl", "ocsp", "-index", "index", "-CA", "issuer.pem", "-rsigner", "issuer.pem", "-rkey",
                                "issuer.key", "-ndays", "1", "-reqin", "question.der", "-respout", "answer.der"], check=True,
                               capture_output=True, cwd=folder)
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.end_headers()
                self.wfile.write((folder / "answer.der").read_bytes())

        self.lab.name_server.publish(REVOCATION_NAME, "A", ADDRESS)
        try:
            with web_server.serving(self.lab.client(ADDRESS), (ADDRESS, 80), Server):
                yield
        finally:
            self.lab.name_server.records.pop((REVOCATION_NAME + ".", "A"))

    def log(self):
        return self.machine.read("/var/log/pebble.log")

    def _ask(self, port, method, path, body=None, headers=None):
        """(status, headers, content) of Pebble's own answer."""
        with self.lab.client(ADDRESS), contextlib.closing(http.client.HTTPSConnection(
                ADDRESS, port, timeout=SECONDS, context=ssl._create_unverified_context())) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def _handler(self):
        authority = self

        class Front(web_server.Handler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                authority.requests.append((self.command, self.path))
                authority.wait_if_held(self.path)
                problem = authority.problem_with(body) if self.path == "/order-plz" else None
                if problem:
                    return self.refuse(problem)
                headers = {name: self.headers[name] for name in ("Host", "Content-Type", "User-Agent") if name in self.headers}
                status, given, content = authority._ask(PORT, self.command, self.path, body or None, headers)
                self.give(status, [(name, value) for name, value in given.items() if name in PASSED_ON], content)

            do_GET = do_HEAD = do_POST = answer

            def refuse(self, problem):
                nonce = authority._ask(PORT, "HEAD", "/nonce-plz")[1]["Replay-Nonce"]
                wait = [("Retry-After", str(authority.retry_after))] if authority.retry_after else []
                self.give(problem["status"], [("Content-Type", "application/problem+json"), ("Replay-Nonce", nonce), *wait],
                          json.dumps(problem).encode())

            def give(self, status, headers, content):
                self.send_response(status)
                for name, value in headers + [("Content-Length", str(len(content)))]:
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

        return Front

    def problem_with(self, order):
        """What the authority has against an order (RFC 8555 sections 6.6, 6.7.1, 7.4); nothing."""
        if self.maintenance:
            return {"type": ERROR + "serverInternal", "detail": "down for maintenance", "status": 503}
        if self.retry_after:
            return {"type": ERROR + "rateLimited", "detail": "too many certificates already issued", "status": 429}
        payload = json.loads(order)["payload"]
        names = [one["value"] for one in json.loads(base64.urlsafe_b64decode(payload + "=="))["identifiers"]]
        refused = [name for name in names if any(name == one or name.endswith("." + one) for one in self.refused)]
        if not refused:
            return None
        parts = [{"type": ERROR + "rejectedIdentifier", "identifier": {"type": "dns", "value": name},
                  "detail": "the domain name is forbidden by policy"} for name in refused]
        return {"type": parts[0]["type"], "detail": f'Cannot issue for "{refused[0]}": the domain name is forbidden by policy',
                "status": 400, "subproblems": parts}

    def wait_if_held(self, path):
        held = self.held
        if held and path.startswith(held[0]):
            self.held = None
            held[1].set()
            held[2].wait(SECONDS)

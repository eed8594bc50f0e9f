"""The web site with friend.test's MTA-STS policy (RFC 8461), and the authority that vouches for it and for friend.test's mail server.

A fixture, for modules whose boxes have the recipe mta-sts: they import it."""

import ssl
import subprocess

import pytest

import web_server
from mail_user import FRIEND_AT

POLICY = "version: STSv1\r\nmode: enforce\r\nmx: friend.test\r\nmax_age: 86400\r\n"
SITE = "mta-sts.friend.test"


class Authority:
    """A certificate authority."""

    def __init__(self, folder):
        self.folder = folder
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Authority", "-addext",
                      "keyUsage=critical,keyCertSign,cRLSign", "-keyout", "ca.key", "-out", "ca.pem")
        self.certificate = (folder / "ca.pem").read_text()

    def server(self, name):
        """A context for a server of that name."""
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", "server.key", "-out", "server.csr")
        # As real authorities write them: newer releases of Python insist on it.
        (self.folder / "names").write_text(f"subjectAltName=DNS:{name}\nauthorityKeyIdentifier=keyid\n")
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                      "-extfile", "names", "-out", "server.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return context

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder)


class Site(web_server.Handler):
    def do_GET(self):  # noqa: N802
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(POLICY.encode())


@pytest.fixture
def policy_host(lab, box, tmp_path):
    """The authority, which the box knows; the site is there meanwhile."""
    authority = Authority(tmp_path)
    box.run("sh", "-c", "cat > /usr/local/share/ca-certificates/lab.crt && update-ca-certificates && "
            "systemctl restart postfix-mta-sts-resolver", input=authority.certificate)
    box.wait_for_listeners({8461})
    box.run("postfix", "reload")  # its clients read the authorities when they start
    lab.name_server.publish(SITE, "A", FRIEND_AT)
    lab.name_server.publish("_mta-sts.friend.test", "TXT", "v=STSv1; id=1")
    box.run("unbound-control flush_zone friend.test || systemctl restart unbound")  # earlier tests asked for it
    try:
        with web_server.serving(lab.client(FRIEND_AT), (FRIEND_AT, 443), Site, authority.server(SITE)):
            yield authority
    finally:
        lab.name_server.records.pop(("_mta-sts.friend.test.", "TXT"))

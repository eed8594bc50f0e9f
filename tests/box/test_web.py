"""Web sites: what a browser gets at each name, what the administrator sets, and that a mistake costs its own name only."""

import contextlib
import http.client
import os
import socket
import ssl

import pytest

import lab as laboratory
import program
import set_up
import web_server

DOMAIN = "example.test"
OTHER = "example.org"
VISITOR_AT = "198.51.100.140"
APPLICATION_AT = "198.51.100.141"
WWW = set_up.STORAGE + "/www"
CUSTOM = WWW + "/custom.yaml"


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read().decode()


def get(lab, box, name, path="/", port=443):
    """What a browser of a stranger's gets, whatever it thinks of the certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with lab.client(VISITOR_AT):
        raw = socket.create_connection((box.address, port), timeout=20)
    with contextlib.closing(context.wrap_socket(raw, server_hostname=name) if port == 443 else raw) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        return Answer(response)


def settled(condition):
    """nginx takes a reload in after it has said so, and for a while processes of before answer, too."""
    assert laboratory.wait_for(condition, 20)


def changed(box, *arguments, exit_code=0):
    done = program.call(box, *arguments)
    assert done.returncode == exit_code, program.told(done)
    return done


def page(box, name, text):
    os.makedirs(box.path(f"{WWW}/{name}"), exist_ok=True)
    box.write(f"{WWW}/{name}/index.html", text)


@pytest.fixture(scope="module")
def sites(box):
    """A second domain, and a page of the first one's own."""
    page(box, DOMAIN, "the page of " + DOMAIN)
    done = program.call(box, "user", "add", "anna@" + OTHER, input="a long enough password\n")
    assert done.returncode == 0, program.told(done)
    return box


def test_each_name_has_its_site(lab, sites):
    settled(lambda: get(lab, sites, DOMAIN).body == "the page of " + DOMAIN)
    for name in (OTHER, set_up.HOST_NAME, "autoconfig." + DOMAIN, "unknown.test"):
        assert "This is a Mail-in-a-Box" in get(lab, sites, name).body, name
    assert "clientConfig" in get(lab, sites, "autoconfig." + OTHER, "/mail/config-v1.1.xml").body
    listed = {site["domain"]: site for site in program.parsed(program.call(sites, "web", "list", "--json"))["sites"]}
    assert listed[DOMAIN]["root"] == listed[DOMAIN]["custom_root"] == f"{WWW}/{DOMAIN}"
    assert (listed[OTHER]["root"], listed[OTHER]["static_enabled"]) == (WWW + "/default", True)
    assert (listed["www." + OTHER]["kind"], listed["www." + OTHER]["target"]) == ("redirect", OTHER)


def test_redirects_to_https_and_from_www(lab, sites):
    for name in (DOMAIN, "www." + DOMAIN):
        answer = get(lab, sites, name, "/a%20b?c=d", port=80)
        assert (answer.status, answer.headers["Location"]) == (301, f"https://{name}/a%20b?c=d")
    answer = get(lab, sites, "www." + DOMAIN, "/a%20b?c=d")
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{DOMAIN}/a%20b?c=d")
    assert answer.headers["Strict-Transport-Security"] == "max-age=15768000"
    challenge = set_up.STORAGE + "/ssl/lets_encrypt/webroot/.well-known/acme-challenge/token"
    sites.write(challenge, "what an authority looks for")
    for name in (DOMAIN, "www." + OTHER, "unknown.test"):
        assert get(lab, sites, name, "/.well-known/acme-challenge/token", port=80).body == "what an authority looks for"
    os.remove(sites.path(challenge))


def test_headers_and_security_txt(lab, sites):
    for name, own in ((DOMAIN, False), (set_up.HOST_NAME, True)):
        headers = get(lab, sites, name).headers
        assert headers["Strict-Transport-Security"] == "max-age=15768000", name
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"], name
        assert ("frame-ancestors 'none'" in headers.get("Content-Security-Policy", "")) == own, name
        assert headers.get("X-Frame-Options") == ("DENY" if own else None), name
    path = "/.well-known/security.txt"
    answer = get(lab, sites, set_up.HOST_NAME, path)
    fields = dict(line.split(": ", 1) for line in answer.body.splitlines())
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert fields.pop("Expires").endswith("-01T00:00:00Z")
    assert fields == {"Contact": "mailto:administrator@" + set_up.HOST_NAME,
                      "Canonical": f"https://{set_up.HOST_NAME}{path}"}
    assert get(lab, sites, DOMAIN, path).status == 404
    os.makedirs(sites.path(WWW + "/default/.well-known"))
    sites.write(WWW + "/default" + path, "Contact: mailto:me\n")
    assert get(lab, sites, set_up.HOST_NAME, path).body == "Contact: mailto:me\n"
    for name in (".git/config", ".htpasswd", ".env"):
        assert get(lab, sites, DOMAIN, "/" + name).status == 403, name
    assert get(lab, sites, DOMAIN, "/.other/x").status == 404


def test_the_administrators_default_page_has_no_headers_of_the_boxs_own(lab, sites):
    before = sites.read(WWW + "/default/index.html")
    page(sites, "default", "a page of the administrator's")
    changed(sites, "dns", "update")
    settled(lambda: get(lab, sites, set_up.HOST_NAME).headers["Content-Security-Policy"] is None)
    assert get(lab, sites, set_up.HOST_NAME).headers["X-Frame-Options"] is None
    page(sites, "default", before)
    changed(sites, "dns", "update")
    settled(lambda: get(lab, sites, set_up.HOST_NAME).headers["X-Frame-Options"] == "DENY")


def test_settings_of_an_existing_box(lab, sites):
    """The file as people write it for the original; what a command sets beside it leaves it alone."""
    text = ("# mine\nexample.test:\n  redirects:\n    ^/(\\d{4})/x$: https://elsewhere.test/$1  # a year\n"
            "  aliases:\n    /root/: $ROOT/../default/\n  hsts: no\n")
    sites.write(CUSTOM, text)
    assert "web updated" in changed(sites, "dns", "update").stdout
    settled(lambda: get(lab, sites, DOMAIN, "/2024/x").headers["Location"] == "https://elsewhere.test/2024")
    assert "This is a Mail-in-a-Box" in get(lab, sites, DOMAIN, "/root/").body
    assert get(lab, sites, DOMAIN).headers["Strict-Transport-Security"] is None
    assert "web updated" in changed(sites, "web", "set", DOMAIN, "redirect", "^/new$", "https://new.test/").stdout
    settled(lambda: get(lab, sites, DOMAIN, "/new").headers["Location"] == "https://new.test/")
    assert changed(sites, "web", "set", DOMAIN, "redirect", "^/new$", "https://new.test/").stdout == "nothing to do\n"
    changed(sites, "web", "remove", DOMAIN, "redirect", "^/new$")
    assert sites.read(CUSTOM) == text
    settled(lambda: get(lab, sites, DOMAIN, "/new").status == 404)


class Application(web_server.Handler):
    def do_GET(self):
        body = "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_a_proxy(lab, sites):
    address = (APPLICATION_AT, 8080)
    with web_server.serving(lab.client(APPLICATION_AT), address, Application):
        url = f"http://{APPLICATION_AT}:8080/#frame-options-sameorigin,pass-http-host,web-sockets"
        changed(sites, "web", "set", OTHER, "proxy", "/app/", url)
        settled(lambda: get(lab, sites, OTHER, "/app/").status == 200)
        assert get(lab, sites, OTHER, "/app/.hidden/x").status == 200
        answer = get(lab, sites, OTHER, "/app/")
        assert f"Host: {OTHER}" in answer.body and f"X-Real-IP: {VISITOR_AT}" in answer.body, answer.body
        assert answer.headers.get_all("X-Frame-Options") == ["SAMEORIGIN"]
        assert answer.headers["Strict-Transport-Security"] == "max-age=15768000"
    changed(sites, "web", "remove", OTHER)
    assert OTHER not in sites.read(CUSTOM)


def test_what_is_wrong_is_refused_and_changes_nothing(lab, sites):
    before = sites.read(CUSTOM)
    for arguments, said in ((("proxy", "/x/", "example.net/"), "complete URL"), (("alias", "x", "/srv/x"), "begins with /"),
                            (("redirect", "^/x(", "https://example.net/"), "taken back"),
                            (("hsts", "maybe"), "yes, no or preload")):
        done = changed(sites, "web", "set", DOMAIN, *arguments, exit_code=1)
        assert said in done.stderr, program.told(done)
        assert sites.read(CUSTOM) == before
    done = changed(sites, "web", "set", "www." + DOMAIN, "hsts", "no", exit_code=1)
    assert f"only leads to {DOMAIN}" in done.stderr
    assert "the page of" in get(lab, sites, DOMAIN).body
    assert program.plan(sites)["changes"] == []
    assert sites.run("nginx", "-t").stderr.count("warn") == 0


def test_a_mistake_in_the_settings_holds_its_own_site(lab, sites):
    before = sites.read(CUSTOM)
    sites.write(CUSTOM, before.replace("  hsts: no", "  hsts: [no]") + OTHER + ":\n  hsts: no\n")
    done = changed(sites, "dns", "update")
    assert f"{CUSTOM}:7:9: expected yes, no or preload" in done.stderr, program.told(done)
    settled(lambda: get(lab, sites, OTHER).headers["Strict-Transport-Security"] is None)
    assert get(lab, sites, DOMAIN, "/2024/x").headers["Location"] == "https://elsewhere.test/2024"
    listed = {site["domain"]: site for site in program.parsed(program.call(sites, "web", "list", "--json"))["sites"]}
    assert listed[DOMAIN]["held"] and not listed[OTHER]["held"]
    sites.write(CUSTOM, before)
    changed(sites, "dns", "update")
    settled(lambda: get(lab, sites, OTHER).headers["Strict-Transport-Security"])


def test_what_the_original_ignored_is_only_a_warning(lab, sites):
    before = sites.read(CUSTOM)
    sites.write(CUSTOM, before.replace("  hsts: no", "  hsts: none\n  note: mine")
                .replace("  aliases:\n", "  aliases:\n    /kept/: $ROOT/../default/\n"))
    done = changed(sites, "dns", "update")
    assert '"note" is not a setting of a site' in done.stderr and "it is ignored" in done.stderr, program.told(done)
    settled(lambda: "This is a Mail-in-a-Box" in get(lab, sites, DOMAIN, "/kept/").body)
    assert get(lab, sites, DOMAIN).headers["Strict-Transport-Security"] is None
    sites.write(CUSTOM, before)
    changed(sites, "dns", "update")
    settled(lambda: get(lab, sites, DOMAIN, "/kept/").status == 404)


def test_a_broken_snippet_costs_its_own_name_only(lab, sites):
    snippet = f"{WWW}/{DOMAIN}.conf"
    sites.write(snippet, "location = /mine {\n\treturn 200 mine;\n}\n")
    changed(sites, "dns", "update")
    settled(lambda: get(lab, sites, DOMAIN, "/mine").body == "mine")
    broken = {"location = /mine {\n\treturn 200 other;\n}\nno_such_directive on;\n": snippet + ":4",
              "listen 443 ssl default_server;\n": snippet + ":1"}
    for text, place in broken.items():
        sites.write(snippet, text)
        done = changed(sites, "web", "set", OTHER, "redirect", "^/there$", "https://there.test/", exit_code=1)
        assert place in done.stderr and "the file stays as it was" in done.stderr, program.told(done)
        settled(lambda: get(lab, sites, OTHER, "/there").headers["Location"] == "https://there.test/")
        assert get(lab, sites, DOMAIN, "/mine").body == "mine"
        sites.run("nginx", "-t")
        assert [change["id"] for change in program.plan(sites)["changes"]] == [
            f"file:/etc/nginx/mailinabox/sites/{DOMAIN}.conf"]
        changed(sites, "web", "remove", OTHER, exit_code=1)
    assert not os.path.exists(sites.path("/etc/nginx/mailinabox/check/candidate"))
    sites.write(snippet, "location = /mine {\n\treturn 200 mended;\n}\n")
    changed(sites, "dns", "update")
    settled(lambda: get(lab, sites, DOMAIN, "/mine").body == "mended")


def test_two_snippets_that_are_right_alone(lab, sites):
    """What the first one has claimed the second cannot have: it costs the second site only."""
    listen = "listen 8443 ssl default_server;\n"
    own, other = f"{WWW}/{DOMAIN}.conf", f"{WWW}/{OTHER}.conf"
    before = sites.read(own)
    sites.write(own, before + listen)
    changed(sites, "dns", "update")
    sites.write(own, before + "# again\n" + listen)  # which is no conflict with the file of before
    changed(sites, "dns", "update")
    sites.write(other, listen)
    done = changed(sites, "web", "set", DOMAIN, "redirect", "^/both$", "https://both.test/", exit_code=1)
    assert f"{other}:1" in done.stderr and "the file stays as it was" in done.stderr, program.told(done)
    settled(lambda: get(lab, sites, DOMAIN, "/both").headers["Location"] == "https://both.test/")
    os.remove(sites.path(other))
    sites.write(own, before)
    changed(sites, "web", "remove", DOMAIN, "redirect", "^/both$")
    assert program.plan(sites)["changes"] == []


def test_a_new_name_with_a_broken_snippet_is_served_without_it(lab, sites):
    sites.write(f"{WWW}/example.net.conf", "no_such_directive on;\n")
    page(sites, "example.net", "a new page")
    done = program.call(sites, "user", "add", "bob@example.net", input="a long enough password\n")
    assert done.returncode == 1 and f"{WWW}/example.net.conf:1" in done.stderr, program.told(done)
    settled(lambda: get(lab, sites, "example.net").body == "a new page")
    os.remove(sites.path(f"{WWW}/example.net.conf"))
    assert program.call(sites, "user", "remove", "bob@example.net").returncode == 0
    assert not os.path.exists(sites.path("/etc/nginx/mailinabox/sites/example.net.conf"))
    settled(lambda: "This is a Mail-in-a-Box" in get(lab, sites, "example.net").body)
    assert program.plan(sites)["changes"] == []

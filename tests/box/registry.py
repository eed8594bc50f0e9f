"""The package registry that boxes see: the archives this machine's own apt uses, kept on disk once fetched.

Boxes have no way out, so a small HTTP server on their Ethernet hands requests on to the archives named in this
machine's apt configuration. Packages never change and are kept between sessions; indexes are fetched once a session.
"""

import glob
import hashlib
import http.client
import http.server
import os
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

SUITES = ("bookworm", "bookworm-updates", "bookworm-security")
UNSUPPORTED_RELEASES = ("bullseye",)  # their security archives list packages that they no longer have
PORT = 80


class Archive:
    """One address of apt's sources with its suites."""

    def __init__(self, uri, suites, components, signed_by):
        self.uri, self.suites, self.components, self.signed_by = uri, suites, components, signed_by


def _one_line_entries(text):
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+?)\s*(?:#.*)?$", line)
        if match:
            options = dict(part.split("=", 1) for part in (match[1] or "").split() if "=" in part)
            yield [match[2]], [match[3]], match[4].split(), options.get("signed-by", "")


def _stanza_entries(text):
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", text):
        fields = {name.lower(): value.strip() for name, value in
                  re.findall(r"^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.M)}
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            yield (fields.get("uris", "").split(), fields.get("suites", "").split(),
                   fields.get("components", "").split(), fields.get("signed-by", ""))


def archives_of_this_machine(directory="/etc/apt"):
    """The Debian 12 archives in apt's sources, in their order."""
    entries = []
    for path in [directory + "/sources.list"] + sorted(glob.glob(directory + "/sources.list.d/*")):
        if not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8") as source:
            text = source.read()
        if path.endswith(".sources"):
            entries += _stanza_entries(text)
        elif path.endswith(".list"):
            entries += _one_line_entries(text)
    found = []
    for uris, suites, components, signed_by in entries:
        wanted = [suite for suite in suites if suite in SUITES]
        if uris and wanted and "main" in components:
            keyring = signed_by if re.fullmatch(r"/\S+", signed_by) else ""
            found.append(Archive(uris[0].rstrip("/"), wanted, ["main"], keyring))
    if not any("bookworm" in archive.suites for archive in found):
        raise RuntimeError("the apt sources of this machine name no Debian 12 (bookworm) archive; a test box is made "
                           "from the same archives that this machine uses")
    return found


def apt_settings_of_this_machine():
    """What this machine's apt accepts of an archive, in apt.conf's own form: boxes must accept it as well."""
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    return "".join(line + "\n" for line in dump.splitlines()
                   if re.match(r"Acquire::(Check-Valid-Until|Check-Date|AllowReleaseInfoChange)\b", line))


def _proxy_handler():
    values = subprocess.run(["apt-config", "shell", "http", "Acquire::http::Proxy", "https", "Acquire::https::Proxy"],
                            check=True, capture_output=True, text=True).stdout
    proxies = urllib.request.getproxies()
    for scheme, proxy in re.findall(r"^(https?)='(.*)'$", values, re.M):
        if proxy and proxy != "DIRECT":
            proxies[scheme] = proxy
    return urllib.request.ProxyHandler(proxies)


class Registry:
    """Serves /0/..., /1/... for the archives, from `cache` or from the archive."""

    def __init__(self, cache, log):
        self.archives = archives_of_this_machine()
        self.cache = cache
        self.log = log
        self.reachable = True  # False: as if the archives' machine were down
        self._fresh = set()
        self._locks = {}
        self._lock = threading.Lock()
        self._opener = urllib.request.build_opener(_proxy_handler())
        self._server = None
        os.makedirs(cache, exist_ok=True)

    def sources(self, host, release="bookworm"):
        """Lines of a sources.list for a box. The archives keep all of Debian's releases side by side."""
        lines = []
        for number, archive in enumerate(self.archives):
            options = f"[signed-by={archive.signed_by}] " if archive.signed_by else ""
            for suite in archive.suites:
                if suite.endswith("-security") and release in UNSUPPORTED_RELEASES:
                    continue
                suite = suite.replace("bookworm", release)
                lines.append(f"deb {options}http://{host}/{number} {suite} {' '.join(archive.components)}\n")
        return "".join(lines)

    def fetch(self, path):
        """The file with what stands behind `path`, or None where the archive has none."""
        match = re.fullmatch(r"/(\d+)/([A-Za-z0-9._+~:%/-]+)", path)
        if not match or ".." in path or int(match[1]) >= len(self.archives):
            return None
        archive = self.archives[int(match[1])]
        key = hashlib.sha256(f"{archive.uri}/{match[2]}".encode()).hexdigest()
        target = os.path.join(self.cache, key)
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            permanent = match[2].startswith("pool/") or "/by-hash/" in match[2]
            if os.path.exists(target) and (permanent or key in self._fresh):
                return target
            return self._download(archive.uri + "/" + match[2], target, key)

    def _download(self, url, target, key):
        partial = f"{target}.{os.getpid()}.partial"
        for attempt in (1, 2, 3):
            try:
                with self._opener.open(url, timeout=60) as answer, open(partial, "wb") as output:
                    shutil.copyfileobj(answer, output, 1 << 20)
                    length = answer.headers.get("Content-Length")
                    if length and output.tell() != int(length):
                        raise OSError(f"got {output.tell()} of {length} bytes")
                os.replace(partial, target)
                self._fresh.add(key)
                return target
            except urllib.error.HTTPError as error:
                if error.code in (403, 404, 410):
                    return None
                problem = error
            except (OSError, http.client.HTTPException) as error:
                problem = error
            self.log(f"registry: {urllib.parse.urlsplit(url).path}: attempt {attempt}: {problem}")
        raise OSError(f"the archive does not give {urllib.parse.urlsplit(url).path}")

    def serve(self, host):
        """Opens the port in the network namespace of the calling thread and answers in threads of its own."""
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.do_GET()

            def do_GET(self):
                if not registry.reachable:
                    self.close_connection = True
                    return
                try:
                    path = registry.fetch(urllib.parse.unquote(urllib.parse.urlsplit(self.path).path))
                except OSError:
                    self.send_error(503)
                    return
                if path is None:
                    self.send_error(404)
                    return
                with open(path, "rb") as content:
                    size = os.fstat(content.fileno()).st_size
                    start = self._start(size)
                    self.send_response(206 if start else 200)
                    if start:
                        self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
                    self.send_header("Content-Length", str(size - start))
                    self.send_header("Last-Modified", self.date_time_string(int(os.fstat(content.fileno()).st_mtime)))
                    self.end_headers()
                    if self.command == "GET":
                        content.seek(start)
                        shutil.copyfileobj(content, self.wfile, 1 << 20)

            def _start(self, size):
                match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
                return int(match[1]) if match and int(match[1]) < size else 0

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that was pulled off the network

        self._server = Server((host, PORT), Handler)

    def start(self):
        """In the network namespace that reaches the archives."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()

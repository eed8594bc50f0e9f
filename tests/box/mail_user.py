"""People who use the box from elsewhere: its mail users with their mail programs, and strangers' servers."""

import base64
import contextlib
import email
import email.message
import email.policy
import email.utils
import imaplib
import poplib
import re
import smtplib
import socket
import ssl
import threading
import time
import uuid

USER_AT = "198.51.100.101"
SENDER_AT = "198.51.100.110"  # what sender.test resolves to
FRIEND_AT = "198.51.100.111"
ATTACKER_AT = "198.51.100.120"
LISTED_AT = "198.51.100.66"  # in name_server.py
SECONDS = 30

imaplib.Commands.setdefault("MOVE", ("SELECTED",))


# Enough words for the spam filter to find nothing odd.
BODY = "Good morning, the meeting tomorrow begins at nine in the large room.\n"


def new_subject():
    """One that no other message has. Letters only: SpamAssassin takes one hexadecimal number in thirty for a Bitcoin address."""
    return "test " + "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex[:12])


def message(sender, recipient, body=BODY, subject=None, headers=None):
    """A message with a subject of its own."""
    text = email.message.EmailMessage()
    text["From"], text["To"] = sender, recipient
    text["Subject"] = subject or new_subject()
    text["Date"] = email.utils.formatdate(localtime=False)
    text["Message-ID"] = email.utils.make_msgid(domain=sender.split("@")[1])
    for name, value in (headers or {}).items():
        text[name] = value
    text.set_content(body)
    return text


def trust(box, storage="/home/user-data"):
    """A TLS context that accepts the box's own certificate and no other."""
    context = ssl.create_default_context(cadata=box.run("cat", storage + "/ssl/ssl_certificate.pem").stdout)
    context.check_hostname = False
    return context


class MailUser:
    """Reads and sends mail as a mail program does."""

    def __init__(self, lab, box, address, password, at=USER_AT, storage="/home/user-data"):
        self.lab, self.box, self.address, self.password, self.at = lab, box, address, password, at
        self.tls = trust(box, storage)

    def submission(self, port):
        with self.lab.client(self.at):
            if port == 465:
                return smtplib.SMTP_SSL(self.box.address, 465, "laptop.home.test", timeout=SECONDS, context=self.tls)
            connection = smtplib.SMTP(self.box.address, port, "laptop.home.test", timeout=SECONDS)
            connection.starttls(context=self.tls)
            return connection

    def send(self, text, port=587, sender=None, recipients=None):
        with self.submission(port) as connection:
            connection.login(self.address, self.password)
            raw = text if isinstance(text, bytes) else text.as_bytes()
            return connection.sendmail(sender or self.address, recipients or [text["To"]], raw)

    def imap(self, folder=None):
        with self.lab.client(self.at):
            connection = imaplib.IMAP4_SSL(self.box.address, 993, ssl_context=self.tls, timeout=SECONDS)
        connection.login(self.address, self.password)
        if folder:
            status, said = connection.select(folder)
            assert status == "OK", f"folder {folder} cannot be opened: {said}"
        return connection

    def pop3(self):
        with self.lab.client(self.at):
            connection = poplib.POP3_SSL(self.box.address, 995, context=self.tls, timeout=SECONDS)
        connection.user(self.address)
        connection.pass_(self.password)
        return connection

    def find(self, subject, folder="INBOX", search="HEADER Subject"):
        """The message with that subject in that folder, or None. `search`: where else it stands (RFC 3501 6.4.4)."""
        with self.imap() as connection:
            if connection.select(folder, readonly=True)[0] != "OK":
                return None
            numbers = connection.uid("SEARCH", *search.split(), f'"{subject}"')[1][0].split()
            if not numbers:
                return None
            content = connection.uid("FETCH", numbers[0].decode(), "(BODY.PEEK[])")[1][0][1]
            return email.message_from_bytes(content, policy=email.policy.default)

    def raw(self, subject, folder="INBOX"):
        """The bytes of a message that is there."""
        with self.imap(folder) as connection:
            number = connection.uid("SEARCH", "HEADER", "Subject", f'"{subject}"')[1][0].split()[0].decode()
            return connection.uid("FETCH", number, "(BODY.PEEK[])")[1][0][1]

    def wait_for(self, subject, folder="INBOX", seconds=SECONDS, search="HEADER Subject"):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.find(subject, folder, search)
            if found is not None:
                return found
            time.sleep(0.3)
        folders = self.folders_with(subject)
        raise AssertionError(f"no message {subject!r} in {self.address}'s {folder} within {seconds} s"
                             + (f"; it is in {folders}" if folders else "; it is in no folder"))

    def folders_with(self, subject):
        with self.imap() as connection:
            names = [re.search(rb'("[^"]+"|\S+)$', line)[1].decode().strip('"') for line in connection.list()[1] if line]
        return [name for name in names if self.find(subject, f'"{name}"') is not None]

    def move(self, subject, source, target):
        with self.imap(source) as connection:
            numbers = connection.uid("SEARCH", "HEADER", "Subject", f'"{subject}"')[1][0].split()
            assert numbers, f"no message {subject!r} in {source}"
            status, said = connection.uid("MOVE", numbers[0].decode(), target)
            assert status == "OK", f"the message cannot be moved to {target}: {said}"


class Stranger:
    """A mail server somewhere that delivers to the box's port 25."""

    def __init__(self, lab, box, at=SENDER_AT, name="sender.test"):
        self.lab, self.box, self.at, self.name = lab, box, at, name

    def connect(self):
        with self.lab.client(self.at):
            return smtplib.SMTP(self.box.address, 25, self.name, timeout=SECONDS)

    def try_recipient(self, sender, recipient):
        """What the box answers to RCPT: (code, text)."""
        with self.connect() as connection:
            connection.ehlo()
            answer = connection.mail(sender)
            if answer[0] == 250:
                answer = connection.rcpt(recipient)
            connection.rset()
        return answer[0], answer[1].decode()

    def deliver(self, text, recipient=None, sender=None, seconds=60):
        """A message, or the bytes of one. Tries again while the box asks for that, as servers do."""
        end = time.monotonic() + seconds
        while True:
            try:
                with self.connect() as connection:
                    raw = text if isinstance(text, bytes) else text.as_bytes()
                    return connection.sendmail(sender or text["From"], [recipient or text["To"]], raw)
            except smtplib.SMTPRecipientsRefused as refusal:
                codes = [code for code, _ in refusal.recipients.values()]
                if any(code >= 500 for code in codes) or time.monotonic() > end:
                    raise
            except smtplib.SMTPResponseException as refusal:
                if refusal.smtp_code >= 500 or time.monotonic() > end:
                    raise
            time.sleep(1)


class OtherServer:
    """A mail server somewhere to which the box delivers. It keeps what it gets, or refuses it for good.

    tls: a context: it offers STARTTLS; BROKEN_TLS: it offers it, and hangs up then."""

    BROKEN_TLS = object()

    def __init__(self, lab, at=FRIEND_AT, refuse=False, tls=None):
        self.received = []  # (sender, recipients, message as bytes)
        self.refuse = refuse
        self.tls = tls
        self._arrived = threading.Condition()
        with lab.client(at):
            self._socket = socket.create_server((at, 25))
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def wait_for(self, subject, seconds=SECONDS):
        """(sender of the envelope, recipients, message as bytes)"""
        def found():
            return [item for item in self.received if email.message_from_bytes(item[2])["Subject"] == subject]

        with self._arrived:
            if not self._arrived.wait_for(found, seconds):
                subjects = [email.message_from_bytes(item[2])["Subject"] for item in self.received]
                raise AssertionError(f"no message {subject!r} arrived within {seconds} s; there are {subjects}")
            return found()[0]

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection):
        with connection:
            if self._talk(connection, self.tls):
                # Who does not accept the certificate hangs up.
                with contextlib.suppress(ssl.SSLEOFError), self.tls.wrap_socket(connection, server_side=True) as encrypted:
                    self._talk(encrypted, None)

    def _talk(self, connection, tls):
        """True if TLS begins now."""
        with connection.makefile("rwb") as stream:
            def say(text):
                stream.write(text.encode() + b"\r\n")
                stream.flush()

            connection.settimeout(SECONDS)
            sender, recipients = "", []
            if not isinstance(connection, ssl.SSLSocket):
                say("220 other server")
            while line := stream.readline().decode().strip():
                verb, address = line.split(" ")[0].upper(), re.search(r"<(.*?)>", line)
                if verb == "MAIL":
                    sender, recipients = address[1], []
                elif verb == "RCPT":
                    recipients.append(address[1])
                elif verb == "EHLO" and tls is not None:
                    say("250-other server\r\n250 STARTTLS")
                    continue
                elif verb == "STARTTLS":
                    say("220 go on")
                    return tls is not self.BROKEN_TLS
                elif verb == "DATA":
                    say("354 go on")
                    content = b""
                    while (part := stream.readline()) not in (b".\r\n", b""):
                        content += part[1:] if part.startswith(b".") else part
                    if not self.refuse:
                        with self._arrived:
                            self.received.append((sender, recipients, content))
                            self._arrived.notify_all()
                refused = self.refuse and verb == "DATA"
                say("550 5.7.1 not here" if refused else "221 bye" if verb == "QUIT" else "250 ok")
                if verb == "QUIT":
                    return False
        return False


class ManageSieve:
    """As much of RFC 5804 as a mail program's filter editor uses."""

    def __init__(self, user):
        with user.lab.client(user.at):
            self._socket = socket.create_connection((user.box.address, 4190), timeout=SECONDS)
        self._stream = self._socket.makefile("rwb")
        self.greeting = self._answer()
        self._command(b"STARTTLS")
        self._socket = user.tls.wrap_socket(self._socket, server_hostname=user.box.address)
        self._stream = self._socket.makefile("rwb")
        self._answer()
        secret = base64.b64encode(f"\0{user.address}\0{user.password}".encode())
        self._command(b'AUTHENTICATE "PLAIN" "' + secret + b'"')

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._stream.close()
        self._socket.close()

    def _answer(self):
        lines = []
        while True:
            line = self._stream.readline()
            if not line:
                raise AssertionError(f"ManageSieve: the box hung up after {lines}")
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if literal:
                line += self._stream.read(int(literal[1])) + self._stream.readline()
            lines.append(line.decode().rstrip("\r\n"))
            if line.startswith(b"OK"):
                return lines
            if line.startswith((b"NO", b"BYE")):
                raise AssertionError("ManageSieve: " + " ".join(lines))

    def _command(self, line):
        self._stream.write(line + b"\r\n")
        self._stream.flush()
        return self._answer()

    def upload(self, name, script):
        content = script.encode()
        self._command(b'PUTSCRIPT "%s" {%d+}\r\n%s' % (name.encode(), len(content), content))

    def activate(self, name):
        self._command(b'SETACTIVE "%s"' % name.encode())

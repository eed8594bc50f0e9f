"""The way of mail from port 25 to the mailbox: messages a second, and what each service of the box spends on one."""

import concurrent.futures
import email
import email.message
import email.policy
import email.utils
import os
import random
import re
import smtplib
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "box")]

import greylisting  # noqa: E402
import set_up  # noqa: E402
from mail_user import Stranger  # noqa: E402

# What is sent: (name, bytes, how many, over how many connections at a time, to how many recipients each)
LOADS = tuple((name, size, count, connections, 1)
              for name, size, count in (("4 KB", 4_000, 100), ("100 KB", 100_000, 60), ("5 MB", 5_000_000, 20))
              for connections in (1, 20)) + (("4 KB to 10", 4_000, 20, 20, 10),)
SENDER = "someone@sender.test"
MAILBOX = f"{set_up.STORAGE}/mail/mailboxes/{set_up.ADDRESS.split('@')[1]}/{set_up.ADDRESS.split('@')[0]}"
EXAMPLES = "/usr/share/doc/spamassassin/examples"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
UNITS = {"spam filter": ("spampd",), "Postfix": ("postfix",), "Dovecot": ("dovecot",), "OpenDKIM": ("opendkim",),
         "OpenDMARC": ("opendmarc",), "Postgrey": ("postgrey",), "Unbound": ("unbound",),
         "logs": ("systemd-journald", "rsyslog"), "fail2ban": ("fail2ban",)}
SECONDS = 180
# What an earlier load has brought down. (OpenDKIM of the release before does not survive twenty connections.)
START_FAILED = ("for unit in $(systemctl --failed --plain --no-legend | cut -d' ' -f1); do systemctl reset-failed $unit; "
                "systemctl start $unit; done")


class Texts:
    """Messages like those of people: words of the project's own prose, and what is larger is an attachment."""

    def __init__(self, seed=10):
        self._random = random.Random(seed)
        self._number = 0
        with open(os.path.join(os.path.dirname(os.path.dirname(HERE)), "README.md"), encoding="utf-8") as prose:
            self._words = sorted(set(re.findall(r"[a-z]{3,12}", prose.read().lower())))

    def prose(self, length):
        words = []
        while length > 0:
            words.append(self._random.choice(self._words))
            length -= len(words[-1]) + 1
        return "\n".join(" ".join(words[at:at + 12]) for at in range(0, len(words), 12)) + "\n"

    def message(self, size):
        self._number += 1
        text = email.message.EmailMessage()
        text["From"], text["To"] = f"Some One <{SENDER}>", set_up.ADDRESS
        text["Subject"] = self.prose(30).strip()
        text["Date"] = email.utils.formatdate()
        text["Message-ID"] = f"<{self._random.getrandbits(64):x}.{self._number}@sender.test>"
        text.set_content(self.prose(min(size, 8_000) - 600))
        if size > 8_000:
            text.add_attachment(self._random.randbytes((size - 9_000) * 37 // 50), maintype="image", subtype="jpeg",
                                filename="lake.jpg")
        return text.as_bytes(policy=email.policy.SMTP)


def _cpu(box):
    """Seconds by service, since its start."""
    folder = f"{box.cgroup}/payload/system.slice"
    found = {}
    for name in os.listdir(folder):
        for path in _leaves(os.path.join(folder, name)) if os.path.isdir(os.path.join(folder, name)) else []:
            with open(path + "/cpu.stat", encoding="ascii") as figures:
                unit = re.sub(r"(@.*)?\.service$", "", os.path.basename(path))
                found[unit] = found.get(unit, 0) + int(figures.readline().split()[1]) / 1e6
    with open(box.cgroup + "/payload/cpu.stat", encoding="ascii") as figures:
        found[""] = int(figures.readline().split()[1]) / 1e6
    return found


def _leaves(folder):
    """A unit, or those of a slice."""
    if not folder.endswith(".slice"):
        return [folder]
    return [os.path.join(folder, name) for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name))]


def by_service(box, before):
    """CPU seconds since `before`: all, then by the names of UNITS, then the rest. A service that was started meanwhile has
    lost what it spent before."""
    now = _cpu(box)
    spent = {unit: max(seconds - before.get(unit, 0), 0) for unit, seconds in now.items()}
    figures = {name: sum(spent.get(unit, 0) for unit in units) for name, units in UNITS.items()}
    return {"all": spent[""], **figures, "others": spent[""] - sum(figures.values())}


def mailbox_files(box):
    """Paths of all messages of the first user."""
    found = []
    for folder, _, files in os.walk(box.path(MAILBOX)):
        if os.path.basename(folder) in ("new", "cur"):
            found += [os.path.join(folder, name) for name in files]
    return found


def _wait(condition, otherwise):
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(otherwise)
        time.sleep(0.02)


def addresses(count):
    """So many of the first user's, each of which gets a copy of its own."""
    user, domain = set_up.ADDRESS.split("@")
    return [set_up.ADDRESS] if count == 1 else [f"{user}+{number}@{domain}" for number in range(count)]


def push(stranger, messages, connections, recipients=1):
    """All messages, so many at a time, each over a connection of its own. How often the box said "come again"."""
    end = time.monotonic() + SECONDS

    def send(raw):
        again = 0
        while time.monotonic() < end:
            with stranger.connect() as session:
                try:
                    session.sendmail(SENDER, addresses(recipients), raw)
                    return again
                except smtplib.SMTPDataError as refusal:
                    if refusal.smtp_code >= 500:
                        raise
            again += 1
            time.sleep(0.5)
        raise TimeoutError(f"the box did not take all messages in {SECONDS} s")

    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        return sum(done.result() for done in [pool.submit(send, raw) for raw in messages])


def measure(box, stranger, messages, connections, recipients=1):
    """(messages a second, how often "come again", CPU seconds a message by service)"""
    there = len(mailbox_files(box))
    before, began = _cpu(box), time.monotonic()
    again = push(stranger, messages, connections, recipients)
    _wait(lambda: len(mailbox_files(box)) - there >= len(messages) * recipients, "not all messages arrived\n" + box.log_tails())
    seconds = time.monotonic() - began
    return len(messages) / seconds, again, {name: spent / len(messages) for name, spent in by_service(box, before).items()}


def prepare(box, stranger, texts):
    """Greylisting knows the sender, and the filter has learnt enough to use its database of words (200 of each)."""
    greylisting.shorten(box)
    for folder, seed in (("ham", 1), ("spam", 2)):
        others = Texts(seed)
        for number in range(220):
            box.write(f"/bench/{folder}/{number}", others.message(2_000).decode())
        box.run("setpriv", "--reuid=spampd", "--regid=spampd", "--init-groups", "sa-learn", "--" + folder,
                "--prefspath=/dev/null", f"/bench/{folder}", env={"HOME": "/tmp"}, timeout=600)
    there = len(mailbox_files(box))
    recipients = addresses(1) * 8 + addresses(10)
    with concurrent.futures.ThreadPoolExecutor(len(recipients)) as pool:
        list(pool.map(lambda recipient: stranger.deliver(texts.message(4_000), recipient, SENDER), recipients))
    _wait(lambda: len(mailbox_files(box)) >= there + len(recipients), "the first messages did not arrive\n" + box.log_tails())


def _scored(box, stranger, raw):
    """(folder, X-Spam-Status) of a message after its delivery."""
    there = set(mailbox_files(box))
    stranger.deliver(raw, set_up.ADDRESS, SENDER)
    _wait(lambda: set(mailbox_files(box)) - there, "the message did not arrive\n" + box.log_tails())
    path = (set(mailbox_files(box)) - there).pop()
    with open(path, "rb") as source:
        status = email.message_from_binary_file(source)["X-Spam-Status"]
    place = os.path.relpath(os.path.dirname(os.path.dirname(path)), box.path(MAILBOX))
    return "INBOX" if place == "." else place.lstrip("."), " ".join((status or "not looked at").split())


def scores(box, stranger, texts):
    """What the filter makes of GTUBE and of the examples of SpamAssassin's package."""
    samples = {"GTUBE": texts.message(2_000) + GTUBE.encode()}
    for name in ("sample-spam.txt", "sample-nonspam.txt"):
        text = box.run(f"cat {EXAMPLES}/{name} 2>/dev/null || zcat {EXAMPLES}/{name}.gz").stdout
        samples[name] = text.encode()
    for name, raw in samples.items():
        place, status = _scored(box, stranger, raw)
        print(f"{name}: {place}; {status}", flush=True)


def table(lab, layers, title, loads=LOADS):
    with lab.box("mail", layers, host_name="") as box:
        box.start().wait_for_listeners(set_up.LISTENERS)
        stranger, texts = Stranger(lab, box), Texts()
        prepare(box, stranger, texts)
        names = ["all", *UNITS, "others"]
        print(f"\nFrom port 25 to the mailbox, {title}; CPU milliseconds a message\n\n| message | connections | messages/s | come again | "
              + " | ".join(names) + " | load |\n|" + "---|" * (len(names) + 5))
        for name, size, count, connections, recipients in loads:
            box.run(START_FAILED)
            try:
                rate, again, spent = measure(box, stranger, [texts.message(size) for _ in range(count)], connections, recipients)
            except TimeoutError as error:
                print(f"| {name} | {connections} | {error} |", flush=True)
                continue
            figures = " | ".join(f"{spent[unit] * 1000:.1f}" for unit in names)
            print(f"| {name} | {connections} | {rate:.1f} | {again} | {figures} | {os.getloadavg()[0]:.1f} |", flush=True)
        print("")
        scores(box, stranger, texts)

"""Spam, users' own filters, and training."""

import os
import re

import pytest

import greylisting
import set_up
from mail_user import SENDER_AT, MailUser, ManageSieve, OtherServer, Stranger, message

pytestmark = pytest.mark.releases("bookworm", "trixie")

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"


@pytest.fixture(scope="module")
def box(box):
    greylisting.shorten(box)
    return box


@pytest.fixture(scope="module")
def stranger(lab, box):
    return Stranger(lab, box)


def learned(box):
    """(spam, ham) that the filter has been trained with."""
    if not os.path.exists(box.path(set_up.STORAGE + "/mail/spamassassin/bayes_toks")):
        return 0, 0
    said = box.run("setpriv", "--reuid=spampd", "--regid=spampd", "--init-groups", "sa-learn", "--dump", "magic",
                   env={"HOME": "/tmp"}).stdout
    return tuple(int(re.search(rf"(\d+)\s+\d+\s+non-token data: {name}", said)[1]) for name in ("nspam", "nham"))


def filter_processes(box):
    """Process id -> page faults of children that it has waited for, for each process that looks at messages (proc(5))."""
    lines = box.run("cat /proc/[0-9]*/stat 2>/dev/null || true").stdout
    return {process: faults for process, parent, faults in
            re.findall(r"^(\d+) \(spampd.*\) \S (\d+)(?: \S+){6} (\d+)", lines, re.MULTILINE) if parent != "1"}


def test_spam_goes_to_the_spam_folder_with_headers(box, stranger, user):
    text = message("someone@sender.test", user.address, GTUBE)
    before = filter_processes(box)
    stranger.deliver(text)
    arrived = user.wait_for(text["Subject"], "Spam")
    after = filter_processes(box)
    assert before and before.keys() <= after.keys(), "children of the filter are not kept"
    assert set(after.values()) == {"0"}, "the filter starts a process for a message"
    assert arrived["X-Spam-Status"].startswith("Yes")
    assert float(arrived["X-Spam-Score"]) > 900
    assert "GTUBE" in arrived["X-Spam-Report"]
    assert arrived.get_content_type() == "text/plain", "spam is marked, not wrapped"
    assert user.find(text["Subject"]) is None


def test_forms_to_fill_in_are_found(box):
    """SpamAssassin's rules with a tag of the box's own: a form within a paragraph is one, a sentence is none."""
    fields = ("full name", "home address", "telephone number", "date of birth", "occupation", "nationality")
    texts = {"form": "Send us " + " ".join(f"your {field}: ....." for field in fields) + " and wait.",
             "prose": "We know the full name and the address of everyone who lives here."}
    hits = {}
    for name, body in texts.items():
        raw = message("someone@sender.test", set_up.ADDRESS, body + "\n").as_string()
        said = box.run("spamassassin", "--local", "--test-mode", "--prefspath=/dev/null", input=raw).stdout
        hits[name] = "FILL_THIS_FORM" in said
    assert hits == {"form": True, "prose": False}


def test_large_spam_is_scanned_too(stranger, user):
    text = message("someone@sender.test", user.address, GTUBE + ("x" * 76 + "\n") * 4000)
    stranger.deliver(text)
    assert user.wait_for(text["Subject"], "Spam", seconds=60)


def test_forged_spam_headers_do_not_count(stranger, user):
    text = message("someone@sender.test", user.address, headers={"X-Spam-Status": "Yes, score=99"})
    stranger.deliver(text)
    assert user.wait_for(text["Subject"], "INBOX")


def test_forged_spam_headers_of_a_large_message_do_not_count(stranger, user):
    """The filter does not look into it."""
    text = message("someone@sender.test", user.address, ("x" * 76 + "\n") * 30_000,
                   headers={"X-Spam-Status": "Yes, score=99", "X-Spam-Flag": "YES"})
    stranger.deliver(text)
    arrived = user.wait_for(text["Subject"])
    assert arrived["X-Spam-Status"] is None and arrived["X-Spam-Flag"] is None


def test_filter_is_uploaded_and_works(stranger, user):
    with ManageSieve(user) as editor:
        assert any("SIEVE" in line for line in editor.greeting)
        editor.upload("sorting", 'require ["fileinto", "mailbox"];\n'
                                 'if header :contains "subject" "invoice" { fileinto :create "Bills"; }\n')
        editor.activate("sorting")
    bill = message("someone@sender.test", user.address, subject="invoice 4711")
    stranger.deliver(bill)
    assert user.wait_for("invoice 4711", "Bills")
    spam = message("someone@sender.test", user.address, GTUBE, subject="invoice 0815")
    stranger.deliver(spam)
    assert user.wait_for("invoice 0815", "Spam"), "the box's own rule comes first"


def test_broken_filter_is_refused(user):
    with ManageSieve(user) as editor, pytest.raises(AssertionError, match="(?i)line|error|expected"):
        editor.upload("broken", 'if header { nonsense;\n')


def test_moving_into_and_out_of_spam_trains_the_filter(box, stranger, user):
    text = message("someone@sender.test", user.address,
                   "Certainly the finest watches of the whole province, delivered on velvet cushions by swans.\n")
    stranger.deliver(text)
    user.wait_for(text["Subject"])
    spam, ham = learned(box)
    user.move(text["Subject"], "INBOX", "Spam")
    _wait_until(lambda: learned(box)[0] == spam + 1, "moving into Spam did not teach the filter spam", box)
    user.move(text["Subject"], "Spam", "INBOX")
    _wait_until(lambda: learned(box)[1] == ham + 1, "moving out of Spam did not teach the filter ham", box)


def test_moving_spam_to_trash_teaches_nothing(box, stranger, user):
    text = message("someone@sender.test", user.address, GTUBE)
    stranger.deliver(text)
    user.wait_for(text["Subject"], "Spam")
    before = learned(box)
    user.move(text["Subject"], "Spam", "Trash")
    assert user.find(text["Subject"], "Trash") is not None
    assert learned(box) == before


def test_forwarded_mail_carries_the_users_address(box, stranger, user):
    """So that the receiver's SPF check passes."""
    box.run("mailinabox", "user", "add", "target@example.test", input="twelve green apples\n")
    with ManageSieve(user) as editor:
        editor.upload("forward", 'require ["copy"];\nif header :contains "subject" "forward me" '
                                 '{ redirect :copy "target@example.test"; }\n')
        editor.activate("forward")
    text = message("someone@sender.test", user.address, subject="forward me 1")
    stranger.deliver(text)
    user.wait_for("forward me 1")
    arrived = MailUser(user.lab, box, "target@example.test", "twelve green apples").wait_for("forward me 1")
    assert arrived["Return-Path"] == f"<{user.address}>"
    assert set_up.ADDRESS == user.address


def test_a_filter_sends_in_nobody_elses_name(box, stranger, user):
    """Postfix takes what Sieve writes from a program of the machine, and it is signed."""
    box.run("mailinabox", "user", "add", "boss@example.test", input="twelve green apples\n")
    box.run("mailinabox", "alias", "add", "office@example.test", user.address)
    boss = MailUser(user.lab, box, "boss@example.test", "twelve green apples")
    script = ('require ["enotify", "variables", "vacation"];\n'
              'if header :matches "subject" "*" {{ set "subject" "${{1}}"; }}\n'
              'notify :from "{0}" :message "notice of ${{subject}}" "mailto:boss@example.test";\n'
              'vacation :from "{0}" :subject "away, ${{subject}}" "On holiday.";\n')
    with ManageSieve(user) as editor:
        editor.upload("names", script.format("Boss <boss@example.test>"))
        editor.activate("names")
    text = message("someone@sender.test", user.address)
    with OtherServer(user.lab, at=SENDER_AT) as sender:
        stranger.deliver(text)
        for kind in ("notice of ", "away, "):
            bounce = user.wait_for(kind + text["Subject"], search="BODY")
            assert bounce["Subject"] == "Undelivered Mail Returned to Sender"
            assert "may not send" in bounce.as_string().replace("\n   ", "")
        assert sender.received == [] and boss.find("notice of " + text["Subject"]) is None
        with ManageSieve(user) as editor:  # under a name of the user's own it goes out
            editor.upload("names", script.format("Office <office@example.test>"))
            editor.activate("names")
        text = message("other@sender.test", user.address)
        stranger.deliver(text)
        assert boss.wait_for("notice of " + text["Subject"])["From"] == "Office <office@example.test>"
        envelope, _, raw = sender.wait_for("away, " + text["Subject"])
        assert envelope == user.address and b"office@example.test" in raw


def test_an_alias_is_an_address_of_the_users(box, stranger, user):
    """For filters: the address that a message was sent to, through an alias of an alias or of a whole domain, whatever its
    headers say."""
    box.run("mailinabox", "alias", "add", "team@example.test", user.address)
    box.run("mailinabox", "alias", "add", "sales@example.test", "team@example.test")
    box.run("mailinabox", "alias", "add", "@shop.example.test", "@example.test")
    of_domain = user.address.replace("@", "@shop.")
    with ManageSieve(user) as editor:
        editor.upload("aliases", 'require ["envelope", "fileinto", "vacation"];\n'
                      f'if envelope :is "to" ["sales@example.test", "{of_domain}"] {{ fileinto "Archive"; }}\n'
                      'vacation :subject "away from aliases" "On holiday.";\n')
        editor.activate("aliases")
    forged = message("forger@sender.test", "list@elsewhere.test", headers={"X-Original-To": "list@elsewhere.test"})
    with OtherServer(user.lab, at=SENDER_AT) as sender:
        stranger.deliver(forged, recipient=user.address)
        assert user.wait_for(forged["Subject"])
        sent = [message(f"{name}@sender.test", to) for name, to in (("one", "sales@example.test"), ("two", of_domain))]
        sent[0]["X-Original-To"] = "forged@example.test"
        for text in sent:
            stranger.deliver(text)
            assert user.wait_for(text["Subject"], "Archive")
        _wait_until(lambda: len(sender.received) >= 2, "no answer to mail for an alias", box)
        assert sorted(to for _, recipients, _ in sender.received for to in recipients) == ["one@sender.test",
                                                                                         "two@sender.test"]


def test_an_own_program_of_a_filter_runs(box, stranger, user):
    """The administrator's: it writes where it likes, and sends mail, for which sendmail has rights of its own (setgid)."""
    box.run("install", "-d", "-o", "mail", "/srv/own")
    box.write("/etc/dovecot/programs/own", "#!/bin/sh\nset -e\ncat > /srv/own/message\ncp /srv/own/message /tmp/own-message\n"
              f"printf 'Subject: seen by own\\n\\nhello\\n' | /usr/sbin/sendmail -f root@localhost {user.address}\n", mode=0o755)
    script = set_up.STORAGE + "/mail/sieve/global_before/own.sieve"
    box.write(script, 'require ["vnd.dovecot.pipe", "copy"];\n'
                      'if header :contains "subject" "run own" { pipe :copy "own"; }\n')
    text = message("someone@sender.test", user.address, subject="run own 1")
    stranger.deliver(text)
    user.wait_for("run own 1")
    assert user.wait_for("seen by own")
    for written in ("/srv/own/message", "/tmp/own-message"):
        assert "run own 1" in box.read(written)
    box.run("rm", script)


def _wait_until(condition, otherwise, box, seconds=40):
    import time
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(1)
    raise AssertionError(f"{otherwise}\n{box.log_tails()}")

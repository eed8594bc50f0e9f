"""Mail comes and goes: submission, delivery, reading, quotas, and who is refused."""

import contextlib
import os
import smtplib
import sqlite3

import pytest

import greylisting
import program
import set_up
from mail_user import LISTED_AT, MailUser, Stranger, message, new_subject

pytestmark = pytest.mark.releases("bookworm", "trixie")


@pytest.fixture(scope="module")
def box(box):
    greylisting.shorten(box)
    return box


@pytest.fixture(scope="module")
def friend(lab, box):
    """A second user of the box."""
    box.run("mailinabox", "user", "add", "friend@example.test", input="twelve green apples\n")
    return MailUser(lab, box, "friend@example.test", "twelve green apples")


@pytest.fixture(scope="module")
def stranger(lab, box):
    return Stranger(lab, box)


@pytest.mark.parametrize("port", [465, 587])
def test_submitted_mail_arrives_by_imap_and_pop3(user, friend, port):
    text = message(user.address, friend.address, "Shall we meet at seven?\n")
    user.send(text, port)
    arrived = friend.wait_for(text["Subject"])
    assert arrived.get_content().strip() == "Shall we meet at seven?"
    mailbox = friend.pop3()
    count = mailbox.stat()[0]
    subjects = [line for number in range(1, count + 1) for line in mailbox.top(number, 0)[1]
                if line.startswith(b"Subject:")]
    mailbox.quit()
    assert f"Subject: {text['Subject']}".encode() in subjects


def test_submission_hides_where_the_user_is(user, friend):
    text = message(user.address, friend.address, headers={"User-Agent": "Secret Mail 1.0", "X-Mailer": "Secret Mail"})
    user.send(text)
    arrived = friend.wait_for(text["Subject"])
    assert user.at not in arrived.as_string()
    assert "Secret Mail" not in arrived.as_string()


def test_stranger_is_greylisted_first_and_accepted_later(stranger, user):
    """Before any other test has made the box trust this client."""
    other = Stranger(stranger.lab, stranger.box, at="198.51.100.112")
    code, said = other.try_recipient("someone@sender.test", user.address)
    assert code == 450 and "greylist" in said.lower(), (code, said)
    text = message("someone@sender.test", user.address)
    other.deliver(text)
    assert user.wait_for(text["Subject"])


def test_greylisting_delay_is_three_minutes_by_default(lab, set_up_layers):
    with lab.box("untouched", set_up_layers, address="198.51.100.12") as untouched:
        assert "--delay=180" in open(untouched.path("/etc/default/postgrey"), encoding="utf-8").read()


def test_normal_mail_is_scored_and_arrives(stranger, user):
    text = message("someone@sender.test", user.address, "The report is attached to my next message.\n")
    stranger.deliver(text)
    arrived = user.wait_for(text["Subject"])
    float(arrived["X-Spam-Score"])
    assert arrived["X-Spam-Status"].startswith("No")
    assert "X-Spam-Report" in arrived


def test_headers_of_mail_show_tls(stranger, user):
    text = message("someone@sender.test", user.address)
    connection = stranger.connect()
    connection.starttls(context=user.tls)
    try:
        connection.sendmail(text["From"], [text["To"]], text.as_bytes())
        connection.quit()
    except smtplib.SMTPRecipientsRefused:
        stranger.deliver(text)
        pytest.skip("greylisted")  # cannot happen: the client is known by now
    arrived = user.wait_for(text["Subject"])
    assert "TLSv1.3" in " ".join(arrived.get_all("Received"))


def test_unknown_recipient_is_refused_at_once(stranger):
    code, said = stranger.try_recipient("someone@sender.test", "nobody-of-that-name@example.test")
    assert code == 550 and "5.1.1" in said, (code, said)


def test_relaying_is_refused(stranger):
    code, said = stranger.try_recipient("someone@sender.test", "other@friend.test")
    assert code in (554, 454, 550) and "elay" in said, (code, said)


def test_block_listed_client_is_refused(lab, box, user):
    name = ".".join(reversed(LISTED_AT.split("."))) + ".zen.spamhaus.org"
    box.run(f"for i in $(seq 40); do getent ahostsv4 {name} && exit 0; sleep 0.5; done; exit 1")  # the list answers
    code, said = Stranger(lab, box, at=LISTED_AT).try_recipient("someone@sender.test", user.address)
    assert code == 554 and "zen.spamhaus.org" in said, (code, said)


def test_sender_domain_that_does_not_exist_is_refused(stranger, user):
    code, said = stranger.try_recipient("someone@no-such-domain.test", user.address)
    assert code == 450 and "4.1.8" in said, (code, said)


def test_foreign_sender_is_refused(user, friend):
    text = message(user.address, friend.address)
    for sender in (friend.address, "someone@sender.test"):
        with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused)) as refusal:
            user.send(text, sender=sender)
        assert "553" in str(refusal.value) and "5.7.1" in str(refusal.value)


@pytest.mark.parametrize("lines", [
    "From: {other}", "From: Me <{own}>, Boss <{other}>", "From: {own}\nFrom: {other}", "From: someone@sender.test",
    "From: {own} <{other}>", "From: <{own}> <{other}>", "From : {other}", "From: me", "X-From: {own}"])
@pytest.mark.parametrize("port", [465, 587])
def test_foreign_from_is_refused(user, friend, port, lines):
    """The box's signature speaks for the From, and it is what the recipient sees."""
    if port == 465 and lines != "From: {other}":
        pytest.skip("the same program answers on both ports")
    raw = f"{lines.format(own=user.address, other=friend.address)}\nTo: {user.address}\nSubject: {new_subject()}\n\nHi.\n"
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        user.send(raw.replace("\n", "\r\n").encode(), port, recipients=[user.address])
    assert refusal.value.smtp_code == 550 and b"5.7.1" in refusal.value.smtp_error, refusal.value


def test_from_is_judged_as_the_sender_of_the_envelope(box, user, friend):
    """Whatever form it has, several messages in one session, and at once after the directory has changed."""
    box.run("mailinabox", "alias", "add", "books@example.test", friend.address)
    with user.submission(587) as session:
        session.login(user.address, user.password)

        def send(sender):
            text = message(user.address, user.address)
            text.replace_header("From", sender)
            session.sendmail(user.address, [user.address], text.as_bytes())
            return text["Subject"]

        sent = [send(f"{user.address}, {user.address.replace('@', '+shop@')}"), send(f'"Doe, Me (x)" <{user.address.upper()}>')]
        with pytest.raises(smtplib.SMTPDataError):
            send("books@example.test")
        box.run("mailinabox", "alias", "add", "books@example.test", friend.address, "--sender", user.address, "--update")
        sent.append(send("The books <books@example.test>"))
    for subject in sent:
        assert user.wait_for(subject)


def test_alias_receives_and_may_send(box, user, friend, stranger):
    box.run("mailinabox", "alias", "add", "sales@example.test", user.address)
    text = message("someone@sender.test", "sales@example.test")
    stranger.deliver(text)
    assert user.wait_for(text["Subject"])
    text = message("sales@example.test", friend.address)
    user.send(text, sender="sales@example.test")
    assert friend.wait_for(text["Subject"])
    with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused)):
        friend.send(message("sales@example.test", user.address), sender="sales@example.test")


def test_catch_all_does_not_take_users_mail(box, user, friend, stranger):
    box.run("mailinabox", "alias", "add", "@example.test", user.address)
    for recipient, reader in (("whatever@example.test", user), (friend.address, friend)):
        text = message("someone@sender.test", recipient)
        stranger.deliver(text)
        assert reader.wait_for(text["Subject"])
    box.run("mailinabox", "alias", "remove", "@example.test")


def test_tagged_address_arrives(user, stranger):
    text = message("someone@sender.test", user.address.replace("@", "+shop@"))
    stranger.deliver(text)
    assert user.wait_for(text["Subject"])


def test_domain_with_wildcard_characters_matches_only_itself(box, stranger):
    box.run("mailinabox", "user", "add", "a@under-score.test", input="twelve green apples\n")
    code, _ = stranger.try_recipient("someone@sender.test", "a@underxscore.test")
    assert code in (554, 454)


def test_no_login_offered_on_port_25_or_before_tls(lab, box, user):
    with lab.client(user.at):
        with smtplib.SMTP(box.address, 25, timeout=20) as connection:
            connection.ehlo()
            assert not connection.has_extn("auth")
            connection.starttls(context=user.tls)
            connection.ehlo()
            assert not connection.has_extn("auth")
        with smtplib.SMTP(box.address, 587, timeout=20) as connection:
            connection.ehlo()
            assert not connection.has_extn("auth")
            code, said = connection.docmd("AUTH", "PLAIN AGEAYg==")
            assert code in (503, 530, 538), (code, said)
            code, said = connection.docmd("MAIL FROM:<me@example.test>")
            assert code == 530, (code, said)


def test_wrong_password_is_refused(user):
    with user.submission(465) as connection, pytest.raises(smtplib.SMTPAuthenticationError):
        connection.login(user.address, "wrong " + user.password)


def test_full_mailbox_refuses_mail(lab, box, stranger):
    box.run("mailinabox", "user", "add", "small@example.test", input="twelve green apples\n")
    box.run("mailinabox", "user", "quota", "small@example.test", "1M")
    small = MailUser(lab, box, "small@example.test", "twelve green apples")
    # One message may be a tenth over the limit; the next one is refused.
    filler = message("someone@sender.test", small.address, "The photographs of our journey are attached.\n")
    filler.add_attachment(os.urandom(800_000), maintype="image", subtype="jpeg", filename="lake.jpg")
    stranger.deliver(filler)
    small.wait_for(filler["Subject"])
    code, said = stranger.try_recipient("someone@sender.test", small.address)
    assert code == 522 and "Mailbox is full" in said, (code, said)
    with small.imap() as connection:
        status, quota = connection.getquotaroot("INBOX")
        assert status == "OK" and b"1024" in b" ".join(part for parts in quota for part in parts if part)


def test_aliases_of_a_full_mailbox_refuse_mail(box, friend, stranger):
    """The same answer at every address of it; a group takes the mail for the others. After the test above."""
    for alias, *targets in (("tosmall@example.test", "small@example.test"), ("nested@example.test", "tosmall@example.test"),
                            ("@alias.test", "@example.test"), ("group@example.test", "small@example.test", friend.address)):
        box.run("mailinabox", "alias", "add", alias, *targets)
    for address in ("tosmall@example.test", "nested@example.test", "small@alias.test", "nested+tag@alias.test"):
        code, said = stranger.try_recipient("someone@sender.test", address)
        assert code == 522 and "Mailbox is full" in said, (address, code, said)
    text = message("someone@sender.test", "group@example.test")
    stranger.deliver(text)
    assert friend.wait_for(text["Subject"])


def test_what_leads_nowhere_is_refused(box, friend, stranger):
    """Not taken and sent back, to a sender that may be forged."""
    box.run("mailinabox", "alias", "add", "lost@example.test", "gone@example.test")
    for address in ("nobody-x@alias.test", "lost@example.test", "lost@alias.test"):
        code, said = stranger.try_recipient("someone@sender.test", address)
        assert code == 550 and "5.1.1" in said, (address, code, said)
    text = message("someone@sender.test", "friend+tag@alias.test")
    stranger.deliver(text)
    assert friend.wait_for(text["Subject"])["Delivered-To"] == "friend+tag@example.test"


def test_who_receives_may_send(lab, box, user, friend):
    """Through aliases of aliases and domain aliases, and always as oneself."""
    box.run("mailinabox", "user", "add", "own@example.test", input="twelve green apples\n")
    for alias, target in (("team@example.test", friend.address), ("info@example.test", "team@example.test"),
                          ("own@example.test", "someone@friend.test")):
        box.run("mailinabox", "alias", "add", alias, target)
    own = MailUser(lab, box, "own@example.test", "twelve green apples")
    for sender, address in ((friend, "friend@alias.test"), (friend, "info@example.test"), (friend, "info@alias.test"),
                            (own, "own@example.test")):
        text = message(address, user.address)
        sender.send(text, sender=address)
        assert user.wait_for(text["Subject"])
    for address in ("own@alias.test", "me@alias.test", "tosmall@example.test"):
        with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused), match="553"):
            friend.send(message(address, user.address), sender=address)


ROWS = (("ali@logins.test", "me@example.test,friend@example.test", "friend@example.test"),
        ("@logins-too.test", "@logins.test", None), ("+plus@logins.test", "me@example.test", None),
        ("@all.test", "me@example.test", "friend@example.test"), ("fwd@mixed.test", "someone@friend.test", None),
        ("@mixed.test", "me@example.test", None), ("bytes@mixed.test", bytes.fromhex("e440667269656e642e74657374"), None))


def test_one_row_decides_who_may_send_however_the_address_is_written(box, user, friend):
    """Rows that other programs may have written, too."""
    def ask(table, address):
        return box.run("postmap", "-q", address, f"sqlite:/etc/postfix/{table}.cf", check=False).stdout.strip()

    with contextlib.closing(sqlite3.connect(box.path(set_up.STORAGE + "/mail/users.sqlite"))) as database:
        database.executemany("INSERT INTO aliases (source, destination, permitted_senders) VALUES (?, ?, ?)", ROWS)
        database.commit()
        try:
            for address in ("ali@logins.test", "ali+x@logins.test", "ali@logins-too.test", "ali+x@logins-too.test",
                            "foo@all.test"):
                assert ask("sender-login-maps", address) == friend.address, address
            for address in ("fwd@mixed.test", "fwd+x@mixed.test", "bytes@mixed.test"):
                assert ask("sender-login-maps", address) == "nobody", address
            assert ask("sender-login-maps", "other@mixed.test") == user.address
            assert ask("virtual-alias-maps", "+plus@logins-too.test") == "+plus@logins.test"
        finally:
            database.executemany("DELETE FROM aliases WHERE source = ?", [row[:1] for row in ROWS])
            database.commit()


@pytest.mark.parametrize("name", ["root", "www-data", "root@localhost", "postmaster", "backup@" + set_up.HOST_NAME])
def test_mail_for_the_machine_reaches_the_administrator(box, user, name):
    subject = new_subject()
    box.run("sendmail", name, input=f"Subject: {subject}\n\nThe disk is nearly full.\n")
    assert user.wait_for(subject)


def test_what_comes_back_to_the_machine_reaches_the_administrator(box, user):
    subject = new_subject()
    box.run("sendmail", "no-such-account", input=f"Subject: {subject}\n\nHello, {subject}.\n")
    assert user.wait_for(subject, search="BODY")["Subject"] == "Undelivered Mail Returned to Sender"


def test_tags_and_a_catch_all_work_in_the_hosts_own_name(lab, box, user, stranger):
    """Of mail from outside and of the machine's programs."""
    box.run("mailinabox", "user", "add", "me@" + set_up.HOST_NAME, input="twelve green apples\n")
    own = MailUser(lab, box, "me@" + set_up.HOST_NAME, "twelve green apples")
    box.run("mailinabox", "alias", "add", "group@" + set_up.HOST_NAME, user.address)
    try:
        for name, reader in (("me+tag", own), ("group+tag", user), ("anything", user), ("root", user)):
            if name == "anything":
                box.run("mailinabox", "alias", "add", "@" + set_up.HOST_NAME, user.address)
            text = message("someone@sender.test", f"{name}@{set_up.HOST_NAME}")
            stranger.deliver(text)
            assert reader.wait_for(text["Subject"])
            subject = new_subject()
            box.run("sendmail", f"{name}@{set_up.HOST_NAME}", input=f"Subject: {subject}\n\nHello.\n")
            assert reader.wait_for(subject)
    finally:
        box.run("mailinabox", "alias", "remove", "@" + set_up.HOST_NAME, check=False)


def test_names_of_the_machine_are_unknown_to_others(stranger):
    for name in ("root@" + set_up.HOST_NAME, "root@localhost", "www-data@" + set_up.HOST_NAME):
        code, said = stranger.try_recipient("someone@sender.test", name)
        assert code == 550, (name, code, said)


SIGNED = """\
MIME-Version: 1.0
Content-Type: multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"; boundary="b"

--b
Content-Type: multipart/mixed; boundary="c"
MIME-Version: 1.0 (Apple Message framework v1)
User-Agent: Signed Mail 1.0
X-Mailer: Signed Mail
Received: from inside (inside [192.0.2.1])
X-Spam-Status: Yes
Authentication-Results: box.example.test; dmarc=fail

--c
Content-Type: message/rfc822

Received: from there (there [192.0.2.2])
User-Agent: Other Mail 2.0
X-Spam-Flag: YES
Authentication-Results: box.example.test; spf=pass
From: someone@friend.test

Hello.
--c
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

{long}
Grüße.
--c--

--b
Content-Type: application/pgp-signature

-----BEGIN PGP SIGNATURE-----
--b--
""".format(long="long " * 1000).replace("\n", "\r\n").encode()


def test_what_is_signed_within_a_message_stays_as_it_is(user, friend, stranger):
    for send, sender in ((user.send, user.address), (stranger.deliver, "someone@sender.test")):
        subject = new_subject()
        head = f"From: {sender}\r\nTo: {friend.address}\r\nSubject: {subject}\r\nUser-Agent: Outer Mail\r\n"
        arguments = {"recipients": [friend.address]} if send == user.send else {"recipient": friend.address}
        send(head.encode() + SIGNED, sender=sender, **arguments)
        friend.wait_for(subject)
        arrived = friend.raw(subject)
        assert arrived.split(b"\r\n\r\n", 1)[1] == SIGNED.split(b"\r\n\r\n", 1)[1]
        assert (b"Outer Mail" in arrived) == (send != user.send)


def test_smuggled_message_stays_one(stranger, user):
    """RFC 5321 4.1.1.4: only CR LF . CR LF ends a message."""
    text = message("someone@sender.test", user.address)
    with stranger.connect() as connection:
        connection.ehlo()
        connection.mail("someone@sender.test")
        assert connection.rcpt(user.address)[0] == 250
        connection.putcmd("data")
        assert connection.getreply()[0] == 354
        body = text.as_bytes().replace(b"\n", b"\r\n")
        smuggled = (b"\n.\nMAIL FROM:<admin@example.test>\r\nRCPT TO:<" + user.address.encode() +
                    b">\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled\r\n.\r\n")
        connection.send(body + smuggled)
        connection.getreply()
    assert user.wait_for(text["Subject"])
    assert user.find("smuggled") is None


def test_removed_user_gets_no_more_mail(lab, box, stranger):
    box.run("mailinabox", "user", "add", "leaving@example.test", input="twelve green apples\n")
    leaving = MailUser(lab, box, "leaving@example.test", "twelve green apples")
    with leaving.imap("INBOX"):
        pass
    box.run("mailinabox", "user", "remove", "leaving@example.test")
    assert stranger.try_recipient("someone@sender.test", "leaving@example.test")[0] == 550
    with pytest.raises(Exception, match="(?i)auth"):
        leaving.imap()


def test_password_change_counts_at_once(lab, box):
    box.run("mailinabox", "user", "add", "changing@example.test", input="twelve green apples\n")
    box.run("mailinabox", "user", "password", "changing@example.test", input="thirteen red pears\n")
    with MailUser(lab, box, "changing@example.test", "thirteen red pears").imap("INBOX"):
        pass
    with pytest.raises(Exception, match="(?i)auth"):
        MailUser(lab, box, "changing@example.test", "twelve green apples").imap()


def test_folders_that_mail_programs_expect(user):
    with user.imap() as connection:
        listed = b"\n".join(connection.list()[1]).decode()
    for folder, use in (("Spam", "\\Junk"), ("Sent", "\\Sent"), ("Drafts", "\\Drafts"), ("Trash", "\\Trash"),
                        ("Archive", "\\Archive")):
        assert any(use in line and folder in line for line in listed.splitlines()), f"{folder} as {use}:\n{listed}"


def test_settings_still_in_sync_after_use(box):
    """Adding users and aliases is no drift."""
    assert program.plan(box)["changes"] == []
    assert set_up.ADDRESS in box.run("mailinabox", "user", "list").stdout

"""Who sent it: signatures on outgoing mail, checks of incoming mail, forwarding, and how programs and servers learn of
the box."""

import email
import http.client
import plistlib
import re
import smtplib
import subprocess
import uuid
import xml.etree.ElementTree

import dkim
import pytest

import greylisting
import program
import reserved_names
import set_up
from mail_user import ATTACKER_AT, FRIEND_AT, SENDER_AT, MailUser, OtherServer, Stranger, message, new_subject
from policy_host import policy_host  # noqa: F401

pytestmark = pytest.mark.releases("bookworm", "trixie")

NAME = set_up.HOST_NAME
KEYS = set_up.STORAGE + "/mail/dkim"
SECRET = "/etc/postsrsd.secret"
REJECTING = "rejecting.test"        # domains of strangers, each with another policy
QUARANTINING = "quarantining.test"
WATCHING = "watching.test"
UNKNOWN = "unknown.test"            # publishes nothing


@pytest.fixture(scope="module")
def box(lab, box):
    greylisting.shorten(box)
    reserved_names.allow(box)
    for domain, policy in ((REJECTING, "reject"), (QUARANTINING, "quarantine"), (WATCHING, "none"), (UNKNOWN, "")):
        lab.name_server.publish(domain, "A", SENDER_AT)
        lab.name_server.publish(domain, "MX", f"10 {domain}.")
        if policy:
            lab.name_server.publish(domain, "TXT", f"v=spf1 ip4:{SENDER_AT} -all")
            lab.name_server.publish("_dmarc." + domain, "TXT", f"v=DMARC1; p={policy}")
    published = box.run("cat", KEYS + "/mail.txt").stdout
    for domain in ("example.test", "second.test"):
        lab.name_server.publish("mail._domainkey." + domain, "TXT", "".join(re.findall(r'"([^"]*)"', published)))
    return box


@pytest.fixture(scope="module")
def honest(lab, box):
    """A server that may send for the strangers' domains."""
    return Stranger(lab, box, at=SENDER_AT)


@pytest.fixture(scope="module")
def forger(lab, box):
    """A server that may not."""
    return Stranger(lab, box, at=ATTACKER_AT, name="forger.test")


@pytest.fixture(scope="module")
def signing_key(lab, tmp_path_factory):
    """A key of REJECTING's, with its record in the DNS."""
    path = str(tmp_path_factory.mktemp("dkim") / "key.pem")
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", path, "-pubout"], check=True, capture_output=True, text=True).stdout
    lab.name_server.publish("first._domainkey." + REJECTING, "TXT",
                            "v=DKIM1; k=rsa; p=" + "".join(public.splitlines()[1:-1]))
    with open(path, "rb") as key:
        return key.read()


def signed(text, key):
    """The message with a DKIM signature of its sender's domain, as it goes over the line."""
    raw = text.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    signature = dkim.sign(raw, b"first", text["From"].split("@")[1].encode(), key)
    return email.message_from_bytes(signature + raw)


def verifies(lab, raw):
    """Whether a receiver elsewhere takes the signature."""
    def look_up(name, timeout=5):
        values = lab.name_server.records.get((name.decode().lower(), "TXT"))
        return "".join(re.findall(r'"([^"]*)"', values[0])).encode() if values else None

    return dkim.verify(raw, dnsfunc=look_up)


def results(arrived):
    """What the box says of a message: {"spf": "pass", …}."""
    said = [" ".join(str(value).split()) for value in arrived.get_all("Authentication-Results", [])]
    return dict(re.search(r"; (\w+)=(\w+)", value).groups() for value in said if value.startswith(NAME + ";"))


def rules(arrived):
    """The rules of the spam filter about it."""
    return set(re.findall(r"BOX_\w+", arrived["X-Spam-Status"]))


def large(megabytes):
    """Text of that size; spampd passes what is over 2 MB as it is."""
    return ("x" * 75 + "\n") * int(megabytes * 1024 * 1024 / 76)


# ---- Outgoing

def test_users_mail_is_signed_for_its_domain(lab, user):
    with OtherServer(lab) as friend:
        text = message(user.address, "pal@friend.test", headers={"Authentication-Results": f"{NAME}; dmarc=pass"})
        user.send(text)
        sender, _, raw = friend.wait_for(text["Subject"])
    arrived = email.message_from_bytes(raw)
    assert sender == user.address
    assert "d=example.test;" in arrived["DKIM-Signature"] and "s=mail;" in arrived["DKIM-Signature"]
    assert verifies(lab, raw)
    assert not verifies(lab, raw.replace(b"at nine", b"at five")), "the signature covers nothing"
    assert not verifies(lab, b"From: other@example.test\r\n" + raw), "a second From passes"
    assert arrived.get_all("Authentication-Results") is None


def test_a_signature_holds_whatever_the_lines_look_like(lab, user):
    """Long lines, and text of 8 bits to a server that has not said it takes that."""
    subject = new_subject()
    references = " ".join(f"<message-number-{number}@friend.test>" for number in range(80))
    raw = (f"From: {user.address}\nTo: pal@friend.test\nSubject: {subject}\nReferences: {references}\n"
           "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
           f"Grüße.\n{'long ' * 300}\n{'x' * 5000}\n").replace("\n", "\r\n").encode()
    with OtherServer(lab) as friend:
        user.send(raw, recipients=["pal@friend.test"])
        _, _, arrived = friend.wait_for(subject)
    assert verifies(lab, arrived)
    assert arrived.split(b"\r\n\r\n", 1)[1] == raw.split(b"\r\n\r\n", 1)[1]


def test_a_new_domain_is_signed_for_at_once(lab, box):
    box.run("mailinabox", "user", "add", "me@second.test", input="twelve green apples\n")
    user = MailUser(lab, box, "me@second.test", "twelve green apples")
    with OtherServer(lab) as friend:
        text = message(user.address, "pal@friend.test")
        user.send(text)
        _, _, raw = friend.wait_for(text["Subject"])
    assert "d=second.test;" in email.message_from_bytes(raw)["DKIM-Signature"]
    assert verifies(lab, raw)


def test_mail_of_the_machine_itself_is_signed(lab, box):
    with OtherServer(lab) as friend:
        subject = new_subject()
        box.run("sendmail", "-f", set_up.ADDRESS, "pal@friend.test",
                input=f"From: {set_up.ADDRESS}\nTo: pal@friend.test\nSubject: {subject}\n\nHello.\n")
        _, _, raw = friend.wait_for(subject)
    assert verifies(lab, raw)


def test_keys_are_the_signers_alone(box):
    modes = box.run("stat", "-c", "%a %U", KEYS, KEYS + "/mail.private").stdout.split("\n")
    assert modes[:2] == ["700 opendkim", "600 opendkim"]


def test_without_the_signer_users_wait_and_strangers_do_not(box, user, honest):
    box.run("systemctl", "stop", "opendkim")
    try:
        with pytest.raises(smtplib.SMTPResponseException) as refusal:
            user.send(message(user.address, "pal@friend.test"))
        assert 400 <= refusal.value.smtp_code < 500
        text = message("someone@" + REJECTING, user.address,
                       headers={"Authentication-Results": f"{NAME}; dmarc=pass (p=reject dis=none)"})
        honest.deliver(text)
        arrived = user.wait_for(text["Subject"])
        assert "dmarc" not in results(arrived) or results(arrived)["spf"] == "pass", "a forged result was believed"
    finally:
        box.run("systemctl", "start", "opendkim")
        box.wait_for_listeners({set_up.SIGNER})


# ---- Incoming

def test_results_of_an_honest_sender(honest, user, signing_key):
    text = signed(message("someone@" + REJECTING, user.address), signing_key)
    honest.deliver(text)
    arrived = user.wait_for(text["Subject"])
    assert results(arrived) == {"dkim": "pass", "spf": "pass", "dmarc": "pass"}
    assert rules(arrived) == {"BOX_DMARC_PASS", "BOX_SPF_PASS"}
    assert arrived["Return-Path"] == "<someone@" + REJECTING + ">"


def test_results_of_a_sender_that_publishes_nothing(honest, user):
    text = message("someone@" + UNKNOWN, user.address)
    honest.deliver(text)
    arrived = user.wait_for(text["Subject"])
    assert results(arrived) == {"dkim": "none", "spf": "none", "dmarc": "none"}
    assert rules(arrived) == {"BOX_DMARC_NONE", "BOX_SPF_NONE"}


def test_a_broken_signature_is_said(honest, user, signing_key):
    text = signed(message("someone@" + REJECTING, user.address), signing_key)
    text.set_payload("Another text.\r\n")
    honest.deliver(text)
    assert results(user.wait_for(text["Subject"])) == {"dkim": "fail", "spf": "pass", "dmarc": "pass"}


@pytest.mark.parametrize("domain, rule", [(REJECTING, "BOX_DMARC_FAIL_REJECT"),
                                          (QUARANTINING, "BOX_DMARC_FAIL_QUARANTINE")])
def test_a_forged_sender_of_a_domain_that_minds_goes_to_spam(forger, user, domain, rule):
    """As recipe dmarc decides: not refused, not in the inbox."""
    text = message("someone@" + domain, user.address)
    forger.deliver(text, sender="someone@" + UNKNOWN)
    arrived = user.wait_for(text["Subject"], "Spam")
    assert results(arrived) == {"dkim": "none", "spf": "none", "dmarc": "fail"}
    assert rule in rules(arrived)


def test_a_forged_sender_of_a_domain_that_only_watches_is_hinted_at(forger, user):
    text = message("someone@" + WATCHING, user.address)
    forger.deliver(text, sender="someone@" + UNKNOWN)
    arrived = user.wait_for(text["Subject"])
    assert results(arrived)["dmarc"] == "fail"
    assert "BOX_DMARC_FAIL_NONE" in rules(arrived)


def test_spf_failure_goes_to_spam(forger, user):
    text = message("someone@" + WATCHING, user.address)
    forger.deliver(text)
    arrived = user.wait_for(text["Subject"], "Spam")
    assert results(arrived)["spf"] == "fail"
    assert "BOX_SPF_FAIL" in rules(arrived)


def test_a_signature_proves_what_forwarding_hides_from_spf(forger, user, signing_key):
    text = signed(message("someone@" + REJECTING, user.address), signing_key)
    forger.deliver(text)
    arrived = user.wait_for(text["Subject"])
    assert results(arrived) == {"dkim": "pass", "spf": "fail", "dmarc": "pass"}
    assert rules(arrived) == {"BOX_DMARC_PASS"}


@pytest.mark.parametrize("forged", [f"{NAME}; dmarc=pass (p=reject dis=none) header.from=rejecting.test",
                                    f"{NAME.upper()}; spf=pass", f"{NAME} 1; dkim=pass", f"(to you) {NAME}; dmarc=pass",
                                    f'"{NAME}"; spf=pass', f"\r\n {NAME};\r\n dmarc=pass"])
def test_forged_results_in_the_boxs_name_are_removed(forger, user, forged):
    text = message("someone@" + REJECTING, user.address)
    raw = b"Authentication-Results: " + forged.encode() + b"\r\n" + text.as_bytes()
    forger.deliver(email.message_from_bytes(raw), sender="someone@" + UNKNOWN)
    arrived = user.wait_for(text["Subject"], "Spam")
    said = [str(value) for value in arrived.get_all("Authentication-Results")]
    assert len(said) == 3 and not any("pass" in value for value in said), said
    assert rules(arrived) == {"BOX_DMARC_FAIL_REJECT", "BOX_SPF_NONE"}


@pytest.mark.parametrize("body", ["Good morning.\n", large(2.1)], ids=["small", "large"])
def test_results_in_an_encoded_word_are_removed(forger, user, body):
    """RFC 2047; what reads headers decodes them."""
    text = message("someone@" + WATCHING, user.address, body)
    word = f"=?utf-8?q?{NAME}=3B_dmarc=3Dpass_=28p=3Dnone=29_header=2Efrom=3D{WATCHING}?="
    forger.deliver(f"Authentication-Results: {word}\r\n".encode() + text.as_bytes(), recipient=user.address,
                   sender=text["From"])
    arrived = user.wait_for(text["Subject"], "Spam")
    assert results(arrived)["dmarc"] == "fail" and results(arrived)["spf"] == "fail"


def test_no_name_hides_where_mail_came_from(lab, box, user):
    """The name that a client gives begins the line that Postfix writes, and the recipient ends it: decoded as one word
    (RFC 2047), nothing would be left between."""
    text = message("boss@" + REJECTING, user.address.replace("@", "+?=@"), large(2.1))
    Stranger(lab, box, at=ATTACKER_AT, name="=?utf-8?b?localhost").deliver(text)
    assert user.wait_for(text["Subject"], "Spam")


def test_programs_of_this_machine_are_not_judged_as_strangers(box, user):
    subject = new_subject()
    box.run("setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups", "sendmail", "-f", user.address, user.address,
            input=f"From: {user.address}\nTo: {user.address}\nSubject: {subject}\n\nThe disk is nearly full.\n")
    received = user.wait_for(subject).get_all("Received")
    assert "(Postfix, from userid 33)" in received[1], "whose program it was"


@pytest.mark.parametrize("name", ["x" + NAME, NAME.replace(".", "-", 1), NAME + ".evil.test"])
def test_results_of_others_stay_and_count_nothing(forger, user, name):
    text = message("someone@" + UNKNOWN, user.address,
                   headers={"Authentication-Results": f"{name}; dmarc=fail (p=reject dis=none); spf=fail"})
    forger.deliver(text)
    arrived = user.wait_for(text["Subject"])
    assert any(str(value).strip().startswith(name + ";") for value in arrived.get_all("Authentication-Results"))
    assert rules(arrived) == {"BOX_DMARC_NONE", "BOX_SPF_NONE"}


@pytest.mark.parametrize("megabytes", [2.1, 30])
def test_no_size_takes_a_forged_sender_past_the_check(forger, user, megabytes):
    """The spam filter does not look into large messages."""
    text = message("boss@" + REJECTING, user.address, large(megabytes), headers={"X-Spam-Status": "No, score=-9"})
    forger.deliver(text)
    arrived = user.wait_for(text["Subject"], "Spam")
    assert results(arrived)["dmarc"] == "fail" and arrived["X-Spam-Status"] is None


def test_no_size_takes_mail_past_spf(honest, forger, user):
    for server, folder in ((forger, "Spam"), (honest, "INBOX")):
        text = message("someone@" + WATCHING, user.address, large(2.1))
        server.deliver(text)
        assert user.wait_for(text["Subject"], folder)


def test_a_forged_sender_goes_to_spam_when_the_filter_was_away(box, forger, user):
    text = message("boss@" + REJECTING, user.address, headers={"X-Spam-Status": "No, score=-9"})
    box.run("systemctl", "stop", "spampd")
    try:
        forger.deliver(text)
    finally:
        box.run("systemctl", "start", "spampd")
    box.wait_for_listeners({set_up.SPAM_FILTER})
    box.run("postqueue", "-f")
    assert user.wait_for(text["Subject"], "Spam")["X-Spam-Status"].startswith("Yes")


@pytest.mark.parametrize("lines", [
    f"From: a@{UNKNOWN}\nFrom: Boss <boss@{REJECTING}>", f"From: boss@{REJECTING} <a@{UNKNOWN}>", "From: x", "X-From: x",
    f"From: One, Boss <boss@{REJECTING}>"], ids=["two lines", "two addresses", "no address", "none", "a list"])
def test_a_sender_that_cannot_be_checked_goes_to_spam(honest, user, lines):
    """What is checked is what mail programs show, or the mail is set aside, also where the filter does not look."""
    subject = new_subject()
    raw = f"{lines}\nTo: {user.address}\nSubject: {subject}\n\n{large(2.1)}"
    honest.deliver(raw.replace("\n", "\r\n").encode(), recipient=user.address, sender="someone@" + UNKNOWN)
    assert user.wait_for(subject, "Spam")


def test_a_sender_that_cannot_be_checked_is_marked(honest, user):
    subject = new_subject()
    raw = f"From: x\nTo: {user.address}\nSubject: {subject}\n\nGood morning.\n"
    honest.deliver(raw.replace("\n", "\r\n").encode(), recipient=user.address, sender="someone@" + UNKNOWN)
    assert rules(user.wait_for(subject, "Spam")) == {"BOX_DMARC_MISSING", "BOX_FROM_UNUSABLE"}


@pytest.mark.parametrize("sender", [f'"Doe, John" <a@{UNKNOWN}>', f"a@{UNKNOWN} <a@{UNKNOWN}>", f"[Shop] Info <a@{UNKNOWN}>",
                                    f"a@{UNKNOWN.upper()} (John Doe)"])
def test_a_sender_written_in_an_odd_way_is_read_alike(honest, user, sender):
    subject = new_subject()
    raw = f"From: {sender}\nTo: {user.address}\nSubject: {subject}\n\n{large(2.1)}"
    honest.deliver(raw.replace("\n", "\r\n").encode(), recipient=user.address, sender="someone@" + UNKNOWN)
    assert results(user.wait_for(subject))["dmarc"] == "none"


def test_blanks_before_the_colon_hide_no_header(honest, user):
    """RFC 5322 section 4.5.8: mail programs read them as headers."""
    subject = new_subject()
    raw = (f"Subject: {subject}\nTo: {user.address}\nFrom : boss@{REJECTING}\nX-Spam-Status : No\n"
           f"Authentication-Results : {NAME}; dmarc=pass (p=none dis=none) header.from={REJECTING}\n\n{large(2.1)}")
    honest.deliver(raw.replace("\n", "\r\n").encode(), recipient=user.address, sender="someone@" + UNKNOWN)
    arrived = user.wait_for(subject, "Spam")
    assert results(arrived)["dmarc"] == "fail" and arrived["X-Spam-Status"] is None


def test_mail_that_nobody_has_checked_is_marked(box, honest, user):
    box.run("systemctl", "stop", "opendmarc")
    try:
        text = message("someone@" + UNKNOWN, user.address)
        honest.deliver(text)
    finally:
        box.run("systemctl", "start", "opendmarc")
        box.wait_for_listeners({set_up.DMARC})
    assert rules(user.wait_for(text["Subject"])) == {"BOX_DMARC_MISSING"}
    own = message(user.address, user.address)
    user.send(own)
    assert rules(user.wait_for(own["Subject"])) == set()


def test_a_sender_of_two_domains_is_refused(honest, user):
    text = message("someone@" + WATCHING, user.address)
    text.replace_header("From", f"someone@{WATCHING}, someone@{REJECTING}")
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        honest.deliver(text, sender="someone@" + WATCHING)
    assert refusal.value.smtp_code >= 500


# ---- Forwarding

def test_forwarded_mail_leaves_with_a_sender_of_the_box(lab, box, user, honest, signing_key):
    """And stays as it is in mailboxes here."""
    box.run("mailinabox", "alias", "add", "both@example.test", user.address, "pal@friend.test")
    text = signed(message("someone@" + REJECTING, "both@example.test"), signing_key)
    with OtherServer(lab) as friend:
        honest.deliver(text)
        sender, recipients, raw = friend.wait_for(text["Subject"])
        assert re.fullmatch(rf"SRS0=[^=]+=[^=]+={REJECTING}=someone@{NAME}", sender)
        assert recipients == ["pal@friend.test"]
        assert verifies(lab, raw), "forwarding broke the signature"
        assert user.wait_for(text["Subject"])["Return-Path"] == "<someone@" + REJECTING + ">"

        own = message(user.address, "both@example.test")
        user.send(own)
        sender, _, raw = friend.wait_for(own["Subject"])
        assert sender == user.address
        assert verifies(lab, raw)


def test_bounces_of_forwarded_mail_come_back(lab, box, honest):
    box.run("mailinabox", "alias", "add", "away@example.test", "nobody@friend.test")
    text = message("someone@" + REJECTING, "away@example.test")
    with OtherServer(lab, refuse=True), OtherServer(lab, at=SENDER_AT) as first:
        honest.deliver(text)
        sender, recipients, raw = first.wait_for("Undelivered Mail Returned to Sender")
    assert (sender, recipients) == ("", ["someone@" + REJECTING])
    assert text["Subject"].encode() in raw


def test_a_made_up_return_address_is_refused(lab, box):
    code, said = Stranger(lab, box, at=FRIEND_AT, name="friend.test").try_recipient(
        "", f"SRS0=AAAA=JM={REJECTING}=someone@{NAME}")
    assert code == 550, (code, said)


def test_forwarded_mail_waits_for_the_rewriter_and_other_mail_does_not(lab, box, user, honest):
    box.run("mailinabox", "alias", "add", "later@example.test", "pal@friend.test")
    box.run("mv", SECRET, SECRET + ".away")
    box.run("postfix", "reload")  # what has read it already goes on answering
    try:
        with OtherServer(lab) as friend:
            waiting = message("someone@" + REJECTING, "later@example.test")
            honest.deliver(waiting)
            text = message("someone@" + REJECTING, user.address)
            honest.deliver(text)
            user.wait_for(text["Subject"])
            assert friend.received == []
            box.run("mv", SECRET + ".away", SECRET)
            box.run("for i in $(seq 60); do mailq | grep -q later@ || postqueue -p | grep -q friend.test || exit 0;"
                    "postqueue -f; sleep 0.5; done; true")
            assert friend.wait_for(waiting["Subject"])[0].startswith("SRS0=")
    finally:
        box.run("mv", "--no-clobber", SECRET + ".away", SECRET, check=False)


# Where services were before they had sockets, and what they could do before systemd restricted them, as the recipes wrote it.
BEFORE = f"""
rm /etc/systemd/system/*.service.d/1[01]-mailinabox.conf
systemctl daemon-reload
apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq postsrsd >/dev/null
printf 'SRS_DOMAIN={NAME}\\nSRS_EXCLUDE_DOMAINS=\\nSRS_FORWARD_PORT=10001\\nSRS_REVERSE_PORT=10002\\nSRS_SECRET={SECRET}\\nRUN_AS=postsrsd
CHROOT=/var/lib/postsrsd\\nSRS_LISTEN_ADDR=127.0.0.1\\n' > /etc/default/postsrsd
sed -i 's|^Socket .*|Socket inet:8891@127.0.0.1|' /etc/opendkim.conf
sed -i 's|^Socket .*|Socket inet:8893@127.0.0.1|' /etc/opendmarc.conf
sed -i 's|--unix=[^ ]*|--inet=127.0.0.1:10023|' /etc/default/postgrey
sed -i 's|^ADDOPTS=.*|ADDOPTS="--maxsize=2000"|' /etc/default/spampd
printf 'LISTENHOST=127.0.0.1\\nLISTENPORT=10025\\nDESTHOST=127.0.0.1\\nDESTPORT=10026\\n' >> /etc/default/spampd
cd /etc/dovecot/conf.d
rm 99-mailinabox-spampd.conf
printf 'service lmtp {{\\n inet_listener lmtp {{\\n address = 127.0.0.1\\n port = 10026\\n }}\\n}}
service quota-status {{\\n inet_listener {{\\n address = 127.0.0.1\\n port = 12340\\n }}\\n}}\\n' >> 99-mailinabox.conf
sed -i 's|unix:private/srs-reinjection|[127.0.0.1]:10027|' /etc/postfix/srs-senders.cf
rm /etc/postfix/own-addresses /etc/postfix/srs-commands
postconf -X smtpd_client_restrictions sender-check_time_limit srs_destination_recipient_limit
postconf -e virtual_transport=lmtp:[127.0.0.1]:10025 non_smtpd_milters=inet:127.0.0.1:8891 \\
  "smtpd_milters=inet:127.0.0.1:8891, inet:127.0.0.1:8893" \\
  "recipient_canonical_maps=pipemap:{{pcre:/etc/postfix/srs-recipients, tcp:127.0.0.1:10002}}" \\
  "smtpd_recipient_restrictions=reject_unlisted_recipient, check_policy_service {{ inet:127.0.0.1:12340 }},\\
 permit_sasl_authenticated, permit_mynetworks, check_policy_service {{ inet:127.0.0.1:10023 }}"
postconf -MX sender-check/unix srs-addresses/unix srs-reinjection/unix srs/unix
postconf -P submission/inet/smtpd_milters=inet:127.0.0.1:8891 submissions/inet/smtpd_milters=inet:127.0.0.1:8891 \\
  srsclean/unix/sender_canonical_maps=tcp:127.0.0.1:10001
cat >> /etc/postfix/master.cf <<'END'
srs unix - - y - - smtp
  -o syslog_name=postfix/srs
  -o smtp_bind_address=
  -o smtp_tls_security_level=none
  -o smtp_tls_policy_maps=
127.0.0.1:10027 inet n - y - - smtpd
  -o syslog_name=postfix/srs
  -o smtpd_client_restrictions=permit_mynetworks,reject
  -o smtpd_sender_restrictions=
  -o smtpd_relay_restrictions=permit_mynetworks,reject
  -o smtpd_recipient_restrictions=permit_mynetworks,reject
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks,no_milters
  -o cleanup_service_name=srsclean
END
systemctl restart postsrsd opendkim opendmarc postgrey dovecot spampd postfix
rm -rf /var/spool/postfix/opendkim /var/spool/postfix/opendmarc /var/spool/postfix/postgrey /var/spool/postfix/spampd
chmod 0600 {SECRET}; chown root:root {SECRET}
"""
PORTS_BEFORE = {8891, 8893, 10001, 10002, 10023, 10025, 10026, 10027, 12340}


@pytest.mark.releases("bookworm")  # no box of before ran anything else
def test_a_box_with_ports_of_before_gets_sockets(lab, box, user, honest):
    """Also if the first attempt fails. Nothing in its queue is lost, and bounces of what was forwarded before still find
    their way."""
    box.run("mailinabox", "alias", "add", "moved@example.test", "pal@friend.test")
    box.run("bash", "-ec", BEFORE, timeout=180)
    box.wait_for_listeners(PORTS_BEFORE)
    forwarded, waiting = (message("someone@" + REJECTING, "moved@example.test") for _ in range(2))
    with OtherServer(lab) as friend:
        honest.deliver(forwarded)
        old_sender, _, _ = friend.wait_for(forwarded["Subject"])
    assert old_sender.startswith("SRS0="), "the box of before does not forward"
    honest.deliver(waiting)
    box.run("for i in $(seq 60); do postqueue -p | grep -q 'friend.test' && exit 0; sleep 0.5; done; exit 1")
    # Mail waits while the filter refuses to be restarted.
    box.write("/etc/spamassassin/own.cf", "header OWN_RULE Subject =~ /(/\n")
    refused = program.parsed(program.call(box, "setup", "--json"))
    assert "service:spampd" in str(refused) and refused["failed"], refused
    meanwhile = message("someone@" + UNKNOWN, user.address)
    honest.deliver(meanwhile)
    box.run("rm", "/etc/spamassassin/own.cf")
    result = program.setup(box)
    assert result["failed"] == 0, result
    assert {port for _, port in box.listening()} & PORTS_BEFORE == set()
    box.wait_for_listeners(set_up.LISTENERS)
    with OtherServer(lab) as friend:
        box.run("postqueue", "-f")
        user.wait_for(meanwhile["Subject"])
        new_sender, _, _ = friend.wait_for(waiting["Subject"])
        assert new_sender.startswith("SRS0=")
        own, local = message(user.address, "pal@friend.test"), message("someone@" + UNKNOWN, user.address)
        user.send(own)
        assert friend.wait_for(own["Subject"])[0] == user.address
        honest.deliver(local)
        user.wait_for(local["Subject"])
    for sender in (old_sender, new_sender):
        code, said = Stranger(lab, box, at=FRIEND_AT, name="friend.test").try_recipient("", sender)
        assert code == 250 or "Greylisted" in said, (sender, code, said)  # unknown ones are refused before
    test_a_second_setup_changes_nothing(box)


# ---- Outgoing mail and other domains' MTA-STS policies

def test_a_policy_is_kept_and_no_mail_is_lost_without_its_daemon(lab, box, user, policy_host):
    ask = "cd /var/spool/postfix; postmap -q friend.test socketmap:unix:private/tls-policy:postfix"
    assert box.run("sh", "-c", ask).stdout.strip().startswith("secure match=friend.test")
    with OtherServer(lab) as friend:  # knows no TLS
        text = message(user.address, "pal@friend.test")
        user.send(text)
        box.run("for i in $(seq 60); do mailq | grep -q 'TLS is required' && exit 0; sleep 0.5; done; exit 1")
        assert friend.received == []
        box.run("systemctl", "stop", "postfix-mta-sts-resolver")
        try:
            box.run("postqueue", "-f")
            friend.wait_for(text["Subject"])
        finally:
            box.run("systemctl", "start", "postfix-mta-sts-resolver")
    assert "no MTA-STS policy" in box.run("grep tls-policy /var/log/mail.log").stdout


# ---- What programs and servers ask for

def ask(lab, box, user, path, host=NAME, method="GET", body=None):
    """(status, type, content) of the box's web server."""
    with lab.client(user.at):
        connection = http.client.HTTPSConnection(box.address, 443, context=user.tls, timeout=20)
        connection.request(method, path, body=body, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read().decode()


@pytest.mark.parametrize("host, path", [("autoconfig.example.test", "/mail/config-v1.1.xml"),
                                        ("example.test", "/.well-known/autoconfig/mail/config-v1.1.xml")])
def test_thunderbird_is_told(lab, box, user, host, path):
    status, kind, content = ask(lab, box, user, path, host)
    assert (status, kind) == (200, "text/xml")
    root = xml.etree.ElementTree.fromstring(content)
    assert root.tag == "clientConfig" and root.get("version") == "1.1"
    found = {(server.get("type"), server.findtext("hostname"), server.findtext("port"), server.findtext("socketType"),
              server.findtext("username")) for server in root.find("emailProvider") if server.tag.endswith("Server")}
    assert found == {("imap", NAME, "993", "SSL", "%EMAILADDRESS%"), ("pop3", NAME, "995", "SSL", "%EMAILADDRESS%"),
                     ("smtp", NAME, "465", "SSL", "%EMAILADDRESS%")}


def test_apples_programs_are_told(lab, box, user):
    status, kind, content = ask(lab, box, user, "/mailinabox.mobileconfig")
    assert (status, kind) == (200, "application/x-apple-aspen-config")
    profile = plistlib.loads(content.encode())
    assert profile["PayloadType"] == "Configuration" and profile["PayloadUUID"] != profile["PayloadContent"][0]["PayloadUUID"]
    assert profile["PayloadUUID"] == str(uuid.uuid5(uuid.NAMESPACE_DNS, "profile.mobileconfig." + NAME))
    account, = [part for part in profile["PayloadContent"] if part["PayloadType"] == "com.apple.mail.managed"]
    assert (account["IncomingMailServerHostName"], account["IncomingMailServerPortNumber"]) == (NAME, 993)
    assert (account["OutgoingMailServerHostName"], account["OutgoingMailServerPortNumber"]) == (NAME, 465)
    assert account["IncomingMailServerUseSSL"] is True and account["OutgoingMailServerUseSSL"] is True


@pytest.mark.parametrize("path", ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"])
def test_outlook_style_programs_are_told(lab, box, user, path):
    question = "<Autodiscover><Request><EMailAddress>me@example.test</EMailAddress></Request></Autodiscover>"
    status, kind, content = ask(lab, box, user, path, "autodiscover.example.test", "POST", question)
    assert (status, kind) == (200, "text/xml")
    space = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
    protocols = xml.etree.ElementTree.fromstring(content).iter(space + "Protocol")
    assert {tuple(part.findtext(space + field) for field in ("Type", "Server", "Port", "SSL")) for part in protocols} == {
        ("IMAP", NAME, "993", "on"), ("POP3", NAME, "995", "on"), ("SMTP", NAME, "465", "on")}
    assert ask(lab, box, user, path)[0] == 200


def test_other_servers_are_told_to_whom_they_may_deliver(lab, box, user):
    status, kind, content = ask(lab, box, user, "/.well-known/mta-sts.txt", "mta-sts.example.test")
    assert (status, kind) == (200, "text/plain")
    assert content == f"version: STSv1\r\nmode: enforce\r\nmx: {NAME}\r\nmax_age: 604800\r\n"


def test_a_second_setup_changes_nothing(box):
    services = ("opendkim", "opendmarc", "spampd", "postgrey", "postfix-mta-sts-resolver")
    before = box.run("systemctl", "show", "-P", "MainPID", *services).stdout
    result = program.setup(box)
    assert (result["changes"], result["reloaded"], result["restarted"]) == ([], [], [])
    assert box.run("systemctl", "show", "-P", "MainPID", *services).stdout == before

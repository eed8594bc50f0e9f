"""A machine of the original, with its data and with what it wrote into /etc, becomes ours: nothing of its users is lost,
and nothing that it left fights with what there is now. On Debian 13, which no original has seen, its data alone come."""

import hashlib
import os
import re
import sqlite3

import pytest

import lab as laboratory
import observe
import original_etc
import original_storage
import program
import set_up
from mail_user import MailUser, message

pytestmark = pytest.mark.releases("bookworm", "trixie")

ANNA, BERT = original_storage.USERS
STORAGE = set_up.STORAGE
# The old machine's resolver was its own; in this network only this one knows anything.
ENVIRONMENT = {"DNS_FORWARDERS": "198.51.100.53", "PRIMARY_HOSTNAME": set_up.HOST_NAME}


def digests(box, directory=STORAGE):
    """path -> (kind, content or target) below the storage root, as the host sees it."""
    found = {}
    top = box.path(directory)
    for folder, folders, names in os.walk(top):
        for name in names + folders:
            path = os.path.join(folder, name)
            shown = path[len(top) + 1:]
            if os.path.islink(path):
                found[shown] = ("link", os.readlink(path))
            elif os.path.isdir(path):
                found[shown] = ("folder", "")
            else:
                with open(path, "rb") as source:
                    found[shown] = ("file", hashlib.sha256(source.read()).hexdigest())
    return found


def rows(box, sql, path=STORAGE + "/mail/users.sqlite"):
    database = sqlite3.connect(f"file:{box.path(path)}?mode=ro", uri=True)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


@pytest.fixture(scope="module")
def in_place(release):
    """Whether it is the original's own machine, with what that wrote into /etc, and not a new one with a copy of the data."""
    return release == laboratory.OWN_RELEASE


@pytest.fixture(scope="module")
def box(lab, fresh_layers, in_place):
    """The machine, running, just before `mailinabox setup`."""
    packages = original_etc.PACKAGES if in_place else ["ldnsutils"]  # which the tests ask with
    below = fresh_layers[:1] + lab.layer_with_packages("original", fresh_layers[1:], packages)
    with lab.box("box", below, host_name="box") as machine:
        if in_place:
            original_etc.leave(machine.root)
        original_storage.make(machine.path(STORAGE), "v57a")
        yield machine.start()


@pytest.fixture(scope="module")
def before(box):
    return {"files": digests(box), "users": rows(box, "SELECT id, email, password, privileges FROM users"),
            "aliases": rows(box, "SELECT source, destination, permitted_senders FROM aliases ORDER BY source"),
            "automatic": rows(box, "SELECT source, destination FROM auto_aliases ORDER BY source"),
            "mfa": rows(box, "SELECT user_id, type, mru_token, label FROM mfa")}


@pytest.fixture(scope="module")
def taken_over(box, before, in_place):
    """What the run said that took it over."""
    if in_place:
        assert box.run("systemctl is-active named mailinabox", check=False).stdout.split() == ["active", "active"]
    # By its path: /usr/local/bin still has the original's command of the same name.
    plan = box.run("/usr/sbin/mailinabox", "migrate", "--plan", *([] if in_place else [STORAGE]), check=2)
    box.run("/usr/sbin/mailinabox", "plan", check=2, env=ENVIRONMENT, timeout=program.SECONDS)
    assert "has layout 14; the present one is 15" in plan.stdout and "add the column quota to users" in plan.stdout
    done = box.run("/usr/sbin/mailinabox", "setup", "--json", check=False, timeout=program.SECONDS,
                   env={"NONINTERACTIVE": "1", **ENVIRONMENT})
    assert done.returncode == 0, program.told(done)
    return program.parsed(done)


@pytest.fixture(scope="module")
def anna(lab, box, taken_over):
    return MailUser(lab, box, ANNA, original_storage.USERS[ANNA])


@pytest.fixture(scope="module")
def bert(lab, box, taken_over):
    return MailUser(lab, box, BERT, original_storage.USERS[BERT])


def test_the_run_says_what_it_migrated_and_a_second_one_changes_nothing(box, taken_over):
    assert taken_over["migrations"] == [{"number": 15, "summary": "Users get a quota",
                                         "copy": STORAGE + "/before-migration-15"}]
    assert "first_user" not in taken_over
    files, services = observe.files(box, ignore=("/var/lib/mailinabox",)), observe.services(box)
    again = program.setup(box)
    assert again["changes"] == [] and again["reloaded"] == [] and again["restarted"] == []
    # Only what running services write by themselves.
    written = [line for line in observe.differences(files, observe.files(box, ignore=("/var/lib/mailinabox",)))
               if "/mail/spamassassin" not in line and "/mail/postgrey" not in line and "/mail/mailboxes" not in line]
    assert written == []
    assert observe.differences(services, observe.services(box)) == []


def test_users_aliases_and_second_factors_stay(box, before, taken_over):
    assert rows(box, "SELECT id, email, password, privileges FROM users") == before["users"]
    assert {quota for quota, in rows(box, "SELECT quota FROM users")} == {"0"}
    assert rows(box, "SELECT source, destination, permitted_senders FROM aliases ORDER BY source") == before["aliases"]
    automatic = rows(box, "SELECT source, destination FROM auto_aliases ORDER BY source")
    assert set(automatic) == set(before["automatic"])
    assert rows(box, "SELECT user_id, type, mru_token, label FROM mfa") == before["mfa"]
    for secret, in rows(box, "SELECT secret FROM mfa"):  # other programs read the database
        assert secret.startswith("sealed:1:")
    assert rows(box, "PRAGMA journal_mode") == [("delete",)]
    copy = STORAGE + "/before-migration-15/mail/users.sqlite"
    assert rows(box, "SELECT id, email, password, privileges FROM users", copy) == before["users"]
    assert os.stat(box.path(copy)).st_mode & 0o777 == 0o600


def test_files_stay_byte_for_byte(box, before, taken_over):
    after = digests(box)
    # The database has a new column, the layout its new number; Dovecot and the filter keep their own accounts of things.
    changed = {"mail/users.sqlite", "mailinabox.version"}
    own = re.compile(r"mail/mailboxes/.*/(dovecot|maildirsize|subscriptions|\.(Drafts|Trash|Archive))|"
                     r"mail/mailboxes/[^/]+/[^/]+/(new|cur|tmp)/|mail/sieve/.*\.svbin|mail/spamassassin/")
    lost = [name for name in before["files"] if after.get(name) != before["files"][name]
            and name not in changed and not own.match(name)]
    assert lost == []
    for name in ("ssl/ssl_private_key.pem", "mail/dkim/mail.private", "mail/dkim/mail.txt", "dns/custom.yaml",
                 "ssl/bought/private_key.pem", "backup/secret_key.txt", "www/default/index.html", "owncloud/config.php",
                 "mail/sieve/example.test/anna/filters.sieve"):
        assert after[name] == before["files"][name], name
    assert [name for name in after if "selfsigned" in name] == [], "the certificate that was there is good"
    keys = [name for name in before["files"] if name.startswith("dns/dnssec/K_domain_")]
    assert len([name for name in keys if name.endswith(".private")]) == 4
    assert {name.split("+")[1] for name in keys} == {"008", "013"}
    assert box.read(STORAGE + "/mailinabox.version") == "15\n"


def test_owners_are_put_right_by_name(box, taken_over):
    """The data came with the numbers that accounts had on another machine."""
    def owner(path):
        return box.run("stat", "-c", "%U:%G %a", STORAGE + "/" + path).stdout.strip()

    assert owner("mail/dkim") == "opendkim:opendkim 700"
    assert owner("mail/dkim/mail.private") == "opendkim:opendkim 600"
    assert owner("mail/spamassassin") == "spampd:spampd 2770"
    assert owner("mail/spamassassin/bayes_toks").split(":")[1].startswith("spampd")
    assert owner("mail/users.sqlite") == "root:mailinabox-lookup 640"
    assert owner("mail") == "root:root 755"
    assert owner("") == "root:root 755"
    assert owner("mailinabox.version") == "root:root 644"
    assert owner("www").startswith("user-data:")
    assert owner("ssl/ssl_private_key.pem") == "root:root 600"
    assert box.run("stat", "-c", "%U", "/etc/dovecot", "/etc/dovecot/conf.d/10-ssl.conf").stdout.split() == ["root"] * 2


def test_old_passwords_open_old_mailboxes(anna, bert):
    for user in (anna, bert):
        with user.imap("INBOX") as connection:
            assert connection.response("UIDVALIDITY")[1] == [b"1700000000"]
            flags = connection.uid("FETCH", "41", "(FLAGS)")[1][0]
            assert b"\\Seen" in flags and b"\\Flagged" in flags
        assert user.find("kept") is not None
        assert user.find("letter", '"Old letters"') is not None


def test_certificate_is_the_one_that_was_there(lab, box, taken_over):
    served = box.run("openssl s_client -connect 127.0.0.1:993 </dev/null 2>/dev/null | openssl x509 -noout -issuer -subject")
    assert "An Authority" in served.stdout and set_up.HOST_NAME in served.stdout
    key = box.run("openssl", "rsa", "-in", STORAGE + "/ssl/ssl_private_key.pem", "-pubout").stdout
    of_port = box.run("openssl s_client -connect 127.0.0.1:465 </dev/null 2>/dev/null | openssl x509 -noout -pubkey").stdout
    assert of_port == key


def test_mail_goes_by_old_aliases_filters_and_permissions(anna, bert):
    filed = message(BERT, "sales@example.test", subject="one for the archive")
    bert.send(filed)
    anna.wait_for(filed["Subject"], "Archive")  # by her filter
    bert.wait_for(filed["Subject"])
    caught = message(ANNA, "anyone@" + original_storage.IDNA_DOMAIN, subject="to nobody in particular")
    anna.send(caught)
    arrived = bert.wait_for(caught["Subject"])
    assert "mail" == re.search(r"\bs=(\w+)", arrived["DKIM-Signature"])[1]
    news = message("news@example.test", BERT, subject="the news")
    anna.send(news, sender="news@example.test")
    bert.wait_for(news["Subject"])
    with pytest.raises(Exception, match="553|not owned"):
        bert.send(message("news@example.test", ANNA), sender="news@example.test")


def test_zones_keep_keys_records_and_a_rising_serial(box, taken_over, in_place):
    def ask(name, kind):
        return box.run("drill", "-D", name, kind, "@198.51.100.11").stdout

    serial = re.search(r"\sSOA\s+\S+ \S+ (\d+) ", ask("example.test", "SOA"))
    assert serial and int(serial[1]) > (original_etc.SERIAL if in_place else 0), ask("example.test", "SOA")
    keys = set()
    for name in os.listdir(box.path(STORAGE + "/dns/dnssec")):
        if name.endswith(".key"):
            keys.add(tuple(box.read(f"{STORAGE}/dns/dnssec/{name}").split("DNSKEY")[1].split()[:4]))
    published = set(re.findall(r"\sIN\s+DNSKEY\s+(\d+) (\d+) (\d+) (\S+)", ask("example.test", "DNSKEY")))
    assert published == keys and {key[2] for key in keys} == {"8", "13"}
    for name, kind in (("example.test", "SOA"), ("example.test", "DNSKEY"), ("box.example.test", "A")):
        assert set(re.findall(rf"\sRRSIG\s+{kind} (\d+) ", ask(name, kind))) == {"8", "13"}, (name, kind)
    assert "192.0.2.80" in ask("shop.example.test", "A")
    assert "site-verification=abc" in ask("example.test", "TXT")
    assert re.search(r"CNAME\s+box\.example\.test", ask("files.example.test", "CNAME"))
    assert "ns2.example.org." in ask("example.test", "NS")
    assert "192.0.2.0/24" in box.run("cat /etc/nsd/nsd.conf.d/*.conf").stdout
    # The keys of mail and TLS are published as they were.
    public = box.run("openssl", "rsa", "-in", STORAGE + "/mail/dkim/mail.private", "-pubout").stdout
    signing = "".join(line for line in public.splitlines() if "-----" not in line)
    said = ask("mail._domainkey.example.test", "TXT").split("ANSWER SECTION")[1].split("\n")[1]
    assert signing in "".join(re.findall(r'"([^"]*)"', said))
    digest = box.run(f"openssl rsa -in {STORAGE}/ssl/ssl_private_key.pem -pubout -outform DER | sha256sum").stdout.split()[0]
    assert digest in ask("_25._tcp.box.example.test", "TLSA").lower()


def test_spam_filter_remembers(box, taken_over):
    said = box.run("runuser", "-u", "spampd", "--", "sa-learn", "--dump", "magic").stdout
    assert re.search(r"\s217\s.*nspam", said) and int(re.search(r"(\d+) +\d+ +non-token data: nham", said)[1]) >= 313, said


@pytest.mark.releases("bookworm")
def test_what_the_original_left_does_not_fight(box, taken_over):
    assert box.run("systemctl is-active named", check=False).stdout.strip() == "inactive"
    assert box.run("systemctl is-enabled named", check=False).stdout.strip() == "disabled"
    gone = ["/usr/local/bin/mailinabox", "/usr/local/lib/mailinabox", "/lib/systemd/system/mailinabox.service",
            "/etc/cron.d/mailinabox-nightly",
            "/etc/cron.daily/mailinabox-dnssec", "/etc/spamassassin/miab_spf_dmarc.cf", "/etc/dovecot/conf.d/99-local.conf",
            "/etc/nginx/conf.d/ssl.conf", "/etc/fail2ban/filter.d/dovecotimap.conf"]
    assert [path for path in gone if os.path.lexists(box.path(path))] == []
    assert box.run("command -v mailinabox").stdout.strip() == "/usr/sbin/mailinabox"


@pytest.mark.releases("bookworm")
def test_the_originals_daemon_makes_room_for_ours(box, taken_over):
    """Which has its unit, its port and its key: who had the key is still answered."""
    assert any("holds port 10222: setup has another program in the place of mailinabox.service" in warning
               for warning in taken_over["warnings"])
    assert box.run("systemctl is-active mailinabox mailinabox-web").stdout.split() == ["active"] * 2
    unit = "/etc/systemd/system/mailinabox.service"
    assert box.run("systemctl", "show", "-p", "FragmentPath", "--value", "mailinabox").stdout.strip() == unit
    link = "/etc/systemd/system/multi-user.target.wants/mailinabox.service"
    assert os.readlink(box.path(link)) == unit
    assert "daemon" in box.run("systemctl show -p MainPID --value mailinabox | xargs -I{} cat /proc/{}/cmdline").stdout
    key = "/var/lib/mailinabox/api.key"
    assert box.read(key) == original_etc.FILES[key]
    assert box.run("stat", "-c", "%U:%G %a", key).stdout == "root:root 640\n"
    ask = ("use IO::Socket::INET; use MIME::Base64; my $s = IO::Socket::INET->new('127.0.0.1:10222') or die; print $s "
           "\"GET /system/version HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\nAuthorization: Basic \" . "
           f"encode_base64('{box.read(key)}:', '') . \"\\r\\n\\r\\n\"; print <$s>")
    assert box.run("perl", "-e", ask).stdout.startswith("HTTP/1.1 200 ")


@pytest.mark.releases("bookworm")
def test_settings_stand_once(box, taken_over):
    settings = {}
    for line in box.read("/etc/postfix/main.cf").splitlines():
        if re.match(r"\w+ *=", line):
            settings.setdefault(line.split("=")[0].strip(), []).append(line)
    assert [lines for lines in settings.values() if len(lines) > 1] == []
    for name in ("/etc/default/spampd", "/etc/default/postgrey"):
        keys = [line.split("=")[0] for line in box.read(name).splitlines() if re.match(r"\w+=", line)]
        assert sorted(keys) == sorted(set(keys)), name
    assert not re.search(r"^(report_safe|bayes_path|bayes_file_mode|pyzor_options)\b", box.read("/etc/spamassassin/local.cf"),
                         re.MULTILINE)
    assert box.read("/etc/resolv.conf").count("nameserver") == 1 and "trust-ad" in box.read("/etc/resolv.conf")
    assert box.run("postconf", "-n").stderr == ""
    assert box.run("postconf", "-M").stderr == ""
    services = [line.split()[0] for line in box.run("postconf", "-M").stdout.splitlines() if line.split()[1] == "inet"]
    assert sorted(services) == sorted(set(services)) and not {"smtps", "submissions"} <= set(services)
    assert box.run("doveconf", "-n").stderr == ""
    assert "ssl_dh_parameters_length" not in box.run("doveconf", "-n").stdout
    assert box.run("nginx", "-t").stderr.count("warn") == 0
    assert 'rewrite "^/old$" "https://example.test/new" permanent;' in box.read("/etc/nginx/mailinabox/sites/example.test.conf")
    assert box.run("spamassassin --lint --prefspath=/dev/null 2>&1").stdout == ""
    assert box.run("opendkim", "-n").returncode == 0
    assert "antispam" not in box.run("doveconf", "-n").stdout


def test_other_layouts(box, taken_over):
    """Of v75, where nothing is to do, and of the first boxes, whose number stood in /etc/mailinabox.conf."""
    original_storage.make(box.path("/srv/v75"), "v75")
    known = digests(box, "/srv/v75")
    assert program.call(box, "migrate", "--plan", "/srv/v75").returncode == 0
    assert program.call(box, "migrate", "/srv/v75").returncode == 0
    assert digests(box, "/srv/v75") == known
    assert rows(box, "SELECT quota FROM users ORDER BY id", "/srv/v75/mail/users.sqlite") == [("5G",), ("0",)]

    original_storage.make(box.path("/srv/first"), "first")
    answers = box.read("/etc/mailinabox.conf")
    box.write("/etc/mailinabox.conf", answers.replace(STORAGE, "/srv/first") + "MIGRATIONID=0\n")
    done = program.call(box, "migrate")
    kept = box.read("/etc/mailinabox.conf")
    box.write("/etc/mailinabox.conf", answers)
    assert done.returncode == 0, program.told(done)
    assert "MIGRATIONID" not in kept and box.read("/srv/first/mailinabox.version") == "15\n"
    assert ("anna@example.test", "0") in rows(box, "SELECT email, quota FROM users", "/srv/first/mail/users.sqlite")
    assert ("@" + original_storage.IDNA_DOMAIN,) in rows(box, "SELECT source FROM aliases", "/srv/first/mail/users.sqlite")
    for path in ("ssl/example.test/private_key.pem", "dns/dnssec/RSASHA1-NSEC3-SHA1.conf",
                 "before-migration-8/mail/dkim/mail.private"):
        assert os.path.exists(box.path("/srv/first/" + path)), path
    assert os.path.islink(box.path("/srv/first/ssl/ssl_certificate.pem"))


def test_full_disk_leaves_the_data(box, taken_over):
    box.run("mkdir /srv/small && mount -t tmpfs -o size=128k,mode=755 tmpfs /srv/small")
    box.run("mkdir /srv/small/mail && printf '14\\n' > /srv/small/mailinabox.version")
    copy = STORAGE + "/before-migration-15/mail/users.sqlite"
    box.run(f"cp {copy} /srv/small/mail/ && dd if=/dev/zero of=/srv/small/filler bs=4k count=100 || true")
    known = box.run("sha256sum /srv/small/mail/users.sqlite /srv/small/mailinabox.version").stdout
    box.run("dd if=/dev/null of=/srv/small/filler bs=1k seek=$(($(stat -c %s /srv/small/filler) / 1024 - 8))")  # 8 KB
    done = box.run("mailinabox", "migrate", "/srv/small", check=5)
    assert "migration 15 of /srv/small" in done.stderr and "make space" in done.stderr
    assert box.run("sha256sum /srv/small/mail/users.sqlite /srv/small/mailinabox.version").stdout == known
    box.run("rm /srv/small/filler; mailinabox migrate /srv/small")
    assert box.run("cat /srv/small/mailinabox.version").stdout == "15\n"
    assert box.run("sqlite3 /srv/small/mail/users.sqlite 'SELECT DISTINCT quota FROM users'").stdout == "0\n"


def test_newer_data_is_refused_untouched(box, taken_over):
    box.write("/srv/newer/mailinabox.version", "16\n")
    known = digests(box, "/srv/newer")
    done = box.run("mailinabox", "setup", check=3, env={"NONINTERACTIVE": "1", "STORAGE_ROOT": "/srv/newer"})
    assert "layout 16" in done.stderr and "up to 15" in done.stderr
    assert digests(box, "/srv/newer") == known
    assert box.read("/etc/mailinabox.conf").count("/srv/newer") == 0

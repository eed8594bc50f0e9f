#!/usr/bin/python3
"""Makes a STORAGE_ROOT as a Mail-in-a-Box of the original left it: names, contents, owners and modes.

    /usr/bin/python3 tests/box/original_storage.py v57a /path/of/new/directory

Releases: v57a (layout 14), v75 (layout 15), first (layout 0, of the very first boxes: for the early migrations).
Needs: openssl ldnsutils, Perl's DB_File. Everything in it is made up anew on every call, keys included.
"""

import base64
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys

HOST = "box.example.test"
UNICODE_DOMAIN = "müller.example"
IDNA_DOMAIN = "xn--mller-kva.example"
USERS = {"anna@example.test": "correct horse battery", "bert@" + IDNA_DOMAIN: "staple of the day"}
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LAYOUTS = {"first": 0, "v57a": 14, "v75": 15}
MAIL, WWW_DATA = 8, 33
# What the daemons' accounts and the data's own account were on the old machine.
OLD_ACCOUNTS = {"storage": 1000, "opendkim": 4101, "spampd": 4102, "postgrey": 4103}

ALIASES = [  # source, destination, permitted senders
    ("administrator@" + HOST, "anna@example.test", None),
    ("sales@example.test", "anna@example.test,bert@" + IDNA_DOMAIN, None),
    ("news@example.test", "", "anna@example.test"),
    ("@" + IDNA_DOMAIN, "bert@" + IDNA_DOMAIN, None),
]
AUTO_ALIASES = ([("hostmaster@" + HOST, "administrator@" + HOST)]
                + [(f"{name}@{domain}", "administrator@" + HOST) for name in ("postmaster", "admin", "abuse")
                   for domain in ("example.test", IDNA_DOMAIN, HOST)]
                + [("@" + UNICODE_DOMAIN, "@" + IDNA_DOMAIN)])

CUSTOM_DNS = """_secondary_nameserver: ns2.example.org xfr:192.0.2.0/24
example.test:
  TXT:
  - v=spf1 mx -all
  - site-verification=abc
shop.example.test: 192.0.2.80
files.example.test:
  CNAME: box.example.test.
"""

MESSAGE = """Return-Path: <friend@sender.test>
From: friend@sender.test
To: anna@example.test
Subject: {subject}
Date: Mon, 05 Jan 2026 10:00:00 +0000
Message-ID: <{subject}@sender.test>

Dear Anna.
"""

FILTER = 'require ["fileinto"];\nif header :contains "Subject" "for the archive" { fileinto "Archive"; stop; }\n'


def run(*argv, cwd=None, input=None):
    return subprocess.run(argv, cwd=cwd, input=input, check=True, capture_output=True, text=True).stdout


class StorageRoot:
    """Builds one; `root` is the directory, which must not exist yet or be empty."""

    def __init__(self, root, release):
        self.root, self.release, self.layout = root, release, LAYOUTS[release]

    # pieces

    def path(self, name):
        return os.path.join(self.root, name)

    def folder(self, name, mode=0o755, uid=0, gid=0):
        path = self.path(name)
        os.makedirs(path, exist_ok=True)
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        return path

    def file(self, name, content, mode=0o644, uid=0, gid=0):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as output:
            output.write(content if isinstance(content, bytes) else content.encode())
        os.chown(path, uid, gid)
        os.chmod(path, mode)

    # parts

    def make(self):
        account = OLD_ACCOUNTS["storage"]
        self.folder("", 0o755, account, account)
        if self.layout >= 3:
            self.file("mailinabox.version", f"{self.layout}\n", uid=account, gid=account)
        self.file("settings.yaml", "privacy: true\n")
        self.folder("mail", 0o775, 0, WWW_DATA)
        self.users()
        self.mailboxes()
        self.dkim()
        self.spam()
        self.certificates()
        self.zone_keys()
        self.file("dns/custom.yaml", CUSTOM_DNS)
        self.applications()
        self.backup()
        return self

    def users(self):
        database = sqlite3.connect(self.path("mail/users.sqlite"))
        # The statements that the original creates its tables with, then those of its migrations up to the layout.
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, password"
                         " TEXT NOT NULL, extra" + (", privileges TEXT NOT NULL DEFAULT ''" if self.layout >= 4 else "")
                         + (", quota TEXT NOT NULL DEFAULT '0'" if self.layout >= 15 else "") + ")")
        database.execute("CREATE TABLE aliases (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE,"
                         " destination TEXT NOT NULL" + (", permitted_senders TEXT" if self.layout >= 9 else "") + ")")
        for email, password in USERS.items():
            digest = run("openssl", "passwd", "-6", "-salt", "saltsaltsalt", "-stdin", input=password + "\n").strip()
            database.execute("INSERT INTO users (email, password) VALUES (?, ?)", (email, "{SHA512-CRYPT}" + digest))
        for source, destination, senders in ALIASES:
            if self.layout < 7:  # as typed, not yet in the ASCII form
                source = source.replace(IDNA_DOMAIN, UNICODE_DOMAIN)
            if destination:
                database.execute("INSERT INTO aliases (source, destination) VALUES (?, ?)", (source, destination))
            elif self.layout >= 9:
                database.execute("INSERT INTO aliases (source, destination, permitted_senders) VALUES (?, ?, ?)",
                                 (source, destination, senders))
        if self.layout >= 4:
            database.execute("UPDATE users SET privileges = 'admin' WHERE email = 'anna@example.test'")
        if self.layout >= 13:
            database.execute("CREATE TABLE mfa (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, type TEXT NOT"
                             " NULL, secret TEXT NOT NULL, mru_token TEXT, label TEXT, FOREIGN KEY (user_id) REFERENCES"
                             " users(id) ON DELETE CASCADE)")
            database.execute("INSERT INTO mfa (user_id, type, secret, mru_token, label) VALUES (1, 'totp', ?, '123456',"
                             " 'telephone')", (TOTP_SECRET,))
        if self.layout >= 14:
            database.execute("CREATE TABLE auto_aliases (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE,"
                             " destination TEXT NOT NULL, permitted_senders TEXT)")
            database.executemany("INSERT INTO auto_aliases (source, destination) VALUES (?, ?)", AUTO_ALIASES)
        if self.layout >= 15:
            database.execute("UPDATE users SET quota = '5G' WHERE email = 'anna@example.test'")
        database.commit()
        database.close()
        os.chown(self.path("mail/users.sqlite"), 0, WWW_DATA)
        os.chmod(self.path("mail/users.sqlite"), 0o664)

    def mailboxes(self):
        self.folder("mail/mailboxes", 0o755, MAIL, MAIL)
        for email in USERS:
            name, domain = email.split("@")
            self.folder(f"mail/mailboxes/{domain}", 0o700, MAIL, MAIL)
            top = f"mail/mailboxes/{domain}/{name}"
            for folder in (top, top + "/.Sent", top + "/.Spam", top + "/.Old letters"):
                self.folder(folder, 0o700, MAIL, MAIL)
                for part in ("cur", "new", "tmp"):
                    self.folder(f"{folder}/{part}", 0o700, MAIL, MAIL)
            self.file(top + "/subscriptions", "Spam\nSent\nOld letters\n", 0o600, MAIL, MAIL)
            self.file(top + "/dovecot-uidlist", "3 V1700000000 N42 Gaabbccddeeff00112233445566778899\n"
                      "41 :1767607200.M1P1.old\n", 0o600, MAIL, MAIL)
            self.file(top + "/cur/1767607200.M1P1.old:2,FS", MESSAGE.format(subject="kept"), 0o600, MAIL, MAIL)
            self.file(top + "/.Old letters/cur/1767607201.M2P1.old:2,S", MESSAGE.format(subject="letter"), 0o600, MAIL, MAIL)
            if self.layout < 2:
                self.file(top + "/.dovecot.sieve", FILTER, 0o600, MAIL, MAIL)
                self.file(top + "/.dovecot.svbin", b"compiled", 0o600, MAIL, MAIL)
        if self.layout < 2:
            return
        for folder in ("", "/global_before", "/global_after", "/example.test", "/example.test/anna"):
            self.folder("mail/sieve" + folder, 0o755, MAIL, MAIL)
        self.file("mail/sieve/example.test/anna/filters.sieve", FILTER, 0o600, MAIL, MAIL)
        os.symlink("anna/filters.sieve", self.path("mail/sieve/example.test/anna.sieve"))

    def dkim(self):
        owner = OLD_ACCOUNTS["opendkim"]
        self.folder("mail/dkim", 0o700, owner, owner)
        bits = "1024" if self.layout < 8 else "2048"
        key = run("openssl", "genrsa", bits)
        public = run("openssl", "rsa", "-pubout", "-outform", "PEM", input=key)
        text = "".join(line for line in public.splitlines() if "-----" not in line)
        self.file("mail/dkim/mail.private", key, 0o600, owner, owner)
        self.file("mail/dkim/mail.txt", "mail._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=rsa; s=email; \"\n\t  \"p="
                  + text[:253] + "\"\n\t  \"" + text[253:] + "\" )  ; ----- DKIM key mail for " + HOST + "\n", 0o600,
                  owner, owner)

    def spam(self):
        owner = OLD_ACCOUNTS["spampd"]
        self.folder("mail/spamassassin", 0o770, owner, owner)
        # SpamAssassin's own format (version 3 of its DBM store): what it has learnt, counted.
        script = r"""
            use DB_File; my $magic = "\015\001\007\011\003";
            tie my %tokens, 'DB_File', "$ARGV[0]/bayes_toks", O_RDWR|O_CREAT, 0600, $DB_HASH or die $!;
            my %counts = (DBVERSION => 3, NSPAM => 217, NHAM => 313, NTOKENS => 0, LASTEXPIRE => 0, OLDESTAGE => 0,
                          NEWESTAGE => 0, LASTJOURNALSYNC => 0, LASTATIMEDELTA => 0, LASTEXPIREREDUCE => 0);
            $tokens{$magic . $_} = $counts{$_} for keys %counts; untie %tokens;
            tie my %seen, 'DB_File', "$ARGV[0]/bayes_seen", O_RDWR|O_CREAT, 0600, $DB_HASH or die $!;
            $seen{'one@sender.test'} = 's'; untie %seen;"""
        run("perl", "-e", script, self.path("mail/spamassassin"))
        for name in ("bayes_toks", "bayes_seen"):
            os.chown(self.path("mail/spamassassin/" + name), owner, owner)
            os.chmod(self.path("mail/spamassassin/" + name), 0o666)
        if self.layout >= 15:
            greylist = OLD_ACCOUNTS["postgrey"]
            self.folder("mail/postgrey", 0o700, greylist, greylist)
            self.folder("mail/postgrey/db", 0o700, greylist, greylist)

    def certificates(self):
        self.folder("ssl")
        key = self.path("ssl/ssl_private_key.pem")
        run("openssl", "genrsa", "-out", key, "2048")
        os.chmod(key, 0o600)
        if self.layout < 1:
            self.file("ssl/ssl_certificate.pem", self.issued(key, HOST))
            for name, content in (("certifiate.pem", self.issued(key, "example.test")), ("private_key.pem", "a key\n"),
                                  ("cert_sign_req.csr", "a request\n")):
                self.file("ssl/domains/example.test_" + name, content)
            return
        primary = self.installed(key, HOST)
        os.symlink("/home/user-data/ssl/" + primary, self.path("ssl/ssl_certificate.pem"))
        self.installed(key, "www.example.test")
        self.installed(key, HOST, days="1")  # an older one of the same name
        # One that the administrator bought, with its own key, in a folder of its own.
        self.folder("ssl/bought")
        own = self.path("ssl/bought/private_key.pem")
        run("openssl", "genrsa", "-out", own, "2048")
        os.chmod(own, 0o600)
        self.file("ssl/bought/ssl_certificate.pem", self.issued(own, "shop.example.test"))
        self.file("ssl/dh2048.pem", "-----BEGIN DH PARAMETERS-----\nunused\n-----END DH PARAMETERS-----\n")
        self.folder("ssl/lets_encrypt")
        self.folder("ssl/lets_encrypt/accounts", 0o700)
        self.file("ssl/lets_encrypt/accounts/acme-v02.api.letsencrypt.org/directory/0a1b/regr.json", "{}", 0o600)
        self.folder("ssl/lets_encrypt/webroot/.well-known/acme-challenge")

    def issued(self, key, name, days="400"):
        """A certificate by an authority, followed by the authority's."""
        authority = self.path(".authority")
        if not os.path.exists(authority):
            os.makedirs(authority)
            run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "ca.pem", "-days",
                "1000", "-subj", "/CN=An Authority", cwd=authority)
        request = run("openssl", "req", "-new", "-key", key, "-subj", "/CN=" + name)
        names = authority + "/names"
        with open(names, "w", encoding="utf-8") as output:
            output.write(f"subjectAltName=DNS:{name}\n")
        leaf = run("openssl", "x509", "-req", "-CA", "ca.pem", "-CAkey", "key.pem", "-CAcreateserial", "-days", days,
                   "-extfile", names, cwd=authority, input=request)
        with open(authority + "/ca.pem", encoding="utf-8") as chain:
            return leaf + chain.read()

    def installed(self, key, name, days="400"):
        """One as the original installs it: NAME-DATE-FINGERPRINT.pem."""
        text = self.issued(key, name, days)
        der = base64.b64decode("".join(text.split("-----END")[0].splitlines()[1:]))
        end = run("openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", input=text)
        date = end.strip().removeprefix("notAfter=")[:10].replace("-", "")
        file = f"{name}-{date}-{hashlib.sha256(der).hexdigest()[:8]}.pem"
        self.file("ssl/" + file, text)
        return file

    def zone_keys(self):
        folder = self.folder("dns/dnssec")
        algorithms = ["RSASHA256", "ECDSAP256SHA256"] if self.layout >= 6 else ["RSASHA1-NSEC3-SHA1"]
        for algorithm in algorithms:
            signing = run("ldns-keygen", "-r", "/dev/urandom", "-a", algorithm, "-k", "_domain_", cwd=folder).strip()
            zone = run("ldns-keygen", "-r", "/dev/urandom", "-a", algorithm, "_domain_", cwd=folder).strip()
            for name in os.listdir(folder):
                if name.startswith("K_domain_"):
                    os.chmod(os.path.join(folder, name), 0o600)
            name = "keys" if self.layout < 6 else algorithm
            self.file(f"dns/dnssec/{name}.conf", f"KSK={signing}\nZSK={zone}\n")

    def applications(self):
        account = OLD_ACCOUNTS["storage"]
        self.folder("www", 0o755, account, 0)
        self.file("www/default/index.html", "<html>my own page</html>\n", uid=account)
        self.file("www/example.test/index.html", "<html>example</html>\n", uid=account)
        self.file("www/custom.yaml", "example.test:\n  redirects:\n    ^/old$: https://example.test/new\n", uid=account)
        self.folder("www/default", 0o755, account, 0)
        self.folder("mail/roundcube", 0o755, WWW_DATA, WWW_DATA)
        database = sqlite3.connect(self.path("mail/roundcube/roundcube.sqlite"))
        database.execute("CREATE TABLE session (sess_id TEXT PRIMARY KEY)")
        database.execute("CREATE TABLE identities (name TEXT)")
        database.execute("INSERT INTO identities VALUES ('Anna')")
        database.execute("INSERT INTO session VALUES ('abc')")
        if self.layout < 12:
            database.execute("CREATE TABLE carddav_addressbooks (id INTEGER PRIMARY KEY)")
        database.commit()
        database.close()
        os.chown(self.path("mail/roundcube/roundcube.sqlite"), WWW_DATA, WWW_DATA)
        self.folder("owncloud", 0o770, WWW_DATA, WWW_DATA)
        self.file("owncloud/config.php", "<?php $CONFIG = array('instanceid' => 'oc1a2b3c4d5e');\n", 0o600, WWW_DATA, WWW_DATA)
        self.file("owncloud/owncloud.db", b"not looked into", 0o644, WWW_DATA, WWW_DATA)
        self.file("owncloud-backup/2026-01-05-03:00:00/config.php", "<?php\n")

    def backup(self):
        self.folder("backup")
        self.file("backup/secret_key.txt", base64.b64encode(os.urandom(48)).decode() + "\n",
                  0o644 if self.layout < 5 else 0o600)
        self.file("backup/custom.yaml", "min_age_in_days: 3\ntarget: local\n")
        self.folder("backup/encrypted", uid=OLD_ACCOUNTS["storage"])
        self.file("backup/encrypted/duplicity-full.1.vol1.difftar.gpg", b"volume")

    def without_traces(self):
        """Without what was needed only to make it."""
        shutil.rmtree(self.path(".authority"))
        return self


def make(root, release):
    return StorageRoot(root, release).make().without_traces()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in LAYOUTS:
        raise SystemExit(__doc__)
    make(sys.argv[2], sys.argv[1])

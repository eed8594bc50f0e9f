"""A box with something to do in every recipe, and what must be true of it afterwards."""

import hashlib
import os
import stat
import time

import set_up

STORAGE = set_up.STORAGE

# One line a recipe, or more. Running services are told of their wrong settings, so that only a delivered notice
# makes them right again.
SCRIPT = f"""
chmod 0600 /etc/mailname
rm -f /etc/apt/apt.conf.d/60mailinabox
echo '# drift' >> /etc/unbound/unbound.conf.d/mailinabox.conf
chmod 0644 {STORAGE}/ssl/ssl_private_key.pem
chmod 0600 {STORAGE}/mail/users.sqlite
printf '\\nlogin_greeting = drifted\\n' >> /etc/dovecot/conf.d/99-mailinabox.conf
doveadm reload
echo 'POSTGREY_TEXT=drifted' > /etc/default/postgrey
rm -f /etc/spamassassin/mailinabox.cf
postconf -e smtpd_banner=drifted
rm -f /etc/postfix/virtual-alias-maps.cf
postfix reload
echo drift >> /etc/opendkim/KeyTable
echo '# drift' >> /etc/opendmarc.conf
rm -f /etc/nsd/nsd.conf.d/zones.conf /etc/nsd/zones/*.signed
rm -f /etc/postfix/srs-senders.cf
echo '# drift' >> /etc/mta-sts-daemon.yml
rm -f /etc/cron.d/mailinabox
chmod 0750 {STORAGE}/management
echo '# drift' >> /etc/systemd/system/mailinabox-web.service
sed -i 's/^http {{/http {{\\n  add_header X-Drifted yes always;/' /etc/nginx/nginx.conf
systemctl reload nginx
"""

# Changes by themselves, or by being used.
VOLATILE = ("/etc/.updated", "/etc/ld.so.cache", "/etc/machine-id", f"{STORAGE}/mail/postgrey", f"{STORAGE}/mail/spamassassin",
            f"{STORAGE}/mail/mailboxes", "/etc/ssl/certs", f"{STORAGE}/management/audit.sqlite",  # the last tells of each run
            "/etc/nsd/zones/")  # serial numbers go up: that they are right is the empty plan's to say


def make(box):
    box.run("sh", "-c", SCRIPT, timeout=60)


def state(box):
    """path -> kind, mode, owner and content of everything in /etc and the storage root."""
    found = {}
    for directory in ("/etc", STORAGE):
        for folder, folders, names in os.walk(box.path(directory)):
            for name in [""] + names + [entry for entry in folders if os.path.islink(os.path.join(folder, entry))]:
                path = os.path.join(folder, name) if name else folder
                shown = path[len(box.root):]
                if shown.startswith(VOLATILE):
                    continue
                status = os.lstat(path)
                if stat.S_ISLNK(status.st_mode):
                    content = os.readlink(path)
                elif stat.S_ISREG(status.st_mode):
                    with open(path, "rb") as source:
                        content = hashlib.sha256(source.read()).hexdigest()
                else:
                    content = ""
                found[shown] = (oct(status.st_mode), status.st_uid, status.st_gid, content)
    return found


# service -> what asks it for its setting, what the wrong one shows, and what any answer begins with
SERVICES = {
    "postfix": ("exec 3<>/dev/tcp/127.0.0.1/25; head -1 <&3", "drifted", "220 "),
    "dovecot": ("exec 3<>/dev/tcp/127.0.0.1/143; head -1 <&3", "drifted", "* OK"),
    "nginx": ("exec 3<>/dev/tcp/127.0.0.1/80; printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3", "X-Drifted", "HTTP/1"),
}


def _answers_of_drift(box, limit=10):
    """Services that still answer with the wrong setting. nginx and Dovecot take up new settings shortly after the reload has
    returned, and answer with the old ones until then: so each is asked until it is right, or the limit is over."""
    end = time.monotonic() + limit
    for name, (question, wrong, right) in SERVICES.items():
        while True:
            answer = box.run(question, shell="bash").stdout.strip()
            if wrong not in answer and answer.startswith(right):
                break
            if time.monotonic() > end:
                yield name, answer
                break
            time.sleep(0.05)


def complaints(box, wanted):
    """What differs from an undisturbed box, a line each: files, what services say, what is still owed."""
    now = state(box)
    lines = [f"{path}: {wanted.get(path)} -> {now.get(path)}"
             for path in sorted(set(wanted) | set(now)) if wanted.get(path) != now.get(path)]
    lines += [f"{name} was not told: {answer}" for name, answer in _answers_of_drift(box)]
    if os.path.exists(box.path("/var/lib/mailinabox/owed.jsonl")) or os.path.exists(box.path("/var/lib/mailinabox/journal")):
        lines.append("something is still owed, or a journal is open")
    return lines

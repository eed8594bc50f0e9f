"""What the original's set up wrote outside of STORAGE_ROOT: settings edited line by line in packages' files, files of its
own, its daemon, its jobs. For a machine's root directory on which the packages are, before it boots."""

import os

HOST = "box.example.test"
STORAGE = "/home/user-data"
# Those of its packages that Debian 12 has and that matter here.
PACKAGES = ["postfix", "postfix-sqlite", "postfix-pcre", "postgrey", "dovecot-core", "dovecot-imapd", "dovecot-pop3d",
            "dovecot-lmtpd", "dovecot-sqlite", "dovecot-sieve", "dovecot-managesieved", "opendkim", "opendkim-tools",
            "dbconfig-no-thanks", "opendmarc", "spampd", "spamassassin", "pyzor", "libmail-dkim-perl", "nginx", "fail2ban",
            "bind9", "nsd", "ldnsutils", "cron", "rsyslog", "unattended-upgrades", "sqlite3", "openssl"]

MAIN_CF = {
    "inet_interfaces": "all", "smtp_bind_address": "198.51.100.11", "smtp_bind_address6": "", "myhostname": HOST,
    "smtpd_banner": "$myhostname ESMTP Hi, I'm a Mail-in-a-Box (Ubuntu/Postfix; see https://mailinabox.email/)",
    "mydestination": "localhost", "delay_warning_time": "3h", "maximal_queue_lifetime": "2d", "bounce_queue_lifetime": "1d",
    "smtpd_tls_security_level": "may", "smtpd_tls_auth_only": "yes",
    "smtpd_tls_cert_file": STORAGE + "/ssl/ssl_certificate.pem", "smtpd_tls_key_file": STORAGE + "/ssl/ssl_private_key.pem",
    "smtpd_tls_dh1024_param_file": STORAGE + "/ssl/dh2048.pem", "smtpd_tls_protocols": "!SSLv2,!SSLv3",
    "smtpd_tls_ciphers": "medium", "tls_medium_cipherlist": "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA",
    "smtpd_tls_exclude_ciphers": "aNULL,RC4", "tls_preempt_cipherlist": "no", "smtpd_tls_received_header": "yes",
    "smtpd_tls_mandatory_protocols": "!SSLv2,!SSLv3,!TLSv1,!TLSv1.1", "smtpd_tls_mandatory_ciphers": "high",
    "smtpd_tls_mandatory_exclude_ciphers": "aNULL,DES,3DES,MD5,DES+MD5,RC4",
    "smtpd_relay_restrictions": "permit_sasl_authenticated,permit_mynetworks,reject_unauth_destination",
    "smtp_tls_protocols": "!SSLv2,!SSLv3", "smtp_tls_ciphers": "medium", "smtp_tls_exclude_ciphers": "aNULL,RC4",
    "smtp_tls_security_level": "dane", "smtp_dns_support_level": "dnssec", "smtp_tls_loglevel": "2",
    "virtual_transport": "lmtp:[127.0.0.1]:10025", "lmtp_destination_recipient_limit": "1",
    "smtpd_sender_restrictions": "reject_non_fqdn_sender,reject_unknown_sender_domain,"
                                 "reject_authenticated_sender_login_mismatch,reject_rhsbl_sender dbl.spamhaus.org",
    "smtpd_recipient_restrictions": "permit_sasl_authenticated,permit_mynetworks,reject_rbl_client zen.spamhaus.org,"
                                    "reject_unlisted_recipient,check_policy_service inet:127.0.0.1:10023",
    "message_size_limit": "134217728", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth",
    "smtpd_sasl_auth_enable": "no", "smtpd_sender_login_maps": "sqlite:/etc/postfix/sender-login-maps.cf",
    "smtputf8_enable": "no", "virtual_mailbox_domains": "sqlite:/etc/postfix/virtual-mailbox-domains.cf",
    "virtual_mailbox_maps": "sqlite:/etc/postfix/virtual-mailbox-maps.cf",
    "virtual_alias_maps": "sqlite:/etc/postfix/virtual-alias-maps.cf", "local_recipient_maps": "$virtual_mailbox_maps",
    "smtpd_milters": "inet:127.0.0.1:8891 inet:127.0.0.1:8893", "non_smtpd_milters": "$smtpd_milters",
    "milter_default_action": "accept"}

MASTER_CF = """smtps     inet  n       -       -       -       -       smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o syslog_name=postfix/submission
  -o smtpd_milters=inet:127.0.0.1:8891
  -o cleanup_service_name=authclean
submission     inet  n       -       -       -       -       smtpd
  -o smtpd_sasl_auth_enable=yes
  -o syslog_name=postfix/submission
  -o smtpd_milters=inet:127.0.0.1:8891
  -o smtpd_tls_security_level=encrypt
  -o cleanup_service_name=authclean
authclean     unix  n       -       -       -       0       cleanup
  -o header_checks=pcre:/etc/postfix/outgoing_mail_header_filters
  -o nested_header_checks=
"""

DOVECOT = {
    "10-master.conf": {"default_process_limit": "250", "default_vsz_limit": "500M", "log_path": "/var/log/mail.log"},
    "10-mail.conf": {"mail_location": f"maildir:{STORAGE}/mail/mailboxes/%d/%n", "mail_privileged_group": "mail",
                     "first_valid_uid": "0", "mail_access_groups": "spampd"},
    "10-auth.conf": {"disable_plaintext_auth": "yes", "auth_mechanisms": "plain login"},
    "10-ssl.conf": {"ssl": "required", "ssl_cert": f"<{STORAGE}/ssl/ssl_certificate.pem",
                    "ssl_key": f"<{STORAGE}/ssl/ssl_private_key.pem", "ssl_protocols": "TLSv1.2",
                    "ssl_cipher_list": "ECDHE-RSA-AES128-GCM-SHA256", "ssl_prefer_server_ciphers": "no",
                    "ssl_dh_parameters_length": "2048"},
    "15-lda.conf": {"postmaster_address": "postmaster@" + HOST},
    "20-imap.conf": {"imap_idle_notify_interval": "4 mins"},
    "20-pop3.conf": {"pop3_uidl_format": "%08Xu%08Xv"}}

DOVECOT_FILES = {
    "15-mailboxes.conf": "namespace inbox {\n  mailbox INBOX {\n    auto = subscribe\n  }\n  mailbox Spam {\n    special_use "
                         "= \\Junk\n    auto = subscribe\n  }\n  mailbox Drafts {\n    special_use = \\Drafts\n    auto = "
                         "subscribe\n  }\n}\n",
    "99-local.conf": "service lmtp {\n  inet_listener lmtp {\n    address = 127.0.0.1\n    port = 10026\n  }\n}\n"
                     "service imap-login {\n  inet_listener imap {\n    address = 127.0.0.1\n    port = 143\n  }\n}\n"
                     "protocol imap {\n  mail_max_userip_connections = 40\n}\n",
    "99-local-auth.conf": "service auth {\n  unix_listener /var/spool/postfix/private/auth {\n    mode = 0666\n    user = "
                          "postfix\n    group = postfix\n  }\n}\n",
    "99-local-sieve.conf": f"plugin {{\n  sieve_before = /etc/dovecot/sieve-spam.sieve\n  sieve = {STORAGE}/mail/sieve/%d/"
                           f"%n.sieve\n  sieve_dir = {STORAGE}/mail/sieve/%d/%n\n}}\n",
    "99-local-spampd.conf": "plugin {\n  antispam_backend = pipe\n  antispam_pipe_program = /bin/bash\n}\n",
    "auth-sql.conf.ext": "passdb {\n  driver = sql\n  args = /etc/dovecot/dovecot-sql.conf.ext\n}\nuserdb {\n  driver = sql\n"
                         "  args = /etc/dovecot/dovecot-sql.conf.ext\n}\n"}

OPENDKIM = """Canonicalization		relaxed/simple
MinimumKeyBits          1024
ExternalIgnoreList      refile:/etc/opendkim/TrustedHosts
InternalHosts           refile:/etc/opendkim/TrustedHosts
KeyTable                refile:/etc/opendkim/KeyTable
SigningTable            refile:/etc/opendkim/SigningTable
Socket                  inet:8891@127.0.0.1
RequireSafeKeys         false
AlwaysAddARHeader       true
"""

ZONE = """$ORIGIN example.test.
$TTL 86400
@ IN SOA ns1.box.example.test. hostmaster.box.example.test. (
           {serial}     ; serial number
           7200     ; Refresh (secondary nameserver update interval)
           3600     ; Retry (when refresh fails, how often to try again, should be lower than the refresh)
           1209600  ; Expire (when refresh fails, how long secondary nameserver will keep records around anyway)
           86400    ; Negative TTL (how long negative responses are cached)
           )
\tIN\tNS\tns1.box.example.test.
\tIN\tNS\tns2.example.org.
\tIN\tA\t198.51.100.11
"""
SERIAL = 2026112307  # of the day before the tests' clock, or later than that

DAEMON = ("[Unit]\nDescription=Mail-in-a-Box System Management Service\nAfter=multi-user.target\n\n[Service]\nType=idle\n"
          "ExecStart=/usr/local/lib/mailinabox/start\n\n[Install]\nWantedBy=multi-user.target\n")

FILES = {
    "/etc/mailinabox.conf": f"STORAGE_USER=user-data\nSTORAGE_ROOT={STORAGE}\nPRIMARY_HOSTNAME={HOST}\n"
                            "PUBLIC_IP=198.51.100.11\nPUBLIC_IPV6=\nPRIVATE_IP=198.51.100.11\nPRIVATE_IPV6=\n"
                            "MTA_STS_MODE=enforce\n",
    "/etc/postfix/outgoing_mail_header_filters": "/^\\s*User-Agent:/ IGNORE\n",
    "/etc/default/postgrey": 'POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=180"\n',
    "/etc/dovecot/sieve-spam.sieve": 'require ["regex", "fileinto"];\nif header :regex "X-Spam-Status" "^Yes" { stop; }\n',
    "/etc/dovecot/sieve-spam.svbin": "compiled",
    "/etc/spamassassin/miab_spf_dmarc.cf": "header SPF_FAIL Authentication-Results =~ /x; spf=fail/\nscore SPF_FAIL 5.0\n",
    "/etc/spamassassin/pyzor/servers": "public.pyzor.org:24441\n",
    "/usr/local/bin/sa-learn-pipe.sh": "#!/bin/bash\n",
    "/etc/opendkim/TrustedHosts": "127.0.0.1\n",
    "/etc/opendkim/KeyTable": f"example.test example.test:mail:{STORAGE}/mail/dkim/mail.private\n",
    "/etc/opendkim/SigningTable": "*@example.test example.test\n",
    "/etc/nginx/conf.d/ssl.conf": f"ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;\nssl_session_timeout 1d;\n",
    "/etc/nginx/conf.d/local.conf": "upstream php-fpm {\n\tserver unix:/var/run/php/php8.0-fpm.sock;\n}\n",
    "/etc/fail2ban/jail.d/mailinabox.conf": "[DEFAULT]\nignoreip = 127.0.0.1/8\n[dovecot]\nenabled = true\nfilter = dovecotimap\n"
                                            "logpath = /var/log/mail.log\n",
    "/etc/fail2ban/filter.d/dovecotimap.conf": "[Definition]\nfailregex = <HOST>\n",
    "/etc/fail2ban/filter.d/miab-roundcube.conf": "[Definition]\nfailregex = <HOST>\n",
    "/etc/default/named": 'RESOLVCONF=no\nOPTIONS="-u bind -4"\n',
    "/etc/bind/named.conf.options": 'options {\n\tdirectory "/var/cache/bind";\n\tdnssec-validation no;\n\tlisten-on { '
                                    "127.0.0.1; };\n\tmax-recursion-queries 100;\n\tforwarders { 198.51.100.53; };\n"
                                    "\tforward only;\n};\n",
    "/etc/resolv.conf": "nameserver 127.0.0.1\n",
    "/etc/nsd/nsd.conf": 'server:\n  hide-version: yes\n  identity: ""\n  zonesdir: "/etc/nsd/zones"\n  ip-transparent: yes\n'
                         "  ip-address: 198.51.100.11\ninclude: /etc/nsd/nsd.conf.d/*.conf\n",
    "/etc/nsd/nsd.conf.d/zones.conf": "zone:\n\tname: example.test\n\tzonefile: example.test.txt\n",
    "/etc/nsd/zones/example.test.txt": ZONE.format(serial=SERIAL),
    "/etc/logrotate.d/nsd": "/var/log/nsd.log {\n  weekly\n}\n",
    "/etc/apt/apt.conf.d/02periodic": 'APT::Periodic::MaxAge "7";\nAPT::Periodic::Unattended-Upgrade "1";\n',
    "/etc/cron.d/mailinabox-nightly": "10 3 * * * root (cd /root/mailinabox && management/daily_tasks.sh)\n",
    "/etc/cron.daily/mailinabox-dnssec": "#!/bin/bash\n/root/mailinabox/tools/dns_update\n",
    "/etc/cron.daily/mailinabox-postgrey-whitelist": "#!/bin/bash\n",
    "/usr/local/bin/mailinabox": "#!/bin/bash\ncd /root/mailinabox\nsource setup/start.sh\n",
    "/usr/local/lib/mailinabox/start": "#!/bin/bash\nexec python3 -c 'import socket, time; own = socket.create_server((\"127.0.0.1\", "
                                       "10222)); time.sleep(1e6)'\n",
    "/usr/local/lib/mailinabox/vendor/assets/jquery.min.js": "//\n",
    "/lib/systemd/system/mailinabox.service": DAEMON,
    "/var/lib/mailinabox/api.key": "0123456789abcdef0123456789abcdef",
    "/var/lib/mailinabox/mta-sts.txt": "version: STSv1\r\n"}

EXECUTABLE = ("/usr/local/bin/", "/usr/local/lib/mailinabox/start", "/etc/cron.daily/")


class Machine:
    def __init__(self, root):
        self.root = root

    def write(self, name, text, append=False):
        path = self.root + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.islink(path):
            os.unlink(path)
        with open(path, "a" if append else "w", encoding="utf-8") as output:
            output.write(text)
        if name.startswith(EXECUTABLE):
            os.chmod(path, 0o755)

    def edit(self, name, settings, separator=" = "):
        """As the original's line editor does: what differs becomes a comment, the new line stands below it."""
        path = self.root + name
        with open(path, encoding="utf-8") as source:
            lines = source.read().splitlines()
        for key, value in settings.items():
            new = key + separator + value
            result, placed = [], False
            for line in lines:
                words = line.lstrip().lstrip("#").replace("=", " = ", 1).split()
                if not words or words[0] != key or (separator == " = " and words[1:2] != ["="]):
                    result.append(line)
                    continue
                result.append(line if line.lstrip().startswith("#") else "#" + line)
                if not placed:
                    result.append(line[:len(line) - len(line.lstrip())] + new)
                    placed = True
            lines = result if placed else result + [new]
        self.write(name, "\n".join(lines) + "\n")


def leave(root):
    """Writes all of it below `root`."""
    machine = Machine(root)
    for name, text in FILES.items():
        machine.write(name, text)
    machine.edit("/etc/postfix/main.cf", MAIN_CF, "=")
    machine.write("/etc/postfix/master.cf", MASTER_CF, append=True)
    for name, settings in DOVECOT.items():
        machine.edit("/etc/dovecot/conf.d/" + name, settings)
    for name, text in DOVECOT_FILES.items():
        machine.write("/etc/dovecot/conf.d/" + name, text)
    machine.edit("/etc/default/spampd", {"DESTPORT": "10026", "ADDOPTS": '"--maxsize=2000"', "LOCALONLY": "0"}, "=")
    machine.edit("/etc/spamassassin/local.cf", {"report_safe": "0", "bayes_path": STORAGE + "/mail/spamassassin/bayes",
                                                "bayes_file_mode": "0666",
                                                "pyzor_options": "--homedir /etc/spamassassin/pyzor"}, " ")
    machine.write("/etc/opendkim.conf", OPENDKIM, append=True)
    machine.edit("/etc/opendmarc.conf", {"Syslog": "true", "Socket": "inet:8893@[127.0.0.1]"}, " ")
    machine.edit("/etc/nginx/nginx.conf", {"server_names_hash_bucket_size": "128;"}, " ")
    link = "/etc/systemd/system/multi-user.target.wants/mailinabox.service"
    os.makedirs(os.path.dirname(root + link), exist_ok=True)
    os.symlink("/lib/systemd/system/mailinabox.service", root + link)
    _dovecot_is_mails(root)


def _dovecot_is_mails(root):
    """chown -R mail:dovecot, chmod -R o-rwx"""
    with open(root + "/etc/group", encoding="ascii") as groups:
        group = next(int(line.split(":")[2]) for line in groups if line.startswith("dovecot:"))
    for folder, folders, names in os.walk(root + "/etc/dovecot"):
        for path in [folder] + [os.path.join(folder, name) for name in names + folders]:
            os.chown(path, 8, group, follow_symlinks=False)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode & 0o7770)

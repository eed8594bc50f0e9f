-- Users, aliases and second factors. The tables are those of every Mail-in-a-Box, letter by letter; boxes of the
-- original open them too.

-- email: lower case, domain in ASCII. password: {SHA512-CRYPT}$6$... extra: unused. privileges: one per line, known is
-- admin. quota: bytes, or a number with M or G; 0 is unlimited.
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL, extra, privileges TEXT NOT NULL DEFAULT '', quota TEXT NOT NULL DEFAULT '0');

-- source: an address, or @domain. destination: addresses with commas, or one @domain; empty for sending only.
-- permitted_senders: logins with commas; NULL stands for the destinations.
CREATE TABLE aliases (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE, destination TEXT NOT NULL, permitted_senders TEXT);

-- type: totp. mru_token: the code used last, which does not work twice.
CREATE TABLE mfa (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, type TEXT NOT NULL, secret TEXT NOT NULL, mru_token TEXT, label TEXT, FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE);

-- Made by the box itself after every change (postmaster@ and the like).
CREATE TABLE auto_aliases (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE, destination TEXT NOT NULL, permitted_senders TEXT);

-- "Is this a domain of the box?" is asked for every recipient: by index, however many users there are. Queries must
-- use these very expressions.
CREATE INDEX users_domain ON users (substr(email, instr(email, '@') + 1));
CREATE INDEX aliases_domain ON aliases (substr(source, instr(source, '@') + 1));
CREATE INDEX auto_aliases_domain ON auto_aliases (substr(source, instr(source, '@') + 1));

-- Users, aliases and second factors. The tables are those of every Mail-in-a-Box; boxes of the original open them too.

CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL UNIQUE,              -- lower case, domain in ASCII
  password TEXT NOT NULL,                  -- {SHA512-CRYPT}$6$...
  extra,                                   -- unused
  privileges TEXT NOT NULL DEFAULT '',     -- one per line; known: admin
  quota TEXT NOT NULL DEFAULT '0'          -- bytes, or a number with G or M; 0: unlimited
);

CREATE TABLE aliases (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL UNIQUE,             -- an address, or @domain
  destination TEXT NOT NULL,               -- addresses with commas, or one @domain; empty: sending only
  permitted_senders TEXT                   -- logins with commas; NULL: the destinations
);

CREATE TABLE mfa (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL,
  type TEXT NOT NULL,                      -- totp
  secret TEXT NOT NULL,
  mru_token TEXT,                          -- the code used last, which does not work twice
  label TEXT,
  FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

-- Made by the box itself after every change (postmaster@ and the like).
CREATE TABLE auto_aliases (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL UNIQUE,
  destination TEXT NOT NULL,
  permitted_senders TEXT
);

-- "Is this a domain of the box?" is asked for every recipient: by index, however many users there are. Queries must
-- use these very expressions.
CREATE INDEX users_domain ON users (substr(email, instr(email, '@') + 1));
CREATE INDEX aliases_domain ON aliases (substr(source, instr(source, '@') + 1));
CREATE INDEX auto_aliases_domain ON auto_aliases (substr(source, instr(source, '@') + 1));

#!/bin/bash
# Installs the package on this machine, a throw-away container without systemd, and sets the machine up with it:
#
#   tests/package/try.sh PACKAGE.deb
#
# Continuous integration runs it in a container of each supported distribution (.github/workflows/ci.yml), and
# tests/package/test_container.py in containers of Debian 11 and 12. Exits 0 where the machine then is a mail server on which a
# second run changes nothing.
set -euo pipefail

package=${1:?usage: tests/package/try.sh PACKAGE.deb}
export DEBIAN_FRONTEND=noninteractive NONINTERACTIVE=1
export PRIMARY_HOSTNAME=box.example.test EMAIL_ADDR=me@example.test EMAIL_PW="seven blue bicycles"

step() { printf '== %s\n' "$*"; }
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# answers PORT WORDS: whether the service there says these first. `answers PORT` only asks for a connection.
answers() {
  local line=""
  exec {connection}<>"/dev/tcp/127.0.0.1/$1" || return 1
  if (($# > 1)); then read -r -t 10 line <&"$connection" || true; fi
  exec {connection}>&-
  [[ $line == "${2:-}"* ]] || {
    printf 'port %s says "%s"\n' "$1" "$line" >&2
    return 1
  }
}

step "install $(basename "$package")"
apt-get -q update
apt-get -q -y --no-install-recommends install "$(realpath "$package")"

step "the program's own test"
mailinabox --version --verbose
mailinabox selftest
mailinabox recipes lint

step "set up"
mailinabox setup || fail "mailinabox setup ended with exit code $?"

step "a second run would change nothing"
mailinabox plan --diff || fail "mailinabox plan ended with exit code $?"

step "services answer"
answers 25 "220 box.example.test" || fail "no SMTP server"
for port in 80 443 465 587 993 995; do answers "$port" || fail "nothing listens on port $port"; done
mailinabox user list | grep -qx 'me@example.test\*' || fail "the first user is not there"
step "passed"

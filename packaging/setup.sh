#!/bin/bash
# Makes a fresh machine a mail server, or updates one to the newest version:
#
#   curl -s https://ADDRESS/setup.sh | sudo -E bash
#   curl -s https://ADDRESS/setup.sh | sudo bash -s -- [--version VERSION] [NAME=VALUE...] [options of mailinabox setup]
#
# It checks the machine, fetches the package and its signed SHA-256, verifies both, installs the package and runs
# `mailinabox setup`. Nothing is run or installed before it has been verified with the key below.
#
# Variables, which may also be given as NAME=VALUE after `bash -s --`:
#   MAILINABOX_VERSION   install this version rather than the newest
#   MAILINABOX_BASE      fetch from this address: https:, or file: for a folder on this machine
#   NONINTERACTIVE, PRIMARY_HOSTNAME, STORAGE_ROOT, EMAIL_ADDR ...: those of mailinabox setup, see mailinabox(8)
#
# Exit codes: those of `mailinabox setup` when it got that far; before that
#   1   the package cannot be trusted, or cannot be installed
#   3   not this machine: not root, another distribution or architecture, too little memory
#   6   the package cannot be fetched
#   64  the command line is wrong
#
# In the source the words between @ are placeholders that packaging/release.sh replaces.
set -euo pipefail

# Everything is a function, called on the last line: a script from a pipe may be cut off anywhere.
main() {
  readonly k_failed=1 k_unsuitable=3 k_no_network=6 k_usage=64
  readonly k_base="@BASE@"
  readonly k_platforms="@PLATFORMS@"         # as ID-VERSION_ID of /etc/os-release
  readonly k_architectures="@ARCHITECTURES@" # as dpkg names them
  readonly k_least_memory_kb=490000          # machines sold as "512 MB" show a little less
  readonly k_keyring="@KEYRING@"             # OpenPGP public keys, base64

  local setup_arguments=()
  understand "$@"
  [[ $k_base != @* ]] || stop $k_usage "This is the template of setup.sh; packaging/release.sh makes the script itself."
  check_machine
  readonly base=${MAILINABOX_BASE:-$k_base}
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM
  chmod 755 "$work" # apt reads the package as a user of its own
  find_package
  if [[ $(dpkg-query -W -f '${db:Status-Status} ${Version}' mailinabox 2>/dev/null || true) == "installed $version" ]]; then
    say "mailinabox $version is installed already"
  else
    fetch_package
    install_package
  fi
  rm -rf "$work"
  run_setup
}

say() { printf 'setup: %s\n' "$*" >&2; }

# stop CODE MESSAGE
stop() {
  local code=$1
  shift
  say "$*"
  exit "$code"
}

understand() {
  while (($#)); do
    case $1 in
      --version)
        (($# >= 2)) || stop $k_usage "--version needs a version, such as 0.1.0."
        MAILINABOX_VERSION=$2
        shift
        ;;
      --version=*) MAILINABOX_VERSION=${1#*=} ;;
      -*) setup_arguments+=("$1") ;;
      *=*)
        [[ ${1%%=*} =~ ^[A-Z_]+$ ]] || stop $k_usage "\"${1%%=*}\" is not the name of a variable."
        export "${1?}"
        ;;
      *) setup_arguments+=("$1") ;; # the value of an option of setup
    esac
    shift
  done
}

# "debian-12 ubuntu-22.04" as people write it.
readable() {
  local name list=""
  for name in "$@"; do
    name=${name^}
    list+="${list:+, }${name/-/ }"
  done
  printf '%s' "$list"
}

# Exits if the machine is unsuitable; changes nothing.
check_machine() {
  local platform=unknown name=unknown architecture=unknown memory
  ((EUID == 0)) || stop $k_unsuitable "This must be run as root: curl -s ... | sudo -E bash"
  if [[ -r /etc/os-release ]]; then
    # shellcheck disable=SC1091 # the machine's file
    platform=$(. /etc/os-release && printf '%s-%s' "${ID:-unknown}" "${VERSION_ID:-}")
    # shellcheck disable=SC1091
    name=$(. /etc/os-release && printf '%s' "${PRETTY_NAME:-${NAME:-unknown} ${VERSION_ID:-}}")
  fi
  # shellcheck disable=SC2086 # a list of names
  [[ " $k_platforms " == *" $platform "* ]] || stop $k_unsuitable \
    "This machine runs $name. mailinabox supports $(readable $k_platforms). Nothing was changed."
  architecture=$(dpkg --print-architecture 2>/dev/null) || true
  [[ " $k_architectures " == *" $architecture "* ]] || stop $k_unsuitable \
    "This machine's architecture is ${architecture:-unknown}. mailinabox supports ${k_architectures// /, }. Nothing was changed."
  memory=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
  ((memory >= k_least_memory_kb)) || stop $k_unsuitable \
    "This machine has $((memory / 1000)) MB of memory; at least 512 MB are needed, better 1 GB. Nothing was changed."
}

# fetch NAME FILE: fetches from the base address. An incomplete transfer is an error, never a shorter file.
fetch() {
  local words=$work/words
  case $base in
    file:*)
      local folder=${base#file:}
      folder=/${folder#"${folder%%[!/]*}"} # file:/x, file:///x
      cp -- "$folder/$1" "$2" 2>"$words" && return 0
      ;;
    https:* | http:*) # http too: everything is verified by its signature
      if command -v curl >/dev/null; then
        curl -fsSL --retry 3 --connect-timeout 30 --speed-limit 100 --speed-time 60 -o "$2" "$base/$1" 2>"$words" && return 0
      elif command -v wget >/dev/null; then
        wget -nv --tries=3 --timeout=60 -O "$2" "$base/$1" 2>"$words" && return 0
      else
        stop $k_no_network "Neither curl nor wget is installed: apt-get install curl, then run this again. Nothing was installed."
      fi
      ;;
    *) stop $k_usage "MAILINABOX_BASE is \"$base\"; it must begin with https: or file:." ;;
  esac
  tail -n 5 "$words" >&2
  stop $k_no_network "$base/$1 cannot be fetched. Nothing was installed. Check the network and the address."
}

# Whether the list has a valid signature by one of our keys that has not expired. By the program that the machine's own apt uses:
# Debian 13 has sqv, older releases have gpgv.
signature_is_ours() {
  if command -v gpgv >/dev/null; then
    gpgv --keyring "$work/keyring.gpg" --status-fd 3 "$work/SHA256SUMS.sig" "$work/SHA256SUMS" 3>"$work/status" &&
      grep -q '^\[GNUPG:\] GOODSIG ' "$work/status"
  else
    sqv --keyring="$work/keyring.gpg" --signature-file="$work/SHA256SUMS.sig" "$work/SHA256SUMS"
  fi
}

# Sets version, package and digest from the signed list.
find_package() {
  local architecture file candidate="" list=""
  command -v gpgv >/dev/null || command -v sqv >/dev/null || stop $k_failed \
    "What verifies the package, gpgv or sqv, is missing: apt-get install gpgv, then run this again."
  fetch SHA256SUMS "$work/SHA256SUMS"
  fetch SHA256SUMS.sig "$work/SHA256SUMS.sig"
  base64 -d <<<"$k_keyring" >"$work/keyring.gpg"
  if ! signature_is_ours >"$work/words" 2>&1; then
    cat "$work/words" >&2
    stop $k_failed "$base/SHA256SUMS has no valid signature by mailinabox's makers. Nothing was installed."
  fi
  architecture=$(dpkg --print-architecture)
  version=""
  while read -r candidate_digest file; do
    [[ $file =~ ^mailinabox_([0-9][A-Za-z0-9.+~]*)_${architecture}\.deb$ ]] || continue
    candidate=${BASH_REMATCH[1]}
    list+=" $candidate"
    if [[ -n ${MAILINABOX_VERSION:-} ]]; then
      [[ $candidate == "$MAILINABOX_VERSION" ]] || continue
    elif [[ -n $version ]] && ! dpkg --compare-versions "$candidate" gt "$version"; then
      continue
    fi
    version=$candidate package=$file digest=$candidate_digest
  done <"$work/SHA256SUMS"
  [[ -n $version ]] ||
    stop $k_no_network "There is no mailinabox ${MAILINABOX_VERSION:-} for $architecture at $base. Available:${list:- none}."
  refuse_step_back
}

# A replayed list with a good signature must not bring back old faults. A version that was named is wanted.
refuse_step_back() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Version}' mailinabox 2>/dev/null) || return 0
  [[ $installed == "installed "* && -z ${MAILINABOX_VERSION:-} ]] || return 0
  dpkg --compare-versions "${installed#* }" le "$version" ||
    stop $k_failed "mailinabox ${installed#* } is installed, $base has only $version. To go back to it: --version $version"
}

fetch_package() {
  local found
  say "fetching mailinabox $version"
  fetch "$package" "$work/$package"
  found=$(sha256sum "$work/$package" | cut -d ' ' -f 1)
  [[ $found == "$digest" ]] || stop $k_failed \
    "$base/$package is not what its makers signed (SHA-256 $found instead of $digest). Nothing was installed." \
    "The file was damaged during the transfer, or changed: try again, and report it if it happens again."
}

install_package() {
  local apt=(apt-get -q -y -o DPkg::Lock::Timeout=600 --no-install-recommends --allow-downgrades install "$work/$package")
  export DEBIAN_FRONTEND=${DEBIAN_FRONTEND:-noninteractive}
  say "installing mailinabox $version"
  "${apt[@]}" </dev/null >"$work/log" 2>&1 && return 0
  # A new machine may have no package lists yet.
  apt-get -q -o DPkg::Lock::Timeout=600 update </dev/null >>"$work/log" 2>&1 || true
  "${apt[@]}" </dev/null >>"$work/log" 2>&1 && return 0
  tail -n 20 "$work/log" >&2
  stop $k_failed "The package cannot be installed. See apt's output above."
}

# Standard input may be the pipe with this script: the questions need the terminal.
run_setup() {
  local input=/dev/null
  if (: </dev/tty) 2>/dev/null; then input=/dev/tty; fi
  say "running mailinabox setup"
  exec /usr/sbin/mailinabox setup ${setup_arguments[@]+"${setup_arguments[@]}"} <"$input"
}

main "$@"

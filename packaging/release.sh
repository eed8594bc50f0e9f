#!/bin/bash
# Publishes packages for setup.sh in a folder that any web server can serve as it is.
#
#   packaging/release.sh --key KEY [--also-trust KEY]... --base ADDRESS DIRECTORY PACKAGE.deb...
#
# DIRECTORY gets the packages, SHA256SUMS with its detached OpenPGP signature SHA256SUMS.sig, and the setup.sh that trusts
# KEY and fetches from ADDRESS. Packages of earlier releases stay; their SHA256SUMS in DIRECTORY must have a good signature
# by one of the given keys. KEY names a secret key in gpg's home directory ($GNUPGHOME), by its fingerprint or as gpg
# accepts it. --also-trust names another public key that setup.sh accepts: the next one, before its first use.
#
# Needs gnupg, gpgv and dpkg. The secret key never leaves gpg.
set -euo pipefail
umask 022

say() { printf 'release: %s\n' "$*" >&2; }
usage() {
  sed -n '4p' "${BASH_SOURCE[0]}" | sed 's/^# */usage: /' >&2
  exit 64
}

source_directory=$(cd "$(dirname "$0")/.." && pwd)
key="" base="" trusted=()
while (($#)); do
  case $1 in
    --key) key=${2:?} trusted=("${2:?}" ${trusted[@]+"${trusted[@]}"}) && shift ;;
    --also-trust) trusted+=("${2:?}") && shift ;;
    --base) base=${2:?} && shift ;;
    -*) usage ;;
    *) break ;;
  esac
  shift
done
if [[ -z $key || -z $base ]] || (($# < 2)); then usage; fi
directory=$1
shift
mkdir -p "$directory"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gpg --batch --export --export-options export-minimal "${trusted[@]}" >"$work/keyring.gpg"
[[ -s $work/keyring.gpg ]] || { say "gpg has no public key \"$key\""; exit 1; }
: >"$work/sums"
if [[ -e $directory/SHA256SUMS ]]; then
  gpgv --keyring "$work/keyring.gpg" "$directory/SHA256SUMS.sig" "$directory/SHA256SUMS" 2>"$work/words" || {
    cat "$work/words" >&2
    say "the list in $directory has no good signature by these keys; nothing was changed"
    exit 1
  }
  cp "$directory/SHA256SUMS" "$work/sums"
fi

for package in "$@"; do
  # shellcheck disable=SC2016 # dpkg-deb's own variables
  name=$(dpkg-deb -W --showformat '${Package}_${Version}_${Architecture}.deb' "$package")
  [[ $name == mailinabox_* ]] || { say "$package is not a package of mailinabox: $name"; exit 1; }
  digest=$(sha256sum <"$package" | cut -d ' ' -f 1)
  known=$(awk -v name="$name" '$2 == name { print $1 }' "$work/sums")
  if [[ -n $known && $known != "$digest" ]]; then
    say "$name was released before with different content; a release never changes: give it a new version"
    exit 1
  fi
  [[ -n $known ]] || printf '%s  %s\n' "$digest" "$name" >>"$work/sums"
  cp "$package" "$directory/.$name.new"
  chmod 644 "$directory/.$name.new"
  mv "$directory/.$name.new" "$directory/$name"
done
sort -k 2 -V "$work/sums" >"$work/SHA256SUMS"
gpg --batch --yes --local-user "$key" --digest-algo SHA512 --output "$work/SHA256SUMS.sig" --detach-sign "$work/SHA256SUMS"

platforms=$(find "$source_directory/recipes/platforms" -name '*.yaml' -printf '%f\n' | sed 's/\.yaml$//' | sort -V | paste -s -d ' ')
architectures=$(sed 's/.*_\([^_]*\)\.deb$/\1/' "$work/SHA256SUMS" | sort -u | paste -s -d ' ')
sed -e "s|@BASE@|$base|" -e "s|@PLATFORMS@|$platforms|" -e "s|@ARCHITECTURES@|$architectures|" \
  -e "s|@KEYRING@|$(base64 -w 0 "$work/keyring.gpg")|" -e '/^# In the source the words between @/d' \
  "$source_directory/packaging/setup.sh" >"$work/setup.sh"
chmod 755 "$work/setup.sh"
# The list last: by then all files in it exist.
for name in setup.sh SHA256SUMS.sig SHA256SUMS; do cp "$work/$name" "$directory/$name"; done
say "$directory is ready for $base: $(wc -l <"$work/SHA256SUMS") package(s)"

#!/bin/bash
# Makes the Debian package of mailinabox: one file that every supported distribution installs.
#
#   packaging/build-deb.sh [DIRECTORY]     mailinabox_VERSION_ARCHITECTURE.deb goes into DIRECTORY (default: build/package)
#
# Needs Debian 12 and the packages in k_packages below; as root it installs what is missing. The same commit gives the
# same bytes, wherever it is built and by whom, with the same versions of Debian's libraries.
#
# Variables: BUILD_DIRECTORY (default: build/portable), JOBS (compilers at a time), SOURCE_DATE_EPOCH (default: that of the
# commit).
set -euo pipefail
export LC_ALL=C.UTF-8 TZ=UTC
umask 022

readonly k_packages="g++ cmake ninja-build dpkg-dev python3 libyaml-cpp-dev libfmt-dev libcli11-dev libcurl4-openssl-dev
  libssl-dev libsqlite3-dev nlohmann-json3-dev libkainjow-mustache-dev libcrypt-dev libidn2-dev libldns-dev libunistring-dev zlib1g-dev"

source_directory=$(cd "$(dirname "$0")/.." && pwd)
output=${1:-$source_directory/build/package}
build=${BUILD_DIRECTORY:-$source_directory/build/portable}
mkdir -p "$output" "$build"
output=$(cd "$output" && pwd)
build=$(cd "$build" && pwd)
cd "$source_directory"

say() { printf 'build-deb: %s\n' "$*" >&2; }

install_missing() {
  local package missing=()
  for package in $k_packages; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  if ((EUID != 0)); then
    say "missing Debian packages: ${missing[*]}; install them, or run this as root"
    return 1
  fi
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq -o DPkg::Lock::Timeout=300 update
  apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}" >&2
}

compile() {
  local launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  packaging/static-curl.sh "$build/curl"
  # Of -O3 the program gains nothing; it mostly waits for the disk.
  cmake -G Ninja -S . -B "$build" -DPORTABLE=ON -DCURL_STATIC_PREFIX="$build/curl" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DCMAKE_UNITY_BUILD=ON -DBUILD_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr \
    -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 "${launcher[@]}" >"$build/log"
  if ! cmake --build "$build" ${JOBS:+--parallel "$JOBS"} >>"$build/log" 2>&1; then
    tail -n 40 "$build/log" >&2
    return 1
  fi
}

# Compressed without the time and name that gzip would add.
compressed() { gzip -9 -n >"$1"; }

collect_files() {
  local file documents=$root/usr/share/doc/mailinabox
  install -D -m 755 "$build/mailinabox" "$root/usr/sbin/mailinabox"
  strip --remove-section=.comment --remove-section=.note "$root/usr/sbin/mailinabox"
  while IFS= read -r file; do
    if [[ -x $file ]]; then mode=755; else mode=644; fi
    install -D -m "$mode" "$file" "$root/usr/share/mailinabox/$file"
  done < <(find recipes templates -type f | sort)
  install -D -m 644 packaging/completion/mailinabox "$root/usr/share/bash-completion/completions/mailinabox"
  install -d "$root/usr/share/man/man8" "$root/usr/share/man/man5" "$documents"
  compressed "$root/usr/share/man/man8/mailinabox.8.gz" <packaging/mailinabox.8
  compressed "$root/usr/share/man/man5/mailinabox-recipe.5.gz" <"$build/mailinabox-recipe.5"
  compressed "$documents/changelog.gz" <packaging/debian/changelog
  compressed "$documents/README.md.gz" <README.md
  install -m 644 LICENSE "$documents/LICENSE"
  install -m 644 "$build/libraries.cdx.json" "$documents/libraries.cdx.json"
  fill packaging/debian/copyright.in "$documents/copyright"
  install -D -m 644 packaging/debian/lintian-overrides "$root/usr/share/lintian/overrides/mailinabox"
}

# fill TEMPLATE FILE: with what differs from build to build.
fill() {
  /usr/bin/python3 - "$1" "$build/libraries.cdx.json" "$version" "$architecture" \
    "$(du -k -s --apparent-size "$root" | cut -f 1)" >"$2" <<'PYTHON'
import json, re, sys
template, libraries, version, architecture, size = sys.argv[1:]
components = json.load(open(libraries, encoding="utf-8"))["components"]
inside = [c for c in components if c["properties"][0]["value"] != "shared"]
sources = {}
for component in inside:
    source, debian_version = re.fullmatch(r"pkg:deb/debian/([^@]+)@([^?]+)\?arch=source", component["purl"]).groups()
    sources[source] = debian_version.replace("%2B", "+").replace("%3A", ":")
text = open(template, encoding="utf-8").read()
for name, value in {
        "VERSION": version, "ARCHITECTURE": architecture, "SIZE": size,
        "BUILT_USING": ", ".join(f"{name} (= {number})" for name, number in sorted(sources.items())),
        "LIBRARIES": "\n".join(f"  {c['name']}: {c['licenses'][0]['expression']}" for c in inside)}.items():
    text = text.replace(f"@{name}@", value)
print(text, end="")
PYTHON
}

make_package() {
  local script
  install -d "$root/DEBIAN"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  fill packaging/debian/control.in "$root/DEBIAN/control"
  chmod 644 "$root/DEBIAN/md5sums" "$root/DEBIAN/control"
  for script in postinst postrm; do install -m 755 "packaging/debian/$script" "$root/DEBIAN/$script"; done
  # Times of files are those of the commit: dpkg-deb takes none that is later.
  find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$root" "$output/$name" >&2
}

install_missing
if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) ||
    SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l packaging/debian/changelog -S Timestamp)
fi
export SOURCE_DATE_EPOCH
version=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
[[ $version == "$(sed -n 's/^project(mailinabox VERSION \([^ ]*\).*/\1/p' CMakeLists.txt)" ]] || {
  say "packaging/debian/changelog begins with $version, CMakeLists.txt has another version"
  exit 1
}
architecture=$(dpkg --print-architecture)
name=mailinabox_${version}_$architecture.deb
root=$build/root
say "building $name"
compile
"$build/mailinabox" selftest >/dev/null
rm -rf "$root"
collect_files
make_package
printf '%s\n' "$output/$name"

#!/bin/bash
# Builds the Debian package of mailinabox: one file for all supported distributions.
#
#   packaging/build-deb.sh [--architecture ARCHITECTURE] [DIRECTORY]
#
# mailinabox_VERSION_ARCHITECTURE.deb goes into DIRECTORY (default: build/package). It is built on Debian 12 only, whose
# libraries go into it, with the packages listed below; as root this installs those that are missing. For another architecture
# (arm64 has been tried) these include Debian's cross compiler, the libraries of that architecture, and QEMU, which runs the
# program's self-test.
#
# The build is reproducible: the same commit and the same versions of Debian's libraries give the same bytes.
#
# Variables: BUILD_DIRECTORY (default: build/portable; for another architecture build/portable-ARCHITECTURE), JOBS
# (compilers at a time), SOURCE_DATE_EPOCH (default: the time of the commit).
set -euo pipefail
export LC_ALL=C.UTF-8 TZ=UTC
umask 022

readonly k_tools="cmake ninja-build dpkg-dev python3 libcli11-dev nlohmann-json3-dev"
readonly k_libraries="libc6-dev libboost-dev libyaml-cpp-dev libfmt-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev libcrypt-dev
  libidn2-dev libldns-dev liboath-dev libqrcodegencpp-dev libunistring-dev zlib1g-dev"

architecture=$(dpkg --print-architecture)
foreign=""
if [[ ${1:-} == --architecture ]]; then
  [[ $architecture == "${2:?--architecture needs a name, such as arm64}" ]] || foreign=$2
  architecture=$2
  shift 2
fi
source_directory=$(cd "$(dirname "$0")/.." && pwd)
output=${1:-$source_directory/build/package}
build=${BUILD_DIRECTORY:-$source_directory/build/portable${foreign:+-$foreign}}
mkdir -p "$output" "$build"
output=$(cd "$output" && pwd)
build=$(cd "$build" && pwd)
cd "$source_directory"

say() { printf 'build-deb: %s\n' "$*" >&2; }

check_machine() {
  local distribution
  # shellcheck disable=SC1091 # the machine's file
  distribution=$(. /etc/os-release && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-without a version}")
  [[ $distribution == "debian 12" ]] || {
    say "this machine runs $distribution. The package for all systems is built on Debian 12: run this there, or in a container"
    exit 1
  }
}

# packages_needed: prints them, with ":ARCHITECTURE" for libraries of another one.
packages_needed() {
  local package
  # shellcheck disable=SC2086 # lists of names
  printf '%s\n' $k_tools
  if [[ -z $foreign ]]; then
    # shellcheck disable=SC2086
    printf '%s\n' g++ $k_libraries
  else
    for package in $k_libraries; do printf '%s:%s\n' "$package" "$foreign"; done
    printf '%s\n' "g++-${triplet//_/-}" qemu-user-static
  fi
}

install_missing() {
  local missing=()
  # shellcheck disable=SC2046 # a list of names
  mapfile -t missing < <(packaging/missing-packages.sh $(packages_needed))
  if ((${#missing[@]} == 0)); then return; fi
  if ((EUID != 0)); then
    say "missing Debian packages: ${missing[*]}; install them, or run this as root"
    return 1
  fi
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if [[ -n $foreign ]]; then dpkg --add-architecture "$foreign"; fi
  apt-get -qq -o DPkg::Lock::Timeout=300 update
  apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}" >&2
}

# The cross compiler brings its own C library, which gets no security updates: libc6-dev takes precedence.
choose_compiler() {
  local libraries=/usr/lib/$triplet
  if [[ -z $foreign ]]; then return; fi
  export CC=$triplet-gcc CMAKE_TOOLCHAIN_FILE=$build/toolchain.cmake
  cat >"$CMAKE_TOOLCHAIN_FILE" <<TOOLCHAIN
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${triplet%%-*})
set(CMAKE_C_COMPILER $triplet-gcc)
set(CMAKE_CXX_COMPILER $triplet-g++)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-B$libraries -L$libraries")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${triplet%%-*}-static)
TOOLCHAIN
}

compile() {
  packaging/static-curl.sh "$build/curl"
  cmake -G Ninja -S . -B "$build" -DPORTABLE=ON -DCURL_STATIC_PREFIX="$build/curl" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_UNITY_BUILD=ON -DBUILD_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr >"$build/log"
  if ! cmake --build "$build" ${JOBS:+--parallel "$JOBS"} >>"$build/log" 2>&1; then
    tail -n 40 "$build/log" >&2
    return 1
  fi
}

# Under QEMU the program cannot start itself as a child.
try_program() {
  if [[ -z $foreign ]]; then
    "$build/mailinabox" selftest >/dev/null
  else
    "qemu-${triplet%%-*}-static" "$build/mailinabox" selftest >"$build/selftest" 2>&1 || true
    grep -q '^IDNA  *encoded' "$build/selftest" && ! grep -v '^child process' "$build/selftest" | grep 'FAILED$'
  fi
}

# Without the time and name that gzip would add.
compressed() { gzip -9 -n >"$1"; }

collect_files() {
  local file documents=$root/usr/share/doc/mailinabox
  install -D -m 755 "$build/mailinabox" "$root/usr/sbin/mailinabox"
  "${foreign:+$triplet-}strip" --remove-section=.comment --remove-section=.note "$root/usr/sbin/mailinabox"
  while IFS= read -r file; do
    if [[ -x $file ]]; then mode=755; else mode=644; fi
    install -D -m "$mode" "$file" "$root/usr/share/mailinabox/$file"
  done < <(find recipes templates -type f | sort)
  install -D -m 644 packaging/completion/mailinabox "$root/usr/share/bash-completion/completions/mailinabox"
  install -d "$root/usr/share/man/man8" "$root/usr/share/man/man5" "$documents"
  compressed "$root/usr/share/man/man8/mailinabox.8.gz" <"$build/mailinabox.8"
  compressed "$root/usr/share/man/man5/mailinabox-recipe.5.gz" <"$build/mailinabox-recipe.5"
  compressed "$documents/changelog.gz" <packaging/debian/changelog
  compressed "$documents/README.md.gz" <README.md
  install -m 644 LICENSE "$documents/LICENSE"
  install -m 644 "$build/libraries.cdx.json" "$documents/libraries.cdx.json"
  fill packaging/debian/copyright.in "$documents/copyright"
  install -D -m 644 packaging/debian/lintian-overrides "$root/usr/share/lintian/overrides/mailinabox"
}

# fill TEMPLATE FILE: fills in what differs between builds.
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
  for script in postinst prerm postrm; do install -m 755 "packaging/debian/$script" "$root/DEBIAN/$script"; done
  # All files get the time of the commit: dpkg-deb only lowers later ones.
  find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$root" "$output/$name" >&2
}

check_machine
triplet=""
if [[ -n $foreign ]]; then
  triplet=$(dpkg-architecture "-a$foreign" -qDEB_HOST_GNU_TYPE 2>/dev/null) || {
    say "unknown architecture \"$foreign\", or dpkg-architecture is missing: apt-get install dpkg-dev"
    exit 1
  }
fi
install_missing
choose_compiler
if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) ||
    SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l packaging/debian/changelog -S Timestamp)
fi
export SOURCE_DATE_EPOCH
version=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
[[ $version == "$(sed -n 's/^project(mailinabox VERSION \([^ ]*\).*/\1/p' CMakeLists.txt)" ]] || {
  say "packaging/debian/changelog has version $version, CMakeLists.txt another one; expected the same"
  exit 1
}
name=mailinabox_${version}_$architecture.deb
root=$build/root
say "building $name"
compile
try_program
rm -rf "$root"
collect_files
make_package
printf '%s\n' "$output/$name"

#!/bin/sh
# From a clone of this repository to a running box: installs what the build needs, builds, installs under /usr and runs
# `mailinabox setup` with the arguments given here. It can be run again at any time and skips what is done.
#
#   sudo packaging/bootstrap.sh                       asks what it needs to know
#   sudo NONINTERACTIVE=1 packaging/bootstrap.sh      asks nothing; answers come from variables (mailinabox setup --help)
#
# Variables of its own: BUILD_DIRECTORY (default: build-release in the clone), JOBS (compilers at a time).
#
# Exit codes: those of `mailinabox setup` when it got that far; before that
#   3   not root, or not a supported distribution
#   5   not enough space for the build
#   6   the packages for the build cannot be fetched or installed
#   70  the build failed
#   71  the installation under /usr failed
set -eu

readonly k_unsuitable=3 k_no_space=5 k_no_packages=6 k_build_failed=70 k_install_failed=71
# The Debian packages of what CMakeLists.txt looks for.
readonly k_build_packages="g++ cmake ninja-build libboost-dev libyaml-cpp-dev libfmt-dev libcli11-dev
  libcurl4-openssl-dev libssl-dev libsqlite3-dev nlohmann-json3-dev libcrypt-dev libidn2-dev libldns-dev
  liboath-dev libqrcodegencpp-dev"

say() { printf 'bootstrap: %s\n' "$*" >&2; }

# stop CODE MESSAGE: exits with a message.
stop() {
  code=$1
  shift
  say "$*"
  exit "$code"
}

# quietly WHAT COMMAND...: runs a command and shows its output only if it fails.
quietly() {
  what=$1
  shift
  say "$what ..."
  if "$@" >"$log" 2>&1; then return 0; fi
  tail -n 40 "$log" >&2
  return 1
}

check_machine() {
  [ "$(id -u)" -eq 0 ] || stop $k_unsuitable "This must be run as root: sudo $0"
  distribution=unknown
  if [ -r /etc/os-release ]; then
    # shellcheck disable=SC1091 # the machine's file; Debian testing has no VERSION_ID
    distribution=$(. /etc/os-release && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-without a version}")
  fi
  case $distribution in
    "debian 12" | "debian 13") ;;
    *) stop $k_unsuitable "This machine runs $distribution. mailinabox can be built on Debian 12 and Debian 13; its Debian" \
      "package runs on other systems, too (README.md). Nothing was changed." ;;
  esac
}

check_space() {
  for directory in "$source_directory" /var /usr; do
    free=$(df -Pk "$directory" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge 1000 ] ||
      stop $k_no_space "The file system of $directory has $free MB free; 1000 MB are needed for the build and the box."
  done
}

# Tries without refreshing the package lists first: they are often fresh, and the network may be slow.
install_build_packages() {
  # shellcheck disable=SC2086 # a list of names
  missing=$("$source_directory/packaging/missing-packages.sh" $k_build_packages | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  set -- apt-get -y -o DPkg::Lock::Timeout=600 --no-install-recommends install
  # shellcheck disable=SC2086 # a list of names
  quietly_or_not "installing what the build needs: $missing" "$@" $missing && return 0
  quietly "refreshing the package lists" apt-get -o DPkg::Lock::Timeout=600 update ||
    stop $k_no_packages "The package lists cannot be refreshed. Check the network and /etc/apt/sources.list."
  # shellcheck disable=SC2086
  quietly "installing what the build needs" "$@" $missing ||
    stop $k_no_packages "The packages for the build cannot be installed. See apt's output above."
}

# Like quietly, but without showing a failure: there is a second try.
quietly_or_not() {
  say "$1 ..."
  shift
  "$@" >"$log" 2>&1
}

build() {
  # A unity build is three times faster, and nobody edits these sources.
  quietly "preparing the build" cmake -S "$source_directory" -B "$build_directory" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_UNITY_BUILD=ON -DBUILD_TESTS=OFF ||
    stop $k_build_failed "The build cannot be prepared. See CMake's output above."
  quietly "building (some minutes the first time)" cmake --build "$build_directory" --parallel "$(jobs_at_once)" ||
    stop $k_build_failed "The build failed. See the compiler's output above."
  quietly "installing under /usr" cmake --install "$build_directory" ||
    stop $k_install_failed "mailinabox cannot be installed under /usr. See CMake's output above."
}

# The program's services go on with the version before until they start again. Without systemd setup starts what does not run.
leave_version_before() {
  for name in mailinabox-tls-reports mailinabox-web mailinabox; do
    if [ -d /run/systemd/system ]; then
      process=$(systemctl show --property=MainPID "$name.service" | cut -d = -f 2)
      if runs_version_before "$process"; then systemctl restart "$name.service" || true; fi
    fi
  done
  for name in mailinabox-tls-reports mailinabox-web mailinabox-helper; do
    process=$(cat "/run/$name.pid" 2>/dev/null || true)
    if runs_version_before "$process"; then
      start-stop-daemon --stop --quiet --oknodo --retry 10 --pid "$process" || true
    fi
  done
}

runs_version_before() {
  [ "${1:-0}" != 0 ] && [ "$(readlink "/proc/$1/exe")" = "/usr/sbin/mailinabox (deleted)" ]
}

# One compiler needs up to 750 MB: small machines run fewer than they have processors.
jobs_at_once() {
  if [ -n "${JOBS:-}" ]; then
    printf '%s' "$JOBS"
    return 0
  fi
  processors=$(nproc)
  by_memory=$(awk '/^MemAvailable:/ { print int($2 / 750000) }' /proc/meminfo)
  [ "$by_memory" -ge 1 ] || by_memory=1
  if [ "$by_memory" -lt "$processors" ]; then printf '%s' "$by_memory"; else printf '%s' "$processors"; fi
}

source_directory=$(cd "$(dirname "$0")/.." && pwd)
build_directory=${BUILD_DIRECTORY:-$source_directory/build-release}
check_machine
check_space
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM
install_build_packages
build
leave_version_before
rm -f "$log"
say "running mailinabox setup"
exec /usr/sbin/mailinabox setup "$@"

#!/bin/bash
# Installs what building and testing need from Debian, builds, and runs the tests.
#
#   tests/run.sh            everything but the benchmark, with fewer kill points
#   tests/run.sh unit       unit, cases and golden tests (no root needed once the packages are there)
#   tests/run.sh box [...]  box tests; further arguments go to pytest
#   tests/run.sh fault [...]  every kill point, 50 random kills, refusals, full disks; arguments go to pytest
#   tests/run.sh package [...]  builds the Debian package and tests it; arguments go to pytest
#   tests/run.sh sanitize   the unit tests under the address and undefined-behaviour sanitizers
#   tests/run.sh fuzz [S]   each fuzz target for S seconds (60); "fixed": a minute of the same inputs each time
#   tests/run.sh bench      the benchmark (its own peers are installed, too)
#
# Exits 0 where all passed. What long steps say is kept in build/logs and shown where they fail.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
export LC_ALL=C.UTF-8
exec </dev/null

readonly python=/usr/bin/python3 # Debian's, for Debian's pytest: the first in PATH may be another one
readonly build=build/tests logs=build/logs
# What the build needs stands in one place.
mapfile -t build_packages < <(sed -n '/^readonly k_build_packages="/,/"$/p' packaging/bootstrap.sh |
  sed 's/.*="//; s/"$//' | tr -s ' ' '\n' | grep .)
readonly build_packages test_packages=(catch2 python3-jsonschema python3-yaml ldnsutils)
readonly box_packages=(python3 python3-pytest python3-dkim python3-dnspython python3-pexpect mmdebstrap
  systemd-container iproute2 procps util-linux mount openssl git perl)
readonly package_packages=(lintian gnupg gpgv file binutils groff-base ninja-build)
readonly sanitizer_packages=(clang libclang-rt-14-dev)
readonly bench_packages=(libsystemd-dev)

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

# run NAME COMMAND...: its output goes to a file, which is shown when it fails.
run() {
  local name=$1 start=$SECONDS
  shift
  if "$@" >"$logs/$name.log" 2>&1; then
    say "$name: done in $((SECONDS - start)) s"
  else
    local code=$?
    tail -n 200 "$logs/$name.log"
    say "$name: FAILED (exit code $code); above is the end of $logs/$name.log"
    return "$code"
  fi
}

install_packages() {
  local missing=()
  mapfile -t missing < <(packaging/missing-packages.sh "$@")
  if ((${#missing[@]} == 0)); then return; fi
  if ((EUID != 0)); then
    say "missing Debian packages: ${missing[*]}; install them, or run this as root"
    return 1
  fi
  say "installing ${#missing[@]} packages from Debian"
  export DEBIAN_FRONTEND=noninteractive
  run apt-update apt-get -o DPkg::Lock::Timeout=300 update || return
  run apt-install apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"
}

compile() {
  local launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  run configure cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DWARNINGS_AS_ERRORS=ON \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8 "${launcher[@]}" || return
  run "build-$1" ninja -C "$build" "${@:2}"
}

unit() {
  compile tests all || return
  ctest --test-dir "$build" --output-on-failure -j "$(nproc)" --no-tests=error >"$logs/ctest.log" 2>&1 || {
    grep -v '  Passed  ' "$logs/ctest.log" || true
    return 1
  }
  tail -n 4 "$logs/ctest.log"
}

box() {
  if ((EUID != 0)); then
    say "box tests start containers: run them as root"
    return 1
  fi
  compile program mailinabox || return
  MAILINABOX_BUILD="$PWD/$build" "$python" -m pytest -p no:cacheprovider tests/box "$@"
}

fault() {
  if ((EUID != 0)); then
    say "fault tests start containers: run them as root"
    return 1
  fi
  compile program mailinabox mailinabox_faults || return
  MAILINABOX_BUILD="$PWD/$build" "$python" -m pytest -p no:cacheprovider tests/fault "$@"
}

package() {
  if ((EUID != 0)); then
    say "package tests start containers: run them as root"
    return 1
  fi
  run build-deb packaging/build-deb.sh || return
  "$python" -m pytest -p no:cacheprovider tests/package "$@"
}

# One tree for the unit tests and the fuzz targets: clang compiles it under the sanitizers in a third of GCC's time.
compile_sanitized() {
  run configure-sanitize cmake -G Ninja -S . -B build/sanitize -DSANITIZE=ON -DCMAKE_CXX_COMPILER=clang++ \
    -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -gline-tables-only" -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8 || return
  run build-sanitize ninja -C build/sanitize "$@"
}

sanitize() {
  compile_sanitized unit_tests || return
  build/sanitize/tests/unit_tests
}

# What each target gets through in about a minute, on one processor.
declare -rA fuzz_inputs=([recipe]=60000 [settings]=700000 [template]=600000 [address]=2000000 [dns]=40000 [dns_message]=400000)

# fuzz SECONDS: with inputs that nobody has tried. fuzz fixed: a minute's inputs, the same each time, so that it fails for
# what has changed and not by chance. Two targets run at a time; what libFuzzer says goes to files, what it found is shown.
fuzz() {
  local seconds=${1:-60} target failed=0 found=build/sanitize/found limits
  compile_sanitized fuzz_recipe fuzz_settings fuzz_template fuzz_address fuzz_dns fuzz_dns_message || return
  if [[ $seconds == fixed ]]; then
    found=build/sanitize/found-fixed
    rm -rf "$found" # its inputs would be tried first
  fi
  for target in "${!fuzz_inputs[@]}"; do
    mkdir -p "$found/$target"
    limits=("-max_total_time=$seconds")
    if [[ $seconds == fixed ]]; then limits=("-runs=${fuzz_inputs[$target]}" -seed=1); fi
    while (($(jobs -rp | wc -l) >= 2)); do wait -n || failed=1; done
    "build/sanitize/tests/fuzz/fuzz_$target" "${limits[@]}" -timeout=10 -artifact_prefix="$found/" \
      "$found/$target" "tests/fuzz/corpus/$target" >"$logs/fuzz-$target.log" 2>&1 &
  done
  while (($(jobs -rp | wc -l) > 0)); do wait -n || failed=1; done
  for target in "${!fuzz_inputs[@]}"; do
    say "fuzz $target: $(grep -E '^Done|SUMMARY|deadly' "$logs/fuzz-$target.log" | tail -n 1)"
    if ! grep -q '^Done' "$logs/fuzz-$target.log"; then
      failed=1
      tail -n 60 "$logs/fuzz-$target.log"
    fi
  done
  return "$failed"
}

bench() {
  compile program all || return
  run build-deb packaging/build-deb.sh || return
  "$python" tests/bench/run.py --build "$build" --portable build/portable/root/usr/sbin/mailinabox "$@"
}

main() {
  local what=${1:-all} failed=0
  if (($#)); then shift; fi
  mkdir -p "$logs" || return
  case $what in
    unit) install_packages "${build_packages[@]}" "${test_packages[@]}" && unit ;;
    box) install_packages "${build_packages[@]}" "${test_packages[@]}" "${box_packages[@]}" && box "$@" ;;
    fault) install_packages "${build_packages[@]}" "${test_packages[@]}" "${box_packages[@]}" && fault "$@" ;;
    package)
      install_packages "${build_packages[@]}" "${box_packages[@]}" "${package_packages[@]}" && package "$@" ;;
    sanitize) install_packages "${build_packages[@]}" "${test_packages[@]}" "${sanitizer_packages[@]}" && sanitize ;;
    fuzz) install_packages "${build_packages[@]}" "${test_packages[@]}" "${sanitizer_packages[@]}" && fuzz "$@" ;;
    bench) install_packages "${build_packages[@]}" "${test_packages[@]}" "${box_packages[@]}" "${bench_packages[@]}" && bench "$@" ;;
    all)
      install_packages "${build_packages[@]}" "${test_packages[@]}" "${box_packages[@]}" "${package_packages[@]}" \
        "${sanitizer_packages[@]}" || return
      unit || failed=1
      box "$@" || failed=1
      fault --reuse --every 7 --random-kills 8 -rA --show-capture=no || failed=1 # the set-up box of the box tests
      package || failed=1
      sanitize || failed=1
      fuzz fixed || failed=1
      say "all tests: $([[ $failed == 0 ]] && echo passed || echo FAILED), $((SECONDS / 60)) min $((SECONDS % 60)) s"
      return "$failed"
      ;;
    *)
      sed -n '4,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
      return 64
      ;;
  esac
}

main "$@"

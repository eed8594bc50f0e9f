#!/bin/bash
# Installs what building and testing need from Debian, builds, and runs the tests.
#
#   tests/run.sh            everything but the benchmark, side by side, with fewer kill points: other ones in each
#                           commit; what is compiled for the sanitizers, in a container with Debian 13 and its clang
#   tests/run.sh unit       unit, cases and golden tests (no root needed once the packages are there)
#   tests/run.sh box [...]  box tests; further arguments go to pytest
#   tests/run.sh fault [...]  every kill point, 50 random kills, refusals, full disks; arguments go to pytest
#   tests/run.sh package [...]  builds the Debian package and tests it; arguments go to pytest
#   tests/run.sh sanitize   the unit tests under the address and undefined-behaviour sanitizers
#   tests/run.sh threads    what runs in several threads, and the management service's tests, under the thread sanitizer
#   tests/run.sh fuzz [S]   each fuzz target for S seconds (60); "fixed": the same inputs each time, half a minute or one
#   tests/run.sh bench      the benchmark (its own peers are installed, too)
#
# Exits 0 where all passed. What long steps say is kept in build/logs and shown where they fail. Each part says how long it
# took, and whether that is longer than it may: a table below has the budgets.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
export LC_ALL=C.UTF-8
exec </dev/null

readonly python=/usr/bin/python3 # Debian's, for Debian's pytest: the first in PATH may be another one
# INSIDE: set by this script for itself where it runs in a container (on_debian_13); what it makes there has its own folders.
readonly build=build/tests logs=build/logs${INSIDE:+/$INSIDE} sanitized=build/sanitize${INSIDE:+-$INSIDE}
readonly in_box=(mailinabox mailinabox_faults manual) # what box and fault tests take from there
# What the build needs stands in one place.
mapfile -t build_packages < <(sed -n '/^readonly k_build_packages="/,/"$/p' packaging/bootstrap.sh |
  sed 's/.*="//; s/"$//' | tr -s ' ' '\n' | grep .)
readonly build_packages test_packages=(catch2 ccache python3-jsonschema python3-yaml ldnsutils unzip procps)
readonly box_packages=(python3 python3-pytest python3-dkim python3-dnspython python3-pexpect mmdebstrap
  systemd-container iproute2 procps util-linux mount openssl git perl strace testssl.sh)
readonly package_packages=(lintian gnupg gpgv file binutils groff-base ninja-build)
readonly sanitizer_packages=(clang libclang-rt-dev)
readonly bench_packages=(libsystemd-dev)

# What a part may take, in seconds, on two processors that the other parts use at the same time. To take longer fails nothing,
# but is said, so that what a change costs is seen in the change.
declare -rA budgets=([program]=180 [unit]=600 [box12]=900 [box13]=1500 [fault]=540 [deb]=120 [package]=1260 [root]=210 [sanitize]=1260
  [fuzz]=420 [threads]=420 [box]=1980 [all]=2820)

# What is compiled for the tests and for the package's first build differs in nothing that an object shows: one compiles, the
# other finds it here, whatever its tree's path. A fresh clone begins with nothing.
# Warnings are errors in all of them.
export CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache} CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content CCACHE_SLOPPINESS=locale \
  CMAKE_CXX_COMPILER_LAUNCHER=ccache CXXFLAGS=-Werror

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

# minutes SECONDS: as people say it.
minutes() {
  if (($1 >= 60)); then printf '%s min ' $(($1 / 60)); fi
  printf '%s s' $(($1 % 60))
}

# processor_seconds VARIABLE: becomes what this shell's commands that have ended took of the processors (proc(5)).
processor_seconds() {
  local figures
  read -ra figures </proc/"$BASHPID"/stat
  printf -v "$1" '%d' $(((figures[15] + figures[16]) / $(getconf CLK_TCK)))
}

# part NAME COMMAND...: says afterwards how long it took, and how much of that a processor was at work.
part() {
  local name=$1 start=$SECONDS code=0 took before after
  shift
  if [[ -n ${INSIDE:-} ]]; then "$@"; return; fi # the part is the one outside
  processor_seconds before
  "$@" || code=$?
  took=$((SECONDS - start))
  processor_seconds after
  {
    say "$name: $([[ $code == 0 ]] && echo passed || echo FAILED), $(minutes "$took") of $(minutes "${budgets[$name]}")," \
      "$(minutes $((after - before))) of a processor"
    if ((took > budgets[$name])); then
      say "$name: OVER ITS BUDGET by $(minutes $((took - budgets[$name])))"
    fi
  } | tee -a "$logs/times"
  return "$code"
}

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

configure() {
  run configure cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON
}

# compile NAME TARGET...
compile() { run "build-$1" ninja -C "$build" "${@:2}"; }

unit() {
  compile tests all || return
  ctest --test-dir "$build" --output-on-failure -j "$(nproc)" --no-tests=error >"$logs/ctest.log" 2>&1 || {
    grep -v '  Passed  ' "$logs/ctest.log" || true
    return 1
  }
  tail -n 4 "$logs/ctest.log"
}

# The unit tests where nothing is installed but what the lists above name and what the program is linked to: what the lists leave
# out, machines of developers have.
in_smallest_root() {
  if [[ -n ${processes[unit]:-} ]]; then tail -f /dev/null --pid="${processes[unit]}"; fi # compiles them
  run smallest-root "$python" tests/box/lab.py run --container --packages "${test_packages[*]}" \
    --tests "$PWD/$build/tests/unit_tests" -- "$PWD/$build/tests/unit_tests"
}

# in_boxes FOLDER [...]: its tests, which start containers; further arguments go to pytest.
in_boxes() {
  if ((EUID != 0)); then
    say "tests in boxes start containers: run them as root"
    return 1
  fi
  MAILINABOX_BUILD="$PWD/$build" "$python" -m pytest -p no:cacheprovider "tests/$1" "${@:2}"
}

deb() { run build-deb packaging/build-deb.sh; }

# Boxes with another release than this machine's have the package's program.
boxes_13() {
  tail -f /dev/null --pid="${processes[deb]}"
  in_boxes box --release=trixie "$@"
}

# Of the kill points every ninth is tried, and kills at a few instants: other ones in each commit, so that all get their turn. A
# shallow clone does not know how many commits there are.
sampled_faults() {
  local number=0
  if [[ $(git rev-parse --is-shallow-repository 2>/dev/null) == false ]]; then
    number=$(git rev-list --count HEAD)
  else
    number=$((16#$(git rev-parse --short=7 HEAD 2>/dev/null || echo 0)))
  fi
  in_boxes fault --reuse --every 9 --turn "$number" --random-kills 6 -rA --show-capture=no
}

# compile_sanitized KIND TREE TARGET...: KIND is CMake's SANITIZE. Clang compiles under the sanitizers in a third of GCC's time, and a
# layer at a time (60 files) in two thirds of that. One tree has the unit tests and the fuzz targets.
compile_sanitized() {
  local kind=$1 tree=$2
  shift 2
  run "configure-sanitize-$kind" cmake -G Ninja -S . -B "$tree" "-DSANITIZE=$kind" -DCMAKE_CXX_COMPILER=clang++ \
    -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -gline-tables-only" -DCMAKE_UNITY_BUILD=ON \
    -DCMAKE_UNITY_BUILD_BATCH_SIZE=60 || return
  run "build-sanitize-$kind" ninja -C "$tree" "$@"
}

sanitize() {
  compile_sanitized ON "$sanitized" unit_tests || return
  # Tests that fork thousands of processes have one of their own: a fork takes long where the sanitizer remembers much.
  "$sanitized/tests/unit_tests" "~[daemon]" && "$sanitized/tests/unit_tests" "[daemon]"
}

threads() {
  compile_sanitized thread "$sanitized-threads" unit_tests || return
  # All but the one that forks several thousand processes, each of which costs most here.
  "$sanitized-threads/tests/unit_tests" "~A front that lies: about every message"
}

# What each target gets through in about half a minute on one processor, and those of the management service, which strangers
# reach, in a minute.
declare -rA fuzz_inputs=([recipe]=9000 [settings]=160000 [template]=240000 [address]=130000 [dns]=9000 [dns_message]=180000
  [pem_bundle]=9000 [web_custom]=9000 [json]=600000 [messages]=130000 [http]=95000)

# fuzz SECONDS: with inputs that nobody has tried. fuzz fixed: those inputs, the same each time, so that it fails for
# what has changed and not by chance. Two targets run at a time; what libFuzzer says goes to files, what it found is shown.
fuzz() {
  local seconds=${1:-60} target failed=0 found=$sanitized/found options targets=("${!fuzz_inputs[@]}")
  compile_sanitized ON "$sanitized" "${targets[@]/#/fuzz_}" || return
  if [[ $seconds == fixed ]]; then
    found=$sanitized/found-fixed
    rm -rf "$found" # its inputs would be tried first
  fi
  for target in "${targets[@]}"; do
    mkdir -p "$found/$target"
    options=("-max_total_time=$seconds")
    if [[ $seconds == fixed ]]; then options=("-runs=${fuzz_inputs[$target]}" -seed=1); fi
    if [[ -f tests/fuzz/$target.dict ]]; then options+=("-dict=tests/fuzz/$target.dict"); fi
    while (($(jobs -rp | wc -l) >= 2)); do wait -n || failed=1; done
    "$sanitized/tests/fuzz/fuzz_$target" "${options[@]}" -timeout=10 -artifact_prefix="$found/" \
      "$found/$target" "tests/fuzz/corpus/$target" >"$logs/fuzz-$target.log" 2>&1 &
  done
  while (($(jobs -rp | wc -l) > 0)); do wait -n || failed=1; done
  for target in "${targets[@]}"; do
    say "fuzz $target: $(grep -E '^Done|SUMMARY|deadly' "$logs/fuzz-$target.log" | tail -n 1)"
    if ! grep -q '^Done' "$logs/fuzz-$target.log"; then
      failed=1
      tail -n 60 "$logs/fuzz-$target.log"
    fi
  done
  return "$failed"
}

# on_debian_13 WHAT [...]: tests/run.sh WHAT in a container with Debian 13: so its compiler and libraries, and version 3 of Catch2, are
# tried as well, and nothing is compiled twice for that.
on_debian_13() {
  "$python" tests/box/lab.py run --release trixie --container --repository --env INSIDE=debian-13 \
    --packages "${build_packages[*]} ${test_packages[*]} ${sanitizer_packages[*]}" -- "$PWD/tests/run.sh" "$@"
}

bench() {
  configure && compile program all || return
  deb || return
  "$python" tests/bench/run.py --build "$build" --portable build/portable/root/usr/sbin/mailinabox \
    --package "$(find build/package -name '*.deb' -print -quit)" "$@"
}

# begin NAME AFTER COMMAND...: a part in the background, as soon as the part AFTER ("": none) has ended. It is a process group
# of its own, so that Ctrl-C reaches its tests, which then remove their boxes.
declare -A processes=()
begin() {
  local name=$1 after=$2
  shift 2
  : >"$logs/part-$name.log"
  set -m
  {
    if [[ -n $after ]]; then tail -f /dev/null --pid="${processes[$after]}"; fi
    part "$name" "$@"
  } >"$logs/part-$name.log" 2>&1 &
  processes[$name]=$!
  set +m
}

# Compilers give way to boxes, which mostly wait.
giving_way() {
  renice -n 10 "$BASHPID" >/dev/null
  "$@"
}

# finish NAME: shows what a part says, from its beginning until it has ended.
finish() {
  tail -n +1 -f --pid="${processes[$1]}" "$logs/part-$1.log" &
  processes[shown]=$!
  wait "${processes[shown]}"
  wait "${processes[$1]}"
}

end_parts() {
  local process
  trap - INT TERM
  for process in "${processes[@]}"; do kill -INT -- "-$process" || kill "$process"; done 2>/dev/null
  wait
  exit 130
}

# Three rows of parts side by side: on two processors they take about as long as what they compute. What they say is shown one after
# the other. The boxes' programs are made first and stay as they are: what is made beside them is nothing that they have.
everything() {
  local name failed=0 names=(unit deb box12 box13 fault package root sanitize fuzz threads)
  configure || return
  part program compile program "${in_box[@]}" || return
  trap end_parts INT TERM
  begin deb "" deb
  begin box12 "" in_boxes box --release=bookworm "$@"
  begin box13 box12 boxes_13 "$@"
  begin package deb in_boxes package
  begin fault package sampled_faults
  begin unit "" giving_way unit
  begin root package in_smallest_root
  begin sanitize unit giving_way on_debian_13 sanitize
  begin fuzz sanitize giving_way on_debian_13 fuzz fixed
  begin threads fuzz giving_way on_debian_13 threads
  for name in "${names[@]}"; do finish "$name" || failed=1; done
  trap - INT TERM
  cat "$logs/times"
  return "$failed"
}

main() {
  local what=${1:-all}
  if (($#)); then shift; fi
  mkdir -p "$logs" && : >"$logs/times" || return
  case $what in
    unit)
      install_packages "${build_packages[@]}" "${test_packages[@]}" && configure && part unit unit ;;
    box)
      install_packages "${build_packages[@]}" "${test_packages[@]}" "${box_packages[@]}" && configure &&
        compile program "${in_box[@]}" && deb && part box in_boxes box "$@" ;;
    fault)
      install_packages "${build_packages[@]}" "${test_packages[@]}" "${box_packages[@]}" && configure &&
        compile program "${in_box[@]}" && part fault in_boxes fault "$@" ;;
    package)
      install_packages "${build_packages[@]}" "${test_packages[@]}" "${box_packages[@]}" "${package_packages[@]}" &&
        deb && part package in_boxes package "$@" ;;
    sanitize)
      install_packages "${build_packages[@]}" "${test_packages[@]}" "${sanitizer_packages[@]}" && part sanitize sanitize ;;
    threads)
      install_packages "${build_packages[@]}" "${test_packages[@]}" "${sanitizer_packages[@]}" && part threads threads ;;
    fuzz)
      install_packages "${build_packages[@]}" "${test_packages[@]}" "${sanitizer_packages[@]}" && part fuzz fuzz "$@" ;;
    bench)
      install_packages "${build_packages[@]}" "${test_packages[@]}" "${box_packages[@]}" "${bench_packages[@]}" && bench "$@" ;;
    all)
      install_packages "${build_packages[@]}" "${test_packages[@]}" "${box_packages[@]}" "${package_packages[@]}" &&
        part all everything "$@" ;;
    *)
      sed -n '4,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
      return 64
      ;;
  esac
}

main "$@"

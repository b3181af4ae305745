# Sourced by the other scripts: where things are, and what has to be installed once.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUN="$ROOT/node_modules/@oven/bun-linux-x64/bin/bun"
export LC_ALL=C

say() { printf '== %s\n' "$*" >&2; }

# takes_nothing "$@": for a script that has no arguments. --help prints what stands at its top; another argument is
# refused, since whoever gave it expects something of it.
takes_nothing() {
  [ $# -eq 0 ] && return
  case $1 in
    -h | --help)
      sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
  esac
  say "$(basename "$0") takes no arguments, and was given: $*"
  exit 2
}

# Bun leaves a pipe that it wrote to as one that does not wait (O_NONBLOCK is the pipe's, not the process's), and
# what writes there next loses what the reader has no room for: "write error: Resource temporarily unavailable".
outputs_wait() {
  perl -MFcntl -e 'for (\*STDOUT, \*STDERR) { my $is = fcntl($_, F_GETFL, 0); fcntl($_, F_SETFL, $is & ~O_NONBLOCK) if $is }'
}

# program FILE ARGUMENT...: one of this project's own, which Bun runs as it is.
program() {
  local status=0
  "$BUN" "$@" || status=$?
  outputs_wait
  return "$status"
}

# persist COMMAND...: what is fetched is asked for three times, for a registry that does not answer for a moment.
persist() {
  local wait
  for wait in 5 20; do
    "$@" && return
    say "once more in $wait s: $*"
    sleep "$wait"
  done
  "$@"
}

# apt_get ARGUMENT...: apt-get, one at a time, since it does not wait for another suite's that runs beside this one.
apt_get() {
  mkdir -p "$ROOT/dist"
  flock "$ROOT/dist/.apt-lock" apt-get "$@"
}

# need_packages COMMAND=PACKAGE...: installs the Debian packages whose commands are missing.
need_packages() {
  local missing=() pair
  for pair in "$@"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing Debian packages, once: ${missing[*]}"
  persist apt_get update -qq >&2
  DEBIAN_FRONTEND=noninteractive persist apt_get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# A browser without a screen, for the tests of the agent's page.
need_chromium() { need_packages chromium-headless-shell=chromium-headless-shell; }

# The npm packages of the lock file, and what is generated from the configuration's schema.
need_modules() {
  local stamp="$ROOT/node_modules/.fairway-installed"
  if ! cmp -s "$ROOT/package-lock.json" "$stamp"; then
    say "installing npm packages, once: those of package-lock.json, into node_modules"
    (cd "$ROOT" && persist npm ci --no-audit --no-fund --loglevel=error >&2)
    cp "$ROOT/package-lock.json" "$stamp"
  fi
  (cd "$ROOT" && program scripts/generate.ts >&2)
}

need_root() {
  [ "$(id -u)" -eq 0 ] && return
  echo "run this as root: it makes network namespaces" >&2
  exit 1
}

# cnitool is the reference runtime's own; only Go can build it. Sets HAS_GO.
need_cnitool() {
  HAS_GO=false
  if ! command -v go >/dev/null; then
    say "there is no Go here: the tests that need it are skipped"
    return
  fi
  HAS_GO=true
  [ ! -x "$ROOT/dist/test-tools/cnitool" ] || return 0
  say "building cnitool v1.3.0 with go, once, into dist/test-tools"
  (cd /tmp && GOBIN="$ROOT/dist/test-tools" persist go install github.com/containernetworking/cni/cnitool@v1.3.0 >&2)
}

# Helm renders the chart, and only Go can build it. Sets HELM, to nothing where there is no Go. What is built is kept
# outside of the checkout.
HELM_VERSION=v4.3.2
need_helm() {
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/fairway/helm-$HELM_VERSION"
  HELM="$folder/helm"
  [ ! -x "$HELM" ] || return 0
  if ! command -v go >/dev/null; then
    HELM=""
    say "there is no Go here, and no Helm: what renders the chart is skipped"
    return
  fi
  say "building Helm $HELM_VERSION with go, once, into $folder"
  mkdir -p "$folder"
  (cd /tmp && GOBIN="$folder" persist go install "helm.sh/helm/v4/cmd/helm@$HELM_VERSION" >&2)
}

# need_debian FILE PACKAGE...: unpacks Debian packages into dist/test-tools/debian unless FILE is there.
# Nothing is installed: what they start on a machine is not started.
need_debian() {
  local file=$1 scratch tools="$ROOT/dist/test-tools"
  shift
  [ ! -e "$tools/debian/$file" ] || return 0
  say "fetching Debian's $*, once, into dist/test-tools/debian"
  mkdir -p "$tools/debian"
  scratch=$(mktemp -d "$tools/fetch.XXXXXX")
  (
    cd "$scratch"
    apt_get download -q "$@" >&2 \
      || { persist apt_get update -qq >&2 && persist apt_get download -q "$@" >&2; }
    for package in *.deb; do dpkg-deb -x "$package" tree; done
    cp -a tree/. "$tools/debian"
  ) || say "they cannot be had here"
  rm -rf "$scratch"
}

# need_qemu PROCESSOR: Debian's qemu-user for it, which runs single programs. The package has forty processors, of which
# tests want two.
need_qemu() {
  local folder="$ROOT/dist/test-tools/debian/usr/bin"
  need_debian "usr/bin/qemu-$1-static" qemu-user-static
  find "$folder" -name 'qemu-*-static' ! -name qemu-aarch64-static ! -name qemu-x86_64-static -delete 2>/dev/null || true
}

# need_runtime PACKAGE: sets RUNTIME to Bun's runtime for another host, which npm brings, once. It has the version
# of the Bun that builds, since what that makes of the code beforehand (--bytecode) fits no other.
need_runtime() {
  local package=$1 version archive scratch
  version=$(sed -n 's/.*"@oven\/bun-linux-x64": "\(.*\)".*/\1/p' "$ROOT/package.json")
  RUNTIME="$ROOT/dist/runtimes/$package-$version"
  [ ! -x "$RUNTIME" ] || return 0
  archive=oven-$package-$version.tgz
  say "fetching Bun's runtime $package $version, once, into dist/runtimes: 50 MB"
  mkdir -p "$ROOT/dist/runtimes"
  scratch=$(mktemp -d "$ROOT/dist/runtimes/fetch.XXXXXX")
  if ! (
    cd "$scratch" \
      && persist npm pack --silent --ignore-scripts "@oven/$package@$version" >&2 \
      && grep " $archive\$" "$ROOT/scripts/runtimes.sha512" | sha512sum --check --quiet >&2 \
      && tar -xzf "$archive" package/bin/bun
  ); then
    rm -rf "$scratch"
    echo "@oven/$package $version cannot be had, or is not the one of scripts/runtimes.sha512" >&2
    exit 1
  fi
  mv "$scratch/package/bin/bun" "$RUNTIME"
  rm -rf "$scratch"
}

# bundle OPTION...: with what all bundles have in common.
bundle() { program build --minify --format=esm "$@" >&2; }

# compile ENTRY OUTFILE TARGET [OPTION...]: one executable that needs no runtime. With RUNTIME it has that one in it.
# Neither a .env nor a bunfig.toml of the folder that a runtime calls us in may reach into the plugin.
compile() {
  local entry=$1 outfile=$2 target=$3
  shift 3
  bundle --compile --bytecode --target="$target" \
    ${RUNTIME:+"--compile-executable-path=$RUNTIME"} \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig "$@" "$entry" --outfile "$outfile.new"
  # A running plugin keeps its old file.
  mv "$outfile.new" "$outfile"
}

# compile_fairway OUTFILE TARGET [OPTION...]: a verb's modules are made one first, since each that is loaded
# costs its own time; what they share is in each of them.
compile_fairway() {
  local outfile=$1 target=$2
  shift 2
  rm -rf "$ROOT/dist/entries"
  bundle --target=bun --outdir "$ROOT/dist/entries" "$@" "$ROOT"/src/cni/entries/*.ts
  compile "$ROOT/bin/fairway.ts" "$outfile" "$target" --splitting --conditions=built "$@"
}

# The programs of scripts/bench-start: nothing, and the plugin's own modules up to a stage.
build_stages() {
  local name
  mkdir -p "$ROOT/dist/bench-start"
  for name in empty stages; do
    compile "$ROOT/test/bench/start/$name.ts" "$ROOT/dist/bench-start/$name" bun-linux-x64
  done
}

# What is on the machine outside of the tests' own namespaces.
snapshot() {
  ip netns list | sed 's/^/namespace /'
  ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/device \1/'
  tc qdisc show | sed 's/^/qdisc /; s/ refcnt [0-9]*//'
  nft list tables | sed 's/^/nftables /'
  sysctl -n net.ipv4.ip_forward | sed 's/^/ip_forward /'
  find /tmp /var/lib/fairway /var/lib/cni -maxdepth 1 -name 'fairway*' -o -path '/var/lib/cni/*' 2>/dev/null | sed 's/^/file /'
  find /sys/fs/cgroup -maxdepth 2 -name 'fw*' | sed 's/^/control group /'
  pgrep -f "$ROOT/dist/" | sed 's/^/process /' || true
}

# What is there and was not before: $1 holds what was. What is on its way out (a process that was
# ended, a namespace that the kernel has still to take down) has ten seconds to go.
left_behind() {
  local left tries
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    left=$(comm -13 <(sort <<<"$1") <(snapshot | sort))
    [ -n "$left" ] || return 0
    [ "$tries" -eq 10 ] || sleep 1
  done
  printf '%s\n' "$left"
}

# Of a log of tests: those that failed, each with the last that it said, and what came to grief outside of a test
# (a file that cannot be loaded, an error that nobody waits for, a runner that died).
failures_of() {
  awk '/^[^ ]*\.(test|e2e|cluster)\.ts:$/ { file = $0 }
    /^# Unhandled error/ { print "(fail) " file " an error outside of its tests"; rules = 2; n = 0; next }
    rules > 0 { print; if ($0 ~ /^-+$/) rules--; next }
    /^\(fail\)|^✗ / { for (i = (n > 25 ? n - 25 : 0); i < n; i++) print said[i]; print; n = 0; next }
    /^\((pass|skip)\)/ { n = 0; next } { said[n++] = $0 }' "$1"
}

# run_group NAME WORKERS FILE...: adds to $passed, $failed and $skipped what came of these tests.
# So many files as WORKERS says run beside each other; none: all in one process.
run_group() {
  local name=$1 status total bad left_out log="$results/$1.log" report="$results/$1.xml"
  run_files "$@"
  if [ ! -s "$report" ]; then
    # The runner itself came to grief, which is no test's verdict: all of them once more, and it is told.
    tail -n 25 "$log" >"$results/unsteady"
    say "the runner ended with status $status and wrote no report; once more, after it had said:"
    cat "$results/unsteady" >&2
    run_files "$@"
  fi
  outputs_wait
  if [ "${SHOW_PASSED:-false}" = true ]; then cat "$log"; else grep -v '^(pass)' "$log" || true; fi
  cat "$log" >>"$results/log"
  if [ ! -s "$report" ]; then
    echo "(fail) $name: the runner ended with status $status and wrote no report" | tee -a "$results/log"
    failed=$((failed + 1))
    return 0
  fi
  shift 2
  count() { sed -n "s/.*<testsuites[^>]* $1=\"\([0-9]*\)\".*/\1/p; T; q" "$report"; }
  total=$(count tests) bad=$(count failures) left_out=$(count skipped)
  passed=$((passed + total - bad - left_out)) skipped=$((skipped + left_out))
  bad=$((bad + $(errored_files "$name" | wc -l)))
  [ $# -lt 12 ] || { say "the slowest files"; slowest_files "$report"; }
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
    { tail -n 25 "$log"; echo "(fail) $name: the runner ended with status $status, though no test failed"; } >>"$results/log"
    bad=1
  fi
  failed=$((failed + bad))
}

# run_files NAME WORKERS FILE...: one run of them, into $log and $report; sets $status.
# Of tests that say that they may, three run beside each other in one process: those that wait most of the time.
run_files() {
  local name=$1 workers=()
  [ -z "$2" ] || workers=(--parallel="$2")
  shift 2
  status=0
  rm -f "$report"
  "$BUN" test --timeout 60000 --max-concurrency=3 "${workers[@]}" \
    --reporter=junit --reporter-outfile="$report" "$@" >"$log" 2>&1 || status=$?
}

# Of a report of tests: the files that took longest, in seconds, with what they waited for each other.
slowest_files() {
  sed -n 's/^  <testsuite [^>]*file="\([^"]*\)".* time="\([0-9]*\)[^"]*".*/\2 s \1/p' "$1" | sort -rn | awk 'NR <= 12'
}

# Of a group: "FILE TOTAL FAILED SKIPPED" for each file with a failed test.
failed_files() {
  sed -n 's/^  <testsuite [^>]*file="\([^"]*\)" tests="\([0-9]*\)".* failures="\([1-9][0-9]*\)" skipped="\([0-9]*\)".*/\1 \2 \3 \4/p' "$results/$1.xml"
}

# Of a group: the same of files without one that had an error outside of their tests, which the report does not tell.
errored_files() {
  local report="$results/$1.xml" file counts total bad left_out
  awk '/^[^ ]*\.(test|e2e|cluster)\.ts:$/ { file = $0 } /^# Unhandled error/ { sub(/^\.\//, "", file); sub(/:$/, "", file); print file }' \
    "$results/$1.log" | sort -u | while read -r file; do
    counts=$(sed -n 's|^  <testsuite [^>]*file="'"$file"'" tests="\([0-9]*\)".* failures="\([0-9]*\)" skipped="\([0-9]*\)".*|\1 \2 \3|p' "$report")
    read -r total bad left_out <<<"${counts:-0 0 0}"
    [ "$bad" -gt 0 ] || echo "$file $((total + 1)) 1 $left_out"
  done
}

# again_alone NAME: up to three files of that group that failed run once more, alone. What passes then counts
# as passed, and is told as unsteady with how it had failed: it is a defect, though not of this change. More
# files than that are no accident.
again_alone() {
  local name=$1 files=() file total bad left_out before
  [ "$({ failed_files "$name"; errored_files "$name"; } | wc -l)" -le 3 ] || return 0
  while read -r file total bad left_out; do
    files+=("./$file")
    passed=$((passed - total + bad + left_out)) failed=$((failed - bad)) skipped=$((skipped - left_out))
  done < <(failed_files "$name"; errored_files "$name")
  [ ${#files[@]} -gt 0 ] || return 0
  say "once more, alone: ${files[*]}"
  failures_of "$results/log" >"$results/unsteady"
  # What is told at the end is what the second try says.
  grep '^(skip)' "$results/log" >"$results/skips" || true
  mv "$results/skips" "$results/log"
  before=$failed
  run_group "$name-again" "" "${files[@]}"
  [ "$failed" -gt "$before" ] || { echo "unsteady, failed beside others and passed alone:"; cat "$results/unsteady"; }
}

# run_tests FILE...: runs them, looks at what they left behind, prints the line that counts.
# With SHOW_PASSED=true the tests that passed are named as well. With TEST_WORKERS=N, N files run beside
# each other; those of TEST_ALONE come after the others, one by one.
run_tests() {
  local before left passed=0 failed=0 skipped=0 excused=0
  results=$(mktemp -d)
  trap 'rm -rf "$results"' EXIT
  before=$(snapshot)

  say "tests"
  run_group tests "${TEST_WORKERS:-}" "$@"
  [ -z "${TEST_WORKERS:-}" ] || again_alone tests
  # shellcheck disable=SC2086
  [ -z "${TEST_ALONE:-}" ] || run_group alone "" $TEST_ALONE

  left=$(left_behind "$before")
  if [ -n "$left" ]; then
    failed=$((failed + 1))
  else
    say "nothing left behind: no namespace, device, qdisc, table, control group, process or file"
    passed=$((passed + 1))
  fi

  [ "$HAS_GO" = true ] || excused=$(grep -c '^(skip) .*needs Go' "$results/log" || true)
  if [ "${CI:-}" = true ] && [ "$skipped" -gt "$excused" ]; then
    say "$((skipped - excused)) tests were skipped, which is a failure here"
    failed=$((failed + skipped - excused))
  fi

  # Once more and last, since of a long log the end is what is read.
  [ "$failed" -eq 0 ] || echo "failures:"
  failures_of "$results/log"
  [ -z "$left" ] || sed 's/^/(fail) left behind by the tests: /' <<<"$left"
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

# Sourced by the other scripts: where things are, and what has to be installed once.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUN="$ROOT/node_modules/@oven/bun-linux-x64/bin/bun"
export LC_ALL=C

say() { printf '== %s\n' "$*" >&2; }

# need_packages COMMAND=PACKAGE...: installs the Debian packages whose commands are missing.
need_packages() {
  local missing=() pair
  for pair in "$@"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing Debian packages, once: ${missing[*]}"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# The npm packages of the lock file, and what is generated from the configuration's schema.
need_modules() {
  local stamp="$ROOT/node_modules/.fairway-installed"
  if ! cmp -s "$ROOT/package-lock.json" "$stamp"; then
    say "installing npm packages, once: those of package-lock.json, into node_modules"
    (cd "$ROOT" && npm ci --no-audit --no-fund --loglevel=error >&2)
    cp "$ROOT/package-lock.json" "$stamp"
  fi
  (cd "$ROOT" && "$BUN" scripts/generate.ts >&2)
}

need_root() {
  [ "$(id -u)" -eq 0 ] && return
  echo "run this as root: it makes network namespaces" >&2
  exit 1
}

#!/usr/bin/env bash
# The benchmarks, on real servers: `make bench`. Arguments are the parts to run; bench/README.md has all
# settings. Installs what is missing on Debian and Ubuntu; builds under target/ and bench/**/node_modules.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=../scripts/servers.sh
. scripts/servers.sh

have node || fail "node is missing: install Node.js 20 or newer (https://nodejs.org), then run this again."
have wrk || install_packages wrk
target=$(cargo metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')

say "building"
if [ -z "${BENCH_OPONN:-}" ]; then
  cargo build --release --locked --quiet
  BENCH_OPONN=$target/release/oponn
fi
cargo build --release --locked --quiet --manifest-path bench/bare/Cargo.toml --target-dir "$target/bench"
export BENCH_OPONN BENCH_BARE=$target/bench/release/oponn-bench-bare
for project in bench bench/peers; do
  if [ ! "$project/node_modules/.package-lock.json" -nt "$project/package-lock.json" ]; then
    npm ci --prefix "$project" --no-audit --no-fund --loglevel error >/dev/null
    touch "$project/node_modules/.package-lock.json"
  fi
done

find_redis
export BENCH_REDIS_SERVER=$redis
work=$(mktemp -d "${TMPDIR:-/tmp}/oponn-bench-store.XXXXXX")
trap 'stop_servers; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "${OPONN_TEST_MONGODB:-}" ]; then
  find_mongodb
  start_mongodb "$work"
  export BENCH_MONGODB_PID=$pid
fi

status=0
node bench/run.mjs "$@" || status=$?
exit "$status"

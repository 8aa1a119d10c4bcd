#!/usr/bin/env bash
# The benchmarks, on real servers: `make bench`. Arguments are the parts to run; bench/README.md has all
# settings. Installs what is missing on Debian and Ubuntu; builds under target/ and bench/**/node_modules.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=../scripts/servers.sh
. scripts/servers.sh

have node || fail "node is missing: install Node.js 20 or newer (https://nodejs.org), then run this again."
have wrk || install_packages wrk
target=$(target_folder)

say "building"
if [ -z "${BENCH_OPONN:-}" ]; then
  cargo build --release --locked --quiet
  BENCH_OPONN=$target/release/oponn
fi
cargo build --release --locked --quiet --manifest-path bench/bare/Cargo.toml --target-dir "$target/bench"
export BENCH_OPONN BENCH_BARE=$target/bench/release/oponn-bench-bare
for project in bench bench/peers; do
  install_node_packages "$project"
done

find_redis
export BENCH_REDIS_SERVER=$redis
if find_k6; then
  export BENCH_K6=$k6
else
  say "there is neither k6 nor Go to build it: the parts that need it are left out"
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/oponn-bench-store.XXXXXX")
trap 'stop_servers; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "${OPONN_TEST_MONGODB:-}" ]; then
  find_mongodb
  start_mongodb "$work"
  export BENCH_MONGODB_PID=$pid BENCH_MONGODB_SERVER=$mongodb
fi

# With PIN=1 the first core is for the server under test alone, which the driver starts there.
rest=()
if [ "${PIN:-}" = 1 ]; then
  [ "$(nproc)" -gt 1 ] || fail "PIN=1 needs two cores"
  rest=(taskset -c "1-$(($(nproc) - 1))")
  [ -z "${BENCH_MONGODB_PID:-}" ] || taskset -a -cp "1-$(($(nproc) - 1))" "$BENCH_MONGODB_PID" >/dev/null
fi

status=0
${rest[@]+"${rest[@]}"} node bench/run.mjs "$@" || status=$?
exit "$status"

#!/usr/bin/env bash
# Load tests with everything they need: `make load`, or `make load SCRIPT=mixed`.
#
#   scripts/load.sh [SCRIPT [K6-ARGUMENT...]]
#
# SCRIPT is one of k6/*.js without the ending, or `smoke` (the default): all of them, each for some seconds.
# Starts Redis, a MongoDB-protocol server and oponn on free loopback ports, imports the sample data, runs k6, and
# stops everything. The summaries are printed and kept as target/load/SCRIPT.md and .json. What can be set is in
# k6/README.md; besides:
#
#   OPONN_URL=http://...    a server that is there already: nothing is started, and k6 runs against it
#   OPONN_BIN=/path/oponn   the program to start, instead of building it
#   OPONN_K6=/path/k6       the k6 to use, instead of the one on the PATH or of building one
#   SERVERS=2               how many oponn servers share the store and the cache; by default one, and two for
#                           the smoke run and the stampede
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/servers.sh
. scripts/servers.sh

results=target/load
script=${1:-smoke}
# These are for the scripts; oponn warns of variables that are not its settings.
export -n OPONN_URL OPONN_BIN OPONN_K6 OPONN_MONGODB_SERVER OPONN_TEST_REDIS OPONN_TEST_MONGODB
[ $# -eq 0 ] || shift

scripts=(read write mixed stampede spike large soak import strategies watchlist)
[ "$script" = smoke ] || [ -f "k6/$script.js" ] ||
  fail "there is no k6/$script.js; SCRIPT is smoke or one of: ${scripts[*]}"

# Sets `oponn`.
find_oponn() {
  oponn=${OPONN_BIN:-}
  if [ -z "$oponn" ]; then
    cargo build --release --locked --quiet
    oponn=$(target_folder)/release/oponn
  fi
  [ -x "$oponn" ] || fail "OPONN_BIN=$oponn is no program"
}

# get PORT PATH: the answer of a server on this machine, its head included.
get() {
  {
    exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3 && cat <&3
  } 2>/dev/null
}

is_ready() { [[ $(get "$1" /readyz | head -1) == *' 200 '* ]]; }

# start_oponn DATABASE SERVERS [FLAG...]: servers of an application with its sample data; sets OPONN_URL. The database is
# one of its own on the store, so that other data there is left alone.
start_oponn() {
  local database=$1 servers=$2 urls=() server
  shift 2
  export OPONN_STORE OPONN_CACHE=$OPONN_TEST_REDIS OPONN_LOG=${OPONN_LOG:-warn}
  OPONN_STORE=$(sed -E "s#^([a-z+]+://[^/?]+)/?[^?]*#\\1/$database#" <<<"$OPONN_TEST_MONGODB")
  "$oponn" "$@" import >&2
  # Only for what needs it: a choice of strategies is not what a server has otherwise.
  local flags=("$@")
  [[ $script != smoke && $script != strategies && -z ${STRATEGY:-} ]] || flags+=(--allow-cache-override)
  for ((server = 1; server <= servers; server++)); do
    start "$database-$server" "$work" "is_ready PORT" "$oponn" ${flags[@]+"${flags[@]}"} serve --listen 127.0.0.1:PORT
    urls+=("http://127.0.0.1:$port")
  done
  OPONN_URL=$(IFS=,; echo "${urls[*]}")
}

start_watchlist() { start_oponn oponn_load_watchlist "$SERVERS" --config examples/watchlist/oponn.toml; }

# run_k6 SCRIPT [ARGUMENT...]: k6 with its summaries where they can be found.
run_k6() {
  local name=$1
  shift
  SUMMARY_MD=$results/$name.md SUMMARY_JSON=$results/$name.json OPONN_URL=$OPONN_URL \
    "$k6" run --quiet --no-usage-report "$@" "k6/$name.js"
}

# Reads with an importer beside: it starts when the reading has begun.
import_beside() {
  if [ -z "${oponn:-}" ]; then
    say "start \`oponn import\` by hand, as k6/README.md says"
    run_k6 import "$@"
    return
  fi
  local folder=$work/import status=0
  mkdir -p "$folder"
  OPONN_URL=$OPONN_URL IMPORT_DIR=$folder "$k6" run --quiet --no-usage-report k6/import-data.js >&2
  local asked
  asked=$(asked_for)
  run_k6 import "$@" &
  local reader=$!
  started+=("$reader")
  # More requests than the preparations of the script need.
  await 120 "$reader" reading_has_begun $((asked + ${LISTS:-1000} + 200)) || fail "k6 did not come to read"
  "$oponn" --config "$folder/oponn.conf" --schema schema.graphql import >&2 || status=$?
  wait "$reader" || status=$?
  return "$status"
}

# How many requests all servers together have had.
asked_for() {
  local url urls
  IFS=, read -ra urls <<<"$OPONN_URL"
  for url in "${urls[@]}"; do
    get "${url##*:}" /metrics
  done | awk '/^oponn_http_requests_total.*route="graphql"/ { sum += $NF } END { print sum + 0 }'
}

reading_has_begun() { [ "$(asked_for)" -gt "$1" ]; }

# Every script for some seconds, with bounds that a busy machine keeps too.
smoke() {
  export P95_MS=${P95_MS:-2000} P99_MS=${P99_MS:-5000} LISTS=${LISTS:-100} HIT_RATE=${HIT_RATE:-0.9}
  local failed=()
  VUS=5 DURATION=2s run_k6 read || failed+=(read)
  VUS=5 DURATION=2s run_k6 write || failed+=(write)
  VUS=5 DURATION=2s run_k6 mixed || failed+=(mixed)
  VUS=20 EACH=5 ROUNDS=2 INTERVAL=2s run_k6 stampede || failed+=(stampede)
  VUS=20 BASE=20 PEAK=100 CALM=1s RISE=500ms HOLD=500ms run_k6 spike || failed+=(spike)
  LARGE=5 DURATION=1s CALM=1s REST=3s ROWS=500 ALONE=1 KINDS=keys,answer run_k6 large || failed+=(large)
  VUS=5 DURATION=3s WINDOWS=3 DRIFT=${DRIFT:-5} run_k6 soak || failed+=(soak)
  VUS=5 DURATION=3s RECORDS=9000 import_beside || failed+=(import)
  VUS=5 LISTS=50 DURATION=1500ms PREPARE=${PREPARE:-2s} STRATEGIES=reconcile,ttl run_k6 strategies || failed+=(strategies)
  # A deployment has one application.
  if [ -n "${oponn:-}" ]; then
    start_watchlist
    VUS=10 EVERY=200ms DURATION=3s run_k6 watchlist || failed+=(watchlist)
  fi
  [ ${#failed[@]} -eq 0 ] && return
  say "failed: ${failed[*]}"
  return 99
}

# Comes back here with both servers at hand.
if [ -z "${OPONN_URL:-}" ] && { [ -z "${OPONN_TEST_REDIS:-}" ] || [ -z "${OPONN_TEST_MONGODB:-}" ]; }; then
  export OPONN_BIN OPONN_K6 OPONN_MONGODB_SERVER OPONN_TEST_REDIS OPONN_TEST_MONGODB
  exec scripts/with-servers.sh scripts/load.sh "$script" "$@"
fi

find_k6 || fail "missing: k6. Install it (https://grafana.com/docs/k6/latest/set-up/install-k6/), or Go, with which it is built here."
mkdir -p "$results"
work=$(mktemp -d "${TMPDIR:-/tmp}/oponn-load.XXXXXX")
trap 'stop_servers; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "${OPONN_URL:-}" ]; then
  case $script in smoke | stampede) SERVERS=${SERVERS:-2} ;; *) SERVERS=${SERVERS:-1} ;; esac
  find_oponn
  case $script in watchlist) start_watchlist ;; *) start_oponn oponn_load "$SERVERS" ;; esac
fi
say "oponn at $OPONN_URL; summaries go to $results"
status=0
case $script in
  smoke) smoke || status=$? ;;
  import) import_beside "$@" || status=$? ;;
  *) run_k6 "$script" "$@" || status=$? ;;
esac
exit "$status"

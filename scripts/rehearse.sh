#!/usr/bin/env bash
# What a deployment does to clients, rehearsed on this machine: `make rehearse`.
#
#   BIN=/path/oponn OLD=/path/older-oponn DURATION=90s VUS=10 scripts/rehearse.sh
#
# Makes the image's root file system and runs servers in it as infra/aws does: as its user, read-only, with the task's bound
# of memory, probes apart. HAProxy before them asks /readyz, as a load balancer does. While k6 reads and writes through it and
# judges every answer, two servers are replaced one by one, one is taken away and comes back, a version that never becomes
# ready is rolled back, and both are replaced again by the version before. A request that fails, an answer that is stale or a
# server that does not stop in time fails the rehearsal.
#
# Needs root, for the file system, and HAProxy, which is installed on Debian.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/servers.sh
. scripts/servers.sh

if [ -z "${OPONN_TEST_REDIS:-}" ] || [ -z "${OPONN_TEST_MONGODB:-}" ]; then
  exec scripts/with-servers.sh scripts/rehearse.sh
fi
[ "$(id -u)" -eq 0 ] || fail "a root file system can only be changed to by root"
have haproxy || install_packages haproxy
find_k6 || fail "missing: k6. Install it (https://grafana.com/docs/k6/latest/set-up/install-k6/), or Go, with which it is built here."

# As infra/aws has it: seconds, and MiB.
default_of() { sed -n "/^variable \"$1\"/,/^}/s/^ *default *= *//p" infra/aws/variables.tf; }
STOP_TIMEOUT=$(($(default_of grace) + $(sed -n 's/.*stop_timeout = var.grace + //p' infra/aws/service.tf)))
MEMORY=$(default_of task_memory)
# Shorter than there, because no request of this load takes long.
DRAIN=${DRAIN:-5}
results=target/rehearsal
rm -rf "$results"
mkdir -p "$results"
work=$(mktemp -d "${TMPDIR:-/tmp}/oponn-rehearsal.XXXXXX")
chmod 755 "$work"
group=/sys/fs/cgroup/memory/oponn-rehearsal-$$
declare -A server_pid server_port

clean_up() {
  stop_servers
  local mount
  for mount in "$work"/*/root; do rmdir "$group/$(basename "$(dirname "$mount")")" 2>/dev/null || true; done
  rmdir "$group" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "root file system of the image"
bin=${BIN:-}
if [ -z "$bin" ]; then
  cargo build --release --locked --features sqs --bin oponn
  bin=$(target_folder)/release/oponn
fi
infra/image/rootfs.sh "$bin" . "$work/new" 2>/dev/null
infra/image/rootfs.sh "${OLD:-$bin}" . "$work/old" 2>/dev/null
say "a task may take $MEMORY MiB, and $STOP_TIMEOUT s to stop; its image has $(du -sh "$work/new" | cut -f1) in $(find "$work/new" -type f | wc -l) files; $("$bin" --version)"

bounded=
mkdir "$group" 2>/dev/null && bounded=yes || say "memory is not bounded: there is no memory controller to use here"

OPONN_STORE=$(sed -E 's#^([a-z+]+://[^/?]+)/?[^?]*#\1/oponn_rehearsal#' <<<"$OPONN_TEST_MONGODB")
# in_image VERSION VARIABLE=VALUE... -- ARGUMENT...: oponn in that version's root file system, as a task runs it.
in_image() {
  local root=$work/$1 variables=()
  shift
  while [ "$1" != -- ]; do variables+=("$1"); shift; done
  shift
  # shellcheck disable=SC2016
  exec unshare --mount sh -c '
    root=$1; shift
    mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" && exec "$@"' sh "$root" \
    env -i PATH=/usr/bin OPONN_LOG=info OPONN_STORE="$OPONN_STORE" OPONN_CACHE="$OPONN_TEST_REDIS" "${variables[@]}" \
    /usr/bin/unshare --root "$root" --wd /app --setgid 10001 --setuid 10001 /usr/bin/oponn "$@"
}

# begin SLOT VERSION [VARIABLE=VALUE...]: a new server.
begin() {
  local slot=$1 version=$2
  shift 2
  mkdir -p "$work/$slot/root"
  [ -z "$bounded" ] || { mkdir -p "$group/$slot" && echo $((MEMORY << 20)) >"$group/$slot/memory.limit_in_bytes"; }
  (
    [ -z "$bounded" ] || echo "$BASHPID" >"$group/$slot/cgroup.procs"
    in_image "$version" OPONN_LISTEN=127.0.0.1:"${server_port[$slot]}" OPONN_ADMIN_LISTEN=127.0.0.1:$((${server_port[$slot]} + 1)) "$@" -- serve
  ) >>"$results/$slot.log" 2>&1 &
  server_pid[$slot]=$!
  started+=("$!")
}

# What the image's and the task's health checks run.
healthy() { ( in_image new OPONN_LISTEN=127.0.0.1:"${server_port[$1]}" OPONN_ADMIN_LISTEN=127.0.0.1:$((${server_port[$1]} + 1)) -- health ) >>"$results/health.log" 2>&1; }

# balancer COMMAND: to HAProxy, and its answer.
balancer() {
  exec 4<>"/dev/tcp/127.0.0.1/$balancer_port"
  printf '%s\n' "$1" >&4
  cat <&4
  exec 4>&-
}

is_up() { balancer "show servers state servers" | awk -v name="$1" '$4 == name { found = ($6 == 2) } END { exit !found }'; }

# Under the load balancer's checks, which have to find it ready before it gets requests.
watch() { balancer "set server servers/$1 state ready; set server servers/$1 health down" >/dev/null; }

register() {
  watch "$1"
  await 30 "${server_pid[$1]}" is_up "$1"
}

# Out of the load balancer; the requests on their way end; then the signal, and the end in time and with success.
retire() {
  local slot=$1 pid=${server_pid[$1]} before=$SECONDS code=0
  balancer "set server servers/$slot state drain" >/dev/null
  sleep "$DRAIN"
  kill -TERM "$pid"
  wait "$pid" || code=$?
  [ "$code" = 0 ] || fail "$slot ended with $code"
  [ $((SECONDS - before - DRAIN)) -le "$STOP_TIMEOUT" ] || fail "$slot took $((SECONDS - before - DRAIN)) s to stop"
  balancer "set server servers/$slot state maint" >/dev/null
  [ -z "$bounded" ] || say "$slot: at most $(($(cat "$group/$slot/memory.max_usage_in_bytes") >> 20)) MiB of $MEMORY, killed $(awk '/oom_kill /{print $2}' "$group/$slot/memory.oom_control") times"
  say "$slot has stopped in $((SECONDS - before - DRAIN)) s"
}

base=$((20000 + RANDOM % 10000))
for slot in 1 2 3 4; do server_port[$slot]=$((base + 10 * slot)); done
cat >"$work/haproxy.cfg" <<END
global
  stats socket ipv4@127.0.0.1:$((base + 1)) level admin
defaults
$(sed -n '/^defaults/,/^$/{/^defaults/d;/log/d;p}' infra/haproxy.cfg)
frontend api
  bind 127.0.0.1:$base
  default_backend servers
# Servers come and go, so what they count says nothing of the whole run.
frontend metrics
  bind 127.0.0.1:$((base + 2))
  http-request return status 200 content-type "text/plain" string "none 0"
backend servers
$(sed -n '/^backend servers/,$p' infra/haproxy.cfg | sed '1d;/default-server/d;/^  server /d')
  default-server check inter 500ms fall 2 rise 2 disabled
$(for slot in 1 2 3 4; do echo "  server $slot 127.0.0.1:${server_port[$slot]} port $((${server_port[$slot]} + 1))"; done)
END
balancer_port=$((base + 1))
haproxy -q -db -f "$work/haproxy.cfg" >"$results/haproxy.log" 2>&1 &
balancer_pid=$!
started+=("$!")
await 10 "$balancer_pid" listening "$balancer_port" || { cat "$results/haproxy.log" >&2; fail "HAProxy did not start"; }

say "import of the sample data, as the scheduled task does it"
(in_image old X=1 -- import) >"$results/import.log" 2>&1 || { tail -5 "$results/import.log" >&2; fail "the import failed"; }

say "two servers"
for slot in 1 2; do begin "$slot" old; done
for slot in 1 2; do
  register "$slot" || { tail -5 "$results/$slot.log" >&2; fail "server $slot is not ready"; }
  healthy "$slot" || fail "server $slot is not healthy"
done

say "load"
duration=${DURATION:-90s}
DURATION=$duration VUS=${VUS:-10} HIT_RATE=0 OPONN_METRICS=http://127.0.0.1:$((base + 2)) P95_MS=${P95_MS:-2000} P99_MS=${P99_MS:-5000} SUMMARY_MD=$results/k6.md SUMMARY_JSON=$results/k6.json \
  OPONN_URL=http://127.0.0.1:$base "$k6" run --quiet --no-usage-report k6/mixed.js >"$results/k6.log" 2>&1 &
load=$!
started+=("$load")
loaded() { [ "$(balancer "show info" | sed -n 's/^CumReq: //p')" -gt 3000 ]; }
await 60 "$load" loaded || { tail -20 "$results/k6.log" >&2; fail "the load did not begin"; }

under_load() { kill -0 "$load" 2>/dev/null || fail "the load ended before the rehearsal: a longer DURATION than $duration is needed"; }

# replace VERSION NEW OLD: a new server comes, then an old one goes.
replace() {
  begin "$2" "$1" && register "$2" && retire "$3" && under_load
}
say "rolling deployment"
replace new 3 1
replace new 4 2
say "scale-in to one server, and back"
retire 3 && under_load
begin 1 new && register 1 && under_load
say "a version that does not become ready"
begin 2 new OPONN_STORE=mongodb://127.0.0.1:9/none
watch 2
if await 15 "${server_pid[2]}" is_up 2; then fail "a server without a store was let in"; fi
kill -TERM "${server_pid[2]}"
wait "${server_pid[2]}" || true
balancer "set server servers/2 state maint" >/dev/null
under_load
say "rollback to the version before"
replace old 2 4
replace old 3 1
say "the rest of the load"
wait "$load" && status=0 || status=$?
balancer "show stat" >"$results/haproxy.csv"
sed 's/^/   /' "$results/k6.md" 2>/dev/null || tail -40 "$results/k6.log"
awk -F, '$1 == "servers" && $2 == "BACKEND" { printf "   HAProxy: %s requests, %s times 5xx, %s refused connections, %s repeated\n", $49, $44, $14, $16 }' "$results/haproxy.csv"
for slot in 2 3; do retire "$slot"; done
[ "$status" = 0 ] || fail "the load failed: k6 ended with $status; see $results/k6.log"
say "no request failed and no answer was stale"

# Finds or installs the servers that tests run on, starts and stops them. Other scripts read it in.
# shellcheck shell=bash

# A separate program, used only by tests, where there is no mongod.
SECANTUS_VERSION=0.5.3-beta.196
K6_VERSION=v1.3.0
# Processes that were started here, and only those, are stopped at the end.
started=()

say() { printf '== %s\n' "$*" >&2; }

fail() {
  printf '== %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Installs packages of Debian or Ubuntu; says what to do by hand anywhere else.
install_packages() {
  local as_root=()
  have apt-get || fail "missing: $*. Install it with this system's package manager, then run this again."
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || fail "missing: $*. Run this as root, or install it: apt-get install $*"
    as_root=(sudo)
  fi
  say "installing $*"
  local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
  "${install[@]}" >/dev/null 2>&1 && return
  # The package lists may be old, or not there at all.
  "${as_root[@]}" apt-get update -q >/dev/null || fail "apt-get update failed; $* cannot be installed"
  "${install[@]}" >&2 || fail "apt-get install $* failed"
}

# The folder of cargo's results, where tools that are built here are kept as well.
target_folder() { cargo metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'; }

find_redis() {
  local name
  for name in redis-server valkey-server; do
    if have "$name"; then
      redis=$name
      return
    fi
  done
  install_packages redis-server
  redis=redis-server
}

# Sets `faketime` to the library that gives a program another clock, or to nothing where it cannot be installed: what
# needs it fails then.
find_faketime() {
  local tried
  for tried in no yes; do
    for faketime in "${OPONN_TEST_FAKETIME:-}" /usr/lib/*/faketime/libfaketime.so.1 /usr/lib64/faketime/libfaketime.so.1; do
      [ ! -f "$faketime" ] || return 0
    done
    if [ $tried = no ] && have apt-get; then
      install_packages libfaketime
    fi
  done
  faketime=
}

# Sets `mongodb` to a mongod or a secantusd-rs, which is built once and kept with the build's results.
find_mongodb() {
  if [ -n "${OPONN_MONGODB_SERVER:-}" ]; then
    [ -x "$OPONN_MONGODB_SERVER" ] || fail "OPONN_MONGODB_SERVER=$OPONN_MONGODB_SERVER is no program"
    mongodb=$OPONN_MONGODB_SERVER
    return
  fi
  if have mongod; then
    if have mongosh; then
      mongodb=mongod
      return
    fi
    say "there is a mongod, but no mongosh to make it a replica set; secantusd-rs is used instead"
  fi
  if have secantusd-rs; then
    mongodb=secantusd-rs
    return
  fi
  local target
  target=$(target_folder)
  mongodb=$target/tools/bin/secantusd-rs
  [ -x "$mongodb" ] && return
  have cmake || install_packages cmake
  have c++ || install_packages build-essential
  say "building secantusd-rs $SECANTUS_VERSION, once; this takes some minutes"
  cargo install secantus-mdb --version "$SECANTUS_VERSION" --ignore-rust-version --quiet --root "$target/tools" >&2 ||
    fail "secantusd-rs cannot be built. Install mongod and mongosh (https://www.mongodb.com/docs/manual/administration/install-community/), or set OPONN_TEST_MONGODB to a server of yours."
}

# Sets `k6` to one that is there, or builds it once; fails when that takes a Go that is not there.
find_k6() {
  local tools
  tools=$(target_folder)/tools/bin
  k6=${OPONN_K6:-$(command -v k6 || echo "$tools/k6")}
  [ -x "$k6" ] && return
  [ -z "${OPONN_K6:-}" ] || fail "OPONN_K6=$OPONN_K6 is no program"
  have go || return 1
  say "building k6 $K6_VERSION, once; this takes some minutes"
  GOBIN=$tools go install "go.k6.io/k6@$K6_VERSION" >&2 || fail "k6 cannot be built"
}

# install_node_packages FOLDER: what the folder's package-lock.json names, if that was not done since it changed.
install_node_packages() {
  local installed=$1/node_modules/.package-lock.json
  have node && have npm || install_packages nodejs npm
  [ ! "$installed" -nt "$1/package-lock.json" ] || return 0
  say "installing the packages of $1"
  npm ci --prefix "$1" --no-audit --no-fund --loglevel error >&2 || fail "npm ci in $1 failed"
  touch "$installed"
}

# install_python_packages FILE [NAME]: what the file names, in tools/NAME (python) beside cargo's results, if that was not
# done since it changed.
install_python_packages() {
  local python
  python=$(target_folder)/tools/${2:-python}
  [ ! "$python/installed" -nt "$1" ] || return 0
  have python3 && python3 -c 'import venv, ensurepip' 2>/dev/null || install_packages python3 python3-venv
  say "installing the packages of $1"
  rm -rf "$python"
  python3 -m venv "$python" || fail "no environment for Python's packages can be made in $python"
  "$python/bin/pip" install --quiet --disable-pip-version-check --requirement "$1" >&2 || fail "pip install of $1 failed"
  touch "$python/installed"
}

# A port on which nobody listens now; whoever starts a server tries another one if it was taken since.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    listening "$port" || break
  done
  echo "$port"
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# await SECONDS PID COMMAND...: until the command succeeds; fails when the process ends or time is up.
await() {
  local end=$((SECONDS + $1)) pid=$2
  shift 2
  until "$@"; do
    kill -0 "$pid" 2>/dev/null || return 1
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# start NAME WORK READY COMMAND...: starts a server on a free port, which replaces PORT in the command
# and in READY. Sets `port` and `pid`.
start() {
  local name=$1 work=$2 ready=$3 try
  shift 3
  for try in 1 2 3 4 5; do
    port=$(free_port)
    "${@//PORT/$port}" >"$work/$name.log" 2>&1 &
    pid=$!
    started+=("$pid")
    # shellcheck disable=SC2086 # READY is a command with its arguments.
    await 30 "$pid" ${ready//PORT/$port} && return
    kill -0 "$pid" 2>/dev/null && break
    say "$name did not start on port $port (try $try)"
  done
  sed "s/^/   $name: /" "$work/$name.log" >&2
  fail "$name does not answer"
}

start_redis() {
  local work=$1
  start redis "$work" "answers_redis PORT" "$redis" --port PORT --bind 127.0.0.1 --dir "$work" \
    --save '' --appendonly no --daemonize no
  export OPONN_TEST_REDIS=redis://127.0.0.1:$port
}

answers_redis() {
  local reply
  {
    exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'PING\r\n' >&3 && read -r -t 2 reply <&3 && exec 3>&-
  } 2>/dev/null || return 1
  [ "${reply%$'\r'}" = +PONG ]
}

start_mongodb() {
  local work=$1
  mkdir "$work/mongodb"
  case $(basename "$mongodb") in
    mongod*)
      start mongodb "$work" "listening PORT" "$mongodb" --port PORT --bind_ip 127.0.0.1 \
        --dbpath "$work/mongodb" --replSet rs0 --oplogSize 128
      local shell=(mongosh --quiet --port "$port" --eval)
      "${shell[@]}" "rs.initiate({_id: 'rs0', members: [{_id: 0, host: '127.0.0.1:$port'}]})" >/dev/null ||
        fail "mongod cannot be made a replica set"
      await 30 "$pid" is_primary "${shell[@]}" || fail "mongod did not become primary"
      ;;
    *)
      start mongodb "$work" "listening PORT" "$mongodb" --port PORT --storage-path "$work/mongodb" \
        --cache-size 1G
      ;;
  esac
  export OPONN_TEST_MONGODB="mongodb://127.0.0.1:$port/?directConnection=true"
}

is_primary() { [ "$("$@" 'db.hello().isWritablePrimary' 2>/dev/null)" = true ]; }

stop_servers() {
  local pid
  for pid in "${started[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  for pid in "${started[@]}"; do
    wait "$pid" 2>/dev/null || true
  done
}

#!/usr/bin/env bash
# Runs a command with a real Redis and a real MongoDB-protocol server at hand, and stops them after it.
#
#   scripts/with-servers.sh cargo test
#
# Installs what is missing on Debian and Ubuntu, starts both servers on free loopback ports with their
# data in a temporary directory, and names them to the command as OPONN_TEST_REDIS and
# OPONN_TEST_MONGODB. A variable that is already set is believed, and its server is not started.
# OPONN_MONGODB_SERVER=/path/to/mongod (or secantusd-rs) chooses the MongoDB-protocol server.
# OPONN_TEST_FAKETIME names the library by which a test gives a Redis of its own another clock.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/servers.sh
. scripts/servers.sh

[ $# -gt 0 ] || fail "usage: scripts/with-servers.sh COMMAND [ARGUMENT...]"

work=$(mktemp -d "${TMPDIR:-/tmp}/oponn-servers.XXXXXX")
trap 'stop_servers; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "${OPONN_TEST_REDIS:-}" ]; then
  find_redis
  start_redis "$work"
fi
find_faketime
export OPONN_TEST_FAKETIME=$faketime
if [ -z "${OPONN_TEST_MONGODB:-}" ]; then
  find_mongodb
  start_mongodb "$work"
  # For tests that stop and start one of their own.
  OPONN_MONGODB_SERVER=$(command -v "$mongodb")
  export OPONN_MONGODB_SERVER
fi

say "Redis at $OPONN_TEST_REDIS, MongoDB protocol at $OPONN_TEST_MONGODB"
status=0
"$@" || status=$?
exit "$status"

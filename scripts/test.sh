#!/usr/bin/env bash
# All tests, on real servers: `make test`. Arguments go to cargo test.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/servers.sh
. scripts/servers.sh
install_node_packages tests/judge
install_node_packages tests/audit
install_python_packages tests/fuzz/requirements.txt
exec scripts/with-servers.sh cargo test --locked "$@"

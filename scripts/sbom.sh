#!/usr/bin/env bash
# The crates that the program is made of, in CycloneDX: scripts/sbom.sh FILE. Builds cargo-cyclonedx once.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/servers.sh
. scripts/servers.sh
version=0.5.7
if ! tool=$(command -v cargo-cyclonedx); then
  tool=$(target_folder)/tools/bin/cargo-cyclonedx
  if [ ! -x "$tool" ]; then
    say "building cargo-cyclonedx $version, once; this takes some minutes"
    cargo install cargo-cyclonedx --locked --version "$version" --quiet --root "$(target_folder)/tools"
  fi
fi
"$tool" cyclonedx --format json --features sqs --no-build-deps --override-filename oponn.cdx
mv oponn.cdx.json "$1"

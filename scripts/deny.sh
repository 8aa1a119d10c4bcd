#!/usr/bin/env bash
# Licences, banned crates and sources of the dependencies, as deny.toml has them. Builds cargo-deny once,
# beside the build's results, where it is not installed.
#
# Advisories are left out: their database cannot be reached from everywhere.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
if ! deny=$(command -v cargo-deny); then
  target=$(cargo metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
  deny=$target/tools/bin/cargo-deny
  if [ ! -x "$deny" ]; then
    echo "== building cargo-deny $version, once; this takes some minutes" >&2
    cargo install cargo-deny --locked --version "$version" --quiet --root "$target/tools"
  fi
fi
"$deny" --locked check licenses bans sources

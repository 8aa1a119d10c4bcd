#!/usr/bin/env bash
# One archive with the program, its manual pages and completions: scripts/package.sh PROGRAM TARGET
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1 target=$2
version=$("$program" --version | cut -d' ' -f2)
name=oponn-$version-$target
folder=target/package/$name
rm -rf "$folder"
mkdir -p "$folder/man" "$folder/completions"
cp "$program" LICENSE README.md CHANGELOG.md "$folder"
"$program" man --folder "$folder/man"
for shell in bash elvish fish powershell zsh; do "$program" completions "$shell" >"$folder/completions/oponn.$shell"; done
tar -czf "target/package/$name.tar.gz" -C target/package "$name"
echo "target/package/$name.tar.gz"

#!/usr/bin/env bash
# The changelog's section of a version: scripts/release-notes.sh 0.1.0
#
# Refuses a version that is not the package's, the chart's and the changelog's.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1
fail() {
  echo "$*" >&2
  exit 1
}
grep -qx "version = \"$version\"" <(sed -n '/^\[package\]/,/^\[/p' Cargo.toml) || fail "Cargo.toml has another version than $version"
grep -qx "appVersion: \"$version\"" infra/kubernetes/oponn/Chart.yaml || fail "infra/kubernetes/oponn/Chart.yaml has another appVersion than $version"
notes=$(awk -v head="## [$version]" 'index($0, "## [") == 1 { inside = index($0, head) == 1; next } inside' CHANGELOG.md)
[ -n "${notes//[[:space:]]/}" ] || fail "CHANGELOG.md has no section [$version]"
printf '%s\n' "$notes" | sed '/./,$!d'

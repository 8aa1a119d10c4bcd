#!/usr/bin/env bash
# Renders the Helm chart for each of infra/kubernetes/values and checks the results: scripts/deploy-helm.sh HELM PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
helm=$1 python=$2 chart=infra/kubernetes/oponn
rendered=$(mktemp -d "${TMPDIR:-/tmp}/oponn-helm.XXXXXX")
trap 'rm -rf "$rendered"' EXIT
for values in infra/kubernetes/values/*.yaml; do
  name=$(basename "$values" .yaml)
  "$helm" lint --quiet --strict --kube-version 1.34.0 --values "$values" "$chart"
  for version in 1.30.0 1.34.0; do
    "$helm" template shop "$chart" --kube-version "$version" --values "$values" >"$rendered/$name-$version.yaml"
  done
done
if "$helm" template shop "$chart" --kube-version 1.34.0 >/dev/null 2>"$rendered/refused"; then
  echo "a release without a secret was not refused" >&2
  exit 1
fi
grep -q "secret.name is not set" "$rendered/refused"
"$python" tests/deploy/kubernetes.py "$rendered"/*.yaml

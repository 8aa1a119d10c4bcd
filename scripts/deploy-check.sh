#!/usr/bin/env bash
# Checks infra/ and the workflows without running anything: `make deploy-check`, which .ci/run does as well.
#
# What cannot be had on this machine (Go for Helm and actionlint, Terraform and its provider) is not checked, which the last
# lines say; with STRICT=1 that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/servers.sh
. scripts/servers.sh
# shellcheck source=scripts/deploy.sh
. scripts/deploy.sh

work=$(mktemp -d "${TMPDIR:-/tmp}/oponn-deploy.XXXXXX")
trap 'rm -rf "$work"' EXIT
missing=()

say "alarms of infra/aws are about what oponn logs"
while read -r message; do
  grep -rqF "\"$message\"" src || fail "infra/aws/observe.tf: nothing in src logs \"$message\""
done < <(sed -n 's/^ *messages *= \[//p' infra/aws/observe.tf | grep -o '"[^"]*"' | tr -d '"')

say "scripts"
for script in scripts/*.sh infra/image/*.sh infra/aws/pipeline/*.sh; do bash -n "$script"; done
! have shellcheck || shellcheck --severity=error scripts/*.sh infra/image/*.sh infra/aws/pipeline/*.sh

install_python_packages tests/deploy/requirements.txt deploy
python=$(target_folder)/tools/deploy/bin/python
say "compose file, and the pipeline's builds"
"$python" tests/deploy/files.py
have jq || install_packages jq
tests/deploy/pipeline.sh "$python"

if go_tool actionlint "$ACTIONLINT_VERSION" github.com/rhysd/actionlint/cmd/actionlint; then
  say "workflows"
  "$actionlint" .github/workflows/*.yml
else
  missing+=("the workflows: actionlint, or Go to build it")
fi

if go_tool helm "$HELM_VERSION" helm.sh/helm/v3/cmd/helm; then
  say "Helm chart"
  scripts/deploy-helm.sh "$helm" "$python"
else
  missing+=("the Helm chart: Helm, or Go to build it")
fi

if find_terraform && terraform_in "$work/aws"; then
  say "Terraform"
  "$terraform" fmt -check -diff -recursive infra/aws tests/deploy
  "$terraform" -chdir="$work/aws" validate
  "$terraform" -chdir="$work/aws" test
else
  [ ! -f "$work/aws/init.log" ] || sed 's/^/   terraform: /' "$work/aws/init.log" >&2
  missing+=("infra/aws: Terraform 1.11 with the provider hashicorp/aws, from its registry or a mirror (TERRAFORM_MIRROR)")
fi

for what in "${missing[@]}"; do printf 'NOT CHECKED %s\n' "$what"; done
[ ${#missing[@]} -eq 0 ] || [ -z "${STRICT:-}" ] || exit 1

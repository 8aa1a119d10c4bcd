#!/usr/bin/env bash
# Applies infra/aws to an AWS that is imitated on this machine (moto), twice, and destroys it again: `make deploy-test`.
#
# Everything is made, a second apply finds nothing to change, and nothing is left at the end. What moto does not know is
# made up by tests/deploy/aws.py; what it forgets is listed in tests/deploy/moto_override.tf.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/servers.sh
. scripts/servers.sh
# shellcheck source=scripts/deploy.sh
. scripts/deploy.sh

work=$(mktemp -d "${TMPDIR:-/tmp}/oponn-deploy.XXXXXX")
trap 'stop_servers; rm -rf "$work"' EXIT
find_terraform || fail "missing: Terraform 1.11 (https://developer.hashicorp.com/terraform/install)"
install_python_packages tests/deploy/requirements.txt deploy
terraform_in "$work/aws" || { cat "$work/aws/init.log" >&2; fail "the provider hashicorp/aws cannot be had"; }
python=$(target_folder)/tools/deploy/bin/python
# Its variables are the first thing that it prints, when it answers.
told() { grep -q '^{' "$work/aws.log"; }
start aws "$work" told "$python" tests/deploy/aws.py PORT
grep '^{' "$work/aws.log" | head -1 >"$work/aws/test.auto.tfvars.json"
sed "s/PORT/$port/" tests/deploy/moto_override.tf >"$work/aws/moto_override.tf"
echo '{"deletable": true, "import_schedule": "cron(0 4 * * ? *)"}' >"$work/aws/more.auto.tfvars.json"

in_aws() { "$terraform" -chdir="$work/aws" "$@" -input=false -no-color; }

say "terraform apply"
in_aws apply -auto-approve >"$work/apply.log" || { tail -60 "$work/apply.log" >&2; fail "terraform apply failed"; }
"$terraform" -chdir="$work/aws" state list | grep -v '^data\.' | sed 's/\..*//' | sort | uniq -c
say "terraform apply, a second time"
in_aws plan -detailed-exitcode >"$work/plan.log" || { tail -60 "$work/plan.log" >&2; fail "a second apply would change something"; }
say "terraform destroy"
in_aws destroy -auto-approve >"$work/destroy.log" || { tail -60 "$work/destroy.log" >&2; fail "terraform destroy failed"; }
[ -z "$("$terraform" -chdir="$work/aws" state list)" ] || fail "terraform destroy left something behind"
grep -E '^(Apply|Destroy) complete' "$work/apply.log" "$work/destroy.log" | sed 's/.*log://'

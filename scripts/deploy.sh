# Finds or installs what the tests of infra/ run. Other scripts read it in, after servers.sh.
# shellcheck shell=bash

HELM_VERSION=v3.18.6
ACTIONLINT_VERSION=v1.7.12

# go_tool NAME VERSION PACKAGE: sets the variable NAME to a program that is there, or builds it once, beside cargo's results.
go_tool() {
  local -n found=$1
  local tools
  tools=$(target_folder)/tools/bin
  found=$(command -v "$1" || echo "$tools/$1")
  [ -x "$found" ] && return
  have go || return 1
  say "building $1 $2, once; this takes some minutes"
  GOBIN=$tools GOFLAGS=-mod=mod go install "$3@$2" >&2 || fail "$1 cannot be built"
}

# Sets `terraform`, and has it find its provider; fails when that cannot be had.
find_terraform() {
  terraform=$(command -v terraform) || return 1
  local mirror
  # A mirror of the registry on this machine comes before the registry.
  for mirror in "${TERRAFORM_MIRROR:-}" /usr/local/share/terraform/plugins /usr/share/terraform/plugins /opt/tf-plugins; do
    [ -n "$mirror" ] && [ -d "$mirror/registry.terraform.io/hashicorp/aws" ] || continue
    export TF_CLI_CONFIG_FILE=$work/terraformrc
    printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$mirror" >"$TF_CLI_CONFIG_FILE"
    return
  done
  # A configuration that is named and is not there is an error in every command.
  [ -f "${TF_CLI_CONFIG_FILE:-}" ] || unset TF_CLI_CONFIG_FILE
}

# A copy of infra/aws in FOLDER, initialised.
terraform_in() {
  mkdir -p "$1"
  cp -r infra/aws/*.tf infra/aws/tests "$1"
  "$terraform" -chdir="$1" init -input=false >"$1/init.log" 2>&1
}

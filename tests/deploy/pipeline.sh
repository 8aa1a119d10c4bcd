#!/usr/bin/env bash
# The builds of the pipeline, command by command, with stand-ins for docker and aws: what is deployed is the digest of what
# was built, and `live` is what passed the smoke load.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/oponn-pipeline.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/source"
git archive HEAD infra/aws/pipeline | tar -x -C "$work/source"
cp infra/aws/pipeline/* "$work/source/infra/aws/pipeline"
git -C "$work/source" init --quiet
git -C "$work/source" -c user.name=x -c user.email=x@example.com commit --quiet --allow-empty --message x

cat >"$work/bin/docker" <<'END'
#!/usr/bin/env bash
printf '%s\n' "docker $*" >>"$LOG"
case "$1 $2" in
  "buildx build") echo '{"containerimage.digest": "sha256:0123"}' >build.json ;;
  "run --rm") exit "${LOAD_STATUS:-0}" ;;
  "login --username") cat >/dev/null ;;
esac
END
cat >"$work/bin/aws" <<'END'
#!/usr/bin/env bash
printf '%s\n' "aws $*" >>"$LOG"
case "$2" in
  get-login-password) echo password ;;
  batch-get-image) echo '{"images": [{"imageManifest": "{\"the\": \"manifest\"}", "imageManifestMediaType": "application/vnd.oci.image.index.v1+json"}]}' ;;
esac
END
chmod +x "$work/bin/"*
export LOG=$work/log REPOSITORY=123456789012.dkr.ecr.eu-north-1.amazonaws.com/oponn PLATFORMS=linux/arm64,linux/amd64
export API=https://balancer CODEBUILD_SRC_DIR_image=$work/source PATH="$work/bin:$PATH"
cd "$work/source"

# build NAME: the commands of its specification, of which the first that fails ends it.
build() {
  local command
  while IFS= read -r command; do
    bash -c "$command" || return
  done < <("$python" -c '
import sys, yaml
for phase in yaml.safe_load(open(sys.argv[1]))["phases"].values():
    print("\n".join(phase["commands"]))' "infra/aws/pipeline/$1.yml")
}
fail() {
  echo "the pipeline: $*" >&2
  cat "$LOG" >&2
  exit 1
}

: >"$LOG"
build check || fail "the checks ended with $?"
grep -q 'docker run .* check .ci/run' "$LOG" || fail "nothing was checked"
if LOAD_STATUS=1 build check; then fail "checks that fail do not end it"; fi

: >"$LOG"
build image >"$work/out" || fail "the image ended with $?"
commit=$(git rev-parse HEAD)
grep -q "docker buildx build .*--build-arg COMMIT=$commit .*--tag $REPOSITORY:commit-$commit" "$LOG" || fail "the image does not tell its commit"
[ "$(jq -c . imagedefinitions.json)" = "[{\"name\":\"oponn\",\"imageUri\":\"$REPOSITORY@sha256:0123\"}]" ] || fail "$(cat imagedefinitions.json) is deployed"

: >"$LOG"
build smoke || fail "the smoke load ended with $?"
grep -qF 'aws ecr put-image --repository-name oponn --image-tag live --image-manifest {"the": "manifest"}' "$LOG" || fail "the image is not live"
: >"$LOG"
if LOAD_STATUS=99 build smoke; then fail "a load that fails does not fail the deployment"; fi
! grep -q put-image "$LOG" || fail "an image that failed is live"
echo "the builds of the pipeline: no faults"

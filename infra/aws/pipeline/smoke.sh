#!/usr/bin/env bash
# Asks the API at API for half a minute, then tags the deployed image `live`. CodeBuild says where the image's artifact is.
set -euo pipefail

docker run --rm --volume "$PWD/infra/aws/pipeline:/scripts:ro" --env API --env QUERY \
  "${K6_IMAGE:-docker.io/grafana/k6:1.3.0}" run --quiet --no-usage-report /scripts/smoke.js

image=$(jq --exit-status --raw-output '.[0].imageUri' "${CODEBUILD_SRC_DIR_image}/imagedefinitions.json")
name=${REPOSITORY#*/}
aws ecr batch-get-image --repository-name "$name" --image-ids "imageDigest=${image#*@}" --output json >image.json
aws ecr put-image --repository-name "$name" --image-tag live \
  --image-manifest "$(jq --exit-status --raw-output '.images[0].imageManifest' image.json)" \
  --image-manifest-media-type "$(jq --exit-status --raw-output '.images[0].imageManifestMediaType' image.json)" >/dev/null ||
  # It is that already: a deployment of the same image again.
  aws ecr describe-images --repository-name "$name" --image-ids imageTag=live --query 'imageDetails[0].imageDigest' --output text | grep -qx "${image#*@}"

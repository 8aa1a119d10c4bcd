#!/usr/bin/env bash
# Builds the image and pushes it: to REPOSITORY, for PLATFORMS. Leaves imagedefinitions.json, with which ECS deploys.
set -euo pipefail
commit=$(git rev-parse HEAD)
registry=${REPOSITORY%%/*}

aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
docker buildx create --use --driver docker-container >/dev/null
docker buildx build . --file infra/Dockerfile --platform "$PLATFORMS" --push --metadata-file build.json \
  --build-arg REGISTRY=public.ecr.aws/docker/library \
  --build-arg COMMIT="$commit" --build-arg DATE="$(git show --no-patch --format=%cs "$commit")" \
  --build-arg SOURCE_DATE_EPOCH="$(git show --no-patch --format=%ct "$commit")" \
  --cache-from "type=registry,ref=$REPOSITORY:cache" \
  --cache-to "type=registry,ref=$REPOSITORY:cache,mode=max,image-manifest=true,oci-mediatypes=true" \
  --tag "$REPOSITORY:commit-$commit"

digest=$(jq --exit-status --raw-output '."containerimage.digest"' build.json)
jq --null-input --arg image "$REPOSITORY@$digest" '[{name: "oponn", imageUri: $image}]' >imagedefinitions.json
cat imagedefinitions.json

#!/usr/bin/env bash
# The image without Docker: what infra/Dockerfile makes, as an archive that `docker load` and `podman load` take.
#
#   scripts/image.sh [PROGRAM]
#
# Without a program, builds one. Needs root, and umoci, which is installed on Debian. The settings of the image are read from
# infra/Dockerfile, so that both ways make the same.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/servers.sh
. scripts/servers.sh

[ "$(id -u)" -eq 0 ] || fail "the files of an image belong to root; run this as root"
have umoci || install_packages umoci
program=${1:-}
if [ -z "$program" ]; then
  cargo build --release --locked --features sqs --bin oponn
  program=$(target_folder)/release/oponn
fi

image=target/image
rm -rf "$image"
mkdir -p "$image"
SOURCE_DATE_EPOCH=$(git show --no-patch --format=%ct)
export SOURCE_DATE_EPOCH
scripts/sbom.sh "$image/oponn.cdx.json"
umoci init --layout "$image/oci"
umoci new --image "$image/oci:latest"
umoci unpack --image "$image/oci:latest" "$image/bundle"
infra/image/rootfs.sh "$program" . "$image/bundle/rootfs" "$(dpkg --print-architecture)" "$image/oponn.cdx.json" 2>/dev/null
umoci repack --image "$image/oci:latest" "$image/bundle"

# The last stage of the Dockerfile, instruction by instruction.
settings=(--architecture "$(dpkg --print-architecture)" --os linux --created "$(date --utc --date="@$SOURCE_DATE_EPOCH" +%FT%TZ)")
while read -r instruction rest; do
  case $instruction in
    ENV) for variable in $rest; do settings+=(--config.env "$variable"); done ;;
    WORKDIR) settings+=(--config.workingdir "$rest") ;;
    USER) settings+=(--config.user "$rest") ;;
    VOLUME) settings+=(--config.volume "$rest") ;;
    EXPOSE) settings+=(--config.exposedports "$rest/tcp") ;;
    STOPSIGNAL) settings+=(--config.stopsignal "$rest") ;;
    ENTRYPOINT) settings+=(--config.entrypoint "$(tr -d '[]"' <<<"$rest")") ;;
    CMD) settings+=(--config.cmd "$(tr -d '[]"' <<<"$rest")") ;;
    # Health checks are not part of OCI's format, the files are in the layer already, and labels are for the registry.
    HEALTHCHECK | COPY | LABEL | *org.opencontainers* | "" | "#"*) ;;
    *) fail "infra/Dockerfile: scripts/image.sh does not know $instruction" ;;
  esac
done < <(sed '1,/^FROM scratch/d' infra/Dockerfile)
umoci config --image "$image/oci:latest" "${settings[@]}"
rm -rf "$image/bundle"
tar -cf "$image/oponn.oci.tar" -C "$image/oci" .
say "$(du -sh "$image/oponn.oci.tar" | cut -f1) compressed: $image/oponn.oci.tar"
umoci stat --image "$image/oci:latest"

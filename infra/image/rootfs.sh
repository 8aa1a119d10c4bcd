#!/usr/bin/env bash
# The root file system of the image: the program, the C library that it needs from Debian's packages, certificates, a user,
# and the application. No shell, no package manager.
#
#   infra/image/rootfs.sh PROGRAM APPLICATION ROOT [ARCHITECTURE [SBOM]]
#
# APPLICATION is a folder with schema.graphql and, where there are any, loaders/, operations/ and oponn.toml. Runs on Debian,
# whose packages it takes; ARCHITECTURE is Debian's name of the program's, if it is not this machine's. SBOM is the list of
# the program's crates in CycloneDX. Everything has one date, SOURCE_DATE_EPOCH, so the same inputs give the same files.
set -euo pipefail
program=$1 application=$2 root=$3 architecture=${4:-$(dpkg --print-architecture)} sbom=${5:-}
packages=(libc6 libgcc-s1 ca-certificates netbase)
epoch=${SOURCE_DATE_EPOCH:-0}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$architecture" != "$(dpkg --print-architecture)" ]; then
  dpkg --add-architecture "$architecture"
  apt-get update -q >&2
fi

mkdir -p "$root"
# Debian's programs are in /usr, and so are the names by which they were called before.
mkdir -p "$root"/{app/data,etc/ssl/certs,tmp,usr/bin,usr/lib,usr/lib64,usr/share/doc,var/lib/dpkg/status.d}
for folder in lib lib64; do ln -sfn "usr/$folder" "$root/$folder"; done
for package in "${packages[@]}"; do
  # What has no architecture has no name with one.
  case $package in ca-certificates | netbase) name=$package ;; *) name=$package:$architecture ;; esac
  (cd "$work" && apt-get download -q "$name" >&2)
  file=$(echo "$work/$package"_*.deb)
  dpkg-deb --fsys-tarfile "$file" | tar -x --keep-directory-symlink -C "$root" \
    --exclude='./usr/share/doc/*/changelog*' --exclude='./usr/share/doc/*/NEWS*' --exclude='./usr/share/man' \
    --exclude='./usr/share/lintian' --exclude='./usr/sbin' --exclude='./etc/ld.so.conf.d' --exclude='*/gconv' --exclude='*/audit'
  # Scanners of vulnerabilities find here which packages these are.
  dpkg-deb --field "$file" >"$root/var/lib/dpkg/status.d/$package"
done
find "$root/usr/share/ca-certificates" -name '*.crt' -print0 | sort -z | xargs -0 cat >"$root/etc/ssl/certs/ca-certificates.crt"
rm -rf "$root/usr/share/ca-certificates" "$root/etc/ca-certificates" "$root/etc/default"

printf 'root:x:0:0:root:/root:/sbin/nologin\noponn:x:10001:10001:oponn:/app:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\noponn:x:10001:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

install -m 755 "$program" "$root/usr/bin/oponn"
[ -z "$sbom" ] || install -D -m 644 "$sbom" "$root/usr/share/sbom/oponn.cdx.json"
for part in schema.graphql oponn.toml loaders operations; do
  if [ -e "$application/$part" ]; then cp -r "$application/$part" "$root/app/"; fi
done
chmod -R u=rwX,go=rX "$root/app" "$root/etc"
chmod 1777 "$root/tmp"
chown 10001:10001 "$root/app/data"
find "$root" -exec touch --no-dereference --date="@$epoch" {} +

#!/bin/sh
# Builds the images of the test hosts, fleet-codex-test:NAME, from Debian's packages: images.sh [NAME...]
# No registry is needed. Images that exist and were made by the same recipe are kept.
set -eu
. "$(dirname "$0")/common.sh"

# recipe NAME: prints suite and packages. All images have what `become` needs; nopython is a host without Python.
recipe() {
    case $1 in
        bullseye | bookworm | trixie) echo "$1 python3,sudo,passwd" ;;
        nopython) echo "bookworm sudo,passwd" ;;
        shells) echo "bookworm python3,sudo,passwd,openssh-server,bash,zsh,fish,tcsh,acl,systemd,procps,iproute2,util-linux" ;;
        *) cannot "there is no recipe for an image called $1" ;;
    esac
}

build() {
    image=fleet-codex-test:$1
    made=$(recipe "$1")
    label="$made; 1" # raise the number when build itself changes
    [ "$(docker image inspect -f '{{index .Config.Labels "fleet.codex.recipe"}}' "$image" 2>/dev/null)" != "$label" ] || return 0
    work=$(mktemp -d)
    trap 'as_root rm -rf "$work"' EXIT
    as_root mmdebstrap --quiet --variant=essential --include="${made#* }" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        "${made%% *}" "$work/root.tar" >"$cache/image-$1.log" 2>&1 ||
        cannot "mmdebstrap could not make the image $1: $(tail -n 1 "$cache/image-$1.log")"
    docker import -c 'CMD ["sleep", "infinity"]' -c "LABEL fleet.codex.recipe=\"$label\"" "$work/root.tar" "$image" >/dev/null
}

if [ "${1:-}" = --build ]; then
    build "$2"
    exit 0
fi
[ $# -gt 0 ] || set -- shells bookworm trixie bullseye nopython
need_packages mmdebstrap debian-archive-keyring
alone images
# The one that takes longest first, two at a time.
printf '%s\n' "$@" | xargs -P 2 -n 1 sh "$0" --build

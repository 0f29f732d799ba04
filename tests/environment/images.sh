#!/bin/sh
# Builds the images of the test hosts, fleet-codex-test:NAME, from Debian's packages: images.sh [NAME...]
# No registry is needed. Images that exist and were made by the same recipe are kept.
set -eu
. "$(dirname "$0")/common.sh"

# recipe NAME: prints suite and packages. All images have what `become` needs; nopython is a host without Python, and
# busybox one that has nothing but the busybox of this machine's package. newcomer is a new controller, which gets
# everything else with apt, and server a new host that is reached by ssh.
recipe() {
    case $1 in
        bullseye | bookworm | trixie) echo "$1 python3,sudo,passwd" ;;
        busybox) echo "- busybox-static" ;;
        newcomer) echo "trixie apt,sudo,passwd,tzdata" ;;
        nopython) echo "bookworm sudo,passwd" ;;
        server) echo "trixie sudo,passwd,openssh-server" ;;
        shells) echo "bookworm python3,sudo,passwd,openssh-server,bash,zsh,fish,tcsh,acl,systemd,procps,iproute2,util-linux" ;;
        *) cannot "there is no recipe for an image called $1" ;;
    esac
}

# debian_root RECIPE FILE: puts the file system of a host with these packages into a tar file.
debian_root() {
    as_root mmdebstrap --quiet --variant=essential --include="${1#* }" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' "${1%% *}" "$2"
}

# busybox_root FOLDER: makes the file system of a host with the users alice and bob and one program, /bin/busybox. Every
# other command is a link to it.
busybox_root() {
    as_root install -d "$1" "$1/bin" "$1/etc" "$1/home" "$1/srv"
    as_root install -d -m 700 "$1/root"
    as_root install -d -m 1777 "$1/tmp" "$1/var/tmp"
    as_root install "$(command -v busybox)" "$1/bin/busybox"
    busybox --list-full | while read -r applet; do
        as_root install -d "$1/$(dirname "$applet")"
        [ "$applet" = bin/busybox ] || as_root ln -s /bin/busybox "$1/$applet"
    done
    printf '%s:x:%d:%d::%s:/bin/sh\n' root 0 0 /root alice 1001 1001 /home/alice bob 1002 1002 /home/bob \
        nobody 65534 65534 /nonexistent | as_root tee "$1/etc/passwd" >/dev/null
    printf '%s:x:%d:\n' root 0 alice 1001 bob 1002 nogroup 65534 | as_root tee "$1/etc/group" >/dev/null
    as_root install -d -m 700 -o 1001 -g 1001 "$1/home/alice"
    as_root install -d -m 700 -o 1002 -g 1002 "$1/home/bob"
}

build() {
    image=fleet-codex-test:$1
    made=$(recipe "$1")
    label="$made; 1" # raise the number when build itself changes
    [ "$(docker image inspect -f '{{index .Config.Labels "fleet.codex.recipe"}}' "$image" 2>/dev/null)" != "$label" ] || return 0
    work=$(mktemp -d)
    trap 'as_root rm -rf "$work"' EXIT
    if [ "$1" = busybox ]; then
        busybox_root "$work/root"
        as_root tar -C "$work/root" -cf "$work/root.tar" .
    else
        debian_root "$made" "$work/root.tar" >"$cache/image-$1.log" 2>&1 ||
            cannot "mmdebstrap could not make the image $1: $(tail -n 1 "$cache/image-$1.log")"
    fi
    docker import -c 'CMD ["sleep", "infinity"]' -c "LABEL fleet.codex.recipe=\"$label\"" "$work/root.tar" "$image" >/dev/null
}

if [ "${1:-}" = --build ]; then
    build "$2"
    exit 0
fi
[ $# -gt 0 ] || set -- shells newcomer server bookworm trixie bullseye nopython busybox
need_packages mmdebstrap debian-archive-keyring busybox-static
alone images
# The one that takes longest first, two at a time.
printf '%s\n' "$@" | xargs -P 2 -n 1 sh "$0" --build

#!/bin/sh
# Makes sure that Podman runs containers here and has the images of the test hosts: podman.sh [NAME...]
# Prints the path of the settings with which it does (CONTAINERS_CONF). On Debian, as root, it installs Podman.
set -eu
. "$(dirname "$0")/common.sh"

CONTAINERS_CONF=$cache/containers.conf
export CONTAINERS_CONF

# runs: whether a container runs with the settings of before.
runs() {
    timeout 60 podman run --rm --network none localhost/fleet-codex-test:busybox true >"$cache/podman.log" 2>&1
}

# with SETTINGS: whether one runs with these.
with() {
    printf '%s\n' "$1" >"$CONTAINERS_CONF"
    runs
}

# load NAME: takes an image from Docker, unless Podman has it already.
load() {
    image=$(docker image inspect -f '{{.Id}}' "fleet-codex-test:$1")
    ! podman image exists "${image#sha256:}" || return 0
    docker save "fleet-codex-test:$1" | podman load --quiet >/dev/null
}

alone podman
[ -e "$CONTAINERS_CONF" ] || : >"$CONTAINERS_CONF"
command -v podman >/dev/null || need_packages podman runc
[ "$(id -u)" -eq 0 ] || cannot "podman is tested as root"
for image in busybox "$@"; do load "$image"; done
# With its own settings, or else with the older way of control groups, and limits that a machine in a container has.
runs || with "" || with '[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]' ||
    cannot "podman runs no container here: $(tail -n 1 "$cache/podman.log")"
echo "$CONTAINERS_CONF"

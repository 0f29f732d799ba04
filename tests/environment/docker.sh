#!/bin/sh
# Makes sure that a Docker engine answers. On Debian, as root, it installs and starts one.
set -eu
. "$(dirname "$0")/common.sh"

answers() {
    timeout 20 docker version >/dev/null 2>&1
}

if answers; then exit 0; fi
alone docker
if answers; then exit 0; fi # another run started it meanwhile

if ! command -v dockerd >/dev/null; then
    command -v apt-get >/dev/null || cannot "no Docker engine answers; start one (docker version must work)"
    need_packages docker.io
fi
[ "$(id -u)" -eq 0 ] || cannot "no Docker engine answers, and starting one needs root"

# By /proc/PID/exe, which a process that was killed and not yet waited for no longer has.
runs() {
    readlink /proc/[0-9]*/exe | grep -q "/$1\$"
}

if ! runs dockerd; then
    # An engine that was killed leaves files that keep a new one from starting.
    rm -f /var/run/docker.pid /var/run/docker.sock
    runs containerd || rm -f /var/run/docker/containerd/containerd.pid
    # In a session of its own, without inherited files: it outlives this script and keeps no pipe or lock open.
    setsid -f dockerd >"$cache/dockerd.log" 2>&1 </dev/null 9>&-
fi
waited=0
until answers; do
    waited=$((waited + 1))
    [ "$waited" -le 60 ] || cannot "dockerd does not answer: $(tail -n 1 "$cache/dockerd.log")"
    sleep 1
done

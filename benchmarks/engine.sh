#!/bin/sh
# A Docker engine for the benchmark alone: engine.sh start|stop FOLDER.
#
# The engine, its shims and its containers (ten with Python, ten without) run in control groups below fleet-codex-bench,
# so that the CPU clock of a group counts only what the benchmark causes, and no other use of Docker on this machine.
set -eu
. "$(dirname "$0")/../tests/environment/common.sh"

action=$1
folder=$2
group=fleet-codex-bench

# Where groups are made: in version 1's cpuacct hierarchy if there is one, else in version 2's.
hierarchy() {
    awk '$3 == "cgroup" && $4 ~ /(^|,)cpuacct(,|$)/ { one = $2 } $3 == "cgroup2" { two = $2 }
        END { print (one ? one : two) }' /proc/mounts
}

within() {
    # shellcheck disable=SC2016  # for the shell that becomes the command
    sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$(hierarchy)/$group/engine" "$@"
}

start() {
    : >"$folder/none.toml"
    echo "{}" >"$folder/none.json"
    docker image inspect fleet-codex-test:bookworm fleet-codex-test:nopython >/dev/null
    mkdir -p "$(hierarchy)/$group/controller" "$(hierarchy)/$group/engine"
    # With a containerd of its own, because dockerd would use the system's if it runs.
    within setsid -f containerd --config "$folder/none.toml" --root "$folder/containerd" --state "$folder/state" \
        --address "$folder/containerd.sock" >"$folder/containerd.log" 2>&1 </dev/null
    within setsid -f dockerd --config-file "$folder/none.json" --containerd "$folder/containerd.sock" \
        --host "unix://$folder/docker.sock" --pidfile "$folder/dockerd.pid" \
        --data-root "$folder/data" --exec-root "$folder/exec" \
        --bridge none --iptables=false --ip-forward=false --ip-masq=false \
        --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$group/targets" \
        >"$folder/dockerd.log" 2>&1 </dev/null
    engine="docker --host unix://$folder/docker.sock"
    waited=0
    until $engine version >/dev/null 2>&1; do
        waited=$((waited + 1))
        [ "$waited" -le 30 ] || cannot "the benchmark's engine does not answer: $(tail -n 1 "$folder/dockerd.log")"
        sleep 1
    done
    run_hosts fleet-codex-test:bookworm bench
    run_hosts fleet-codex-test:nopython bench-without
}

# run_hosts IMAGE PREFIX: ten containers of an image, with the users that the cases name.
run_hosts() {
    docker save "$1" | $engine load --quiet >/dev/null
    for host in $(seq -f "$2-%02.0f" 1 10); do
        $engine run --detach --network none --name "$host" "$1" >/dev/null
        # shellcheck disable=SC2016  # for the container's shell
        $engine exec "$host" sh -c 'for name in by-hand role changing $(seq -f user-%02.0f 1 20); do
                useradd --create-home --shell /bin/bash "$name"; done
            ln -s /bin/true /usr/local/bin/codex'
    done
}

stop() {
    # The processes in the groups that start made, by their numbers: containers, shims, both daemons.
    for part in targets engine controller; do
        # shellcheck disable=SC2038  # process numbers, not file names
        find "$(hierarchy)/$group/$part" -name cgroup.procs -exec cat {} \; 2>/dev/null | xargs -r kill -9 2>/dev/null || true
    done
    sleep 1
    awk -v below="$folder/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount
    # Docker makes its groups in every hierarchy.
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
}

[ "$(id -u)" -eq 0 ] || cannot "the benchmark starts a Docker engine of its own, and that needs root"
"$action"

#!/bin/sh
# PowerShell for the tests, on Linux and on Windows as Wine plays it.
#   windows.sh              sets it up once, in the cache, and prints the folder: bin/pwsh, and bin/pwsh-wine where Wine is
#   windows.sh disk FOLDER  gives FOLDER a bin/pwsh-wine with a Windows disk and registry of its own (FOLDER/wine)
#   windows.sh hosts        starts both as hosts for Ansible, with a disk of their own, and prints the inventory
#   windows.sh stop FOLDER  ends what runs on the disk of FOLDER, and the hosts if FOLDER is the folder of an inventory
# What sets it up is a folder with the scripts `setup` and `winhosts`: $FLEET_CODEX_POWERSHELL, else ../shared/tools/pwsh
# beside the checkout. Without one, $PWSH or `pwsh` on PATH is PowerShell on Linux, and there is no Windows. Without that
# either, the exit status is 3.
set -eu
. "$(dirname "$0")/common.sh"

runs=$checkout/tests/output/windows
wine=/usr/lib/wine/wine64

# failed SENTENCE: not the status of `cannot`, by which others know that this machine has no PowerShell to set up.
failed() {
    echo "fleet.codex: $*" >&2
    exit 1
}

set_up() {
    tools=${FLEET_CODEX_POWERSHELL:-$checkout/../shared/tools/pwsh}
    if [ ! -x "$tools/setup" ] || [ "$(uname -sm)" != "Linux x86_64" ]; then
        [ -z "${FLEET_CODEX_POWERSHELL-}" ] || cannot "there is no script \`setup\` for this machine in $tools"
        found=$(command -v "${PWSH:-pwsh}") || cannot "there is no PowerShell on this machine"
        home=$cache/powershell
        mkdir -p "$home/bin"
        ln -sfn "$found" "$home/bin/pwsh"
        return
    fi
    tools=$(cd "$tools" && pwd -P)
    home=$cache/windows
    # An archive is known by its size: reading it whole would take longer than the tests need.
    wanted=$({ cat "$tools/setup" && wc -c "$tools"/*.xz; } | cksum)
    [ "$(cat "$home/installed" 2>/dev/null)" != "$wanted" ] || return 0
    alone windows
    [ "$(cat "$home/installed" 2>/dev/null)" != "$wanted" ] || return 0 # another run set it up meanwhile
    rm -rf "$home"
    mkdir -p "$home"
    [ -x "$wine" ] || (need_packages wine wine64) || failed "PowerShell on Windows needs Wine, which could not be installed"
    for kind in linux wine; do
        # Closing 9: a server of Wine must not keep the lock.
        bash "$tools/setup" "$kind" "$home" >"$cache/windows.log" 2>&1 </dev/null 9>&- ||
            failed "PowerShell could not be set up: $(tail -n 1 "$cache/windows.log")"
    done
    stop_disk "$home"
    echo "$wanted" >"$home/installed"
}

# disk FOLDER: the programs on the disk are links to those of the cache, which nobody writes to, so this takes no time. The
# registry is a copy.
disk() {
    [ -x "$home/bin/pwsh-wine" ] || cannot "Windows for tests needs a folder with the scripts \`setup\` and \`winhosts\`"
    mkdir -p "$1/bin"
    folder=$(cd "$1" && pwd -P)
    cp -al "$home/wine" "$folder/wine" 2>/dev/null || {
        rm -rf "$folder/wine"
        cp -a "$home/wine" "$folder/wine"
    }
    for file in "$folder/wine"/*.reg "$folder/wine"/.update-timestamp; do
        [ ! -f "$file" ] || { cp "$file" "$file.own" && mv "$file.own" "$file"; }
    done
    ln -sfn "$home/bin/pwsh" "$folder/bin/pwsh"
    for file in wine-env pwsh-wine; do
        sed "s#$home/#$folder/#g" "$home/bin/$file" >"$folder/bin/$file"
    done
    chmod +x "$folder/bin/pwsh-wine"
}

# stop_disk FOLDER: ends every program on its disk.
stop_disk() {
    [ ! -f "$1/bin/wine-env" ] || (
        # shellcheck source=/dev/null  # made by the setup
        . "$1/bin/wine-env"
        "$(dirname "$wine")/wineserver64" -k 9>&- || true
    ) >/dev/null 2>&1 </dev/null
}

stop() {
    [ ! -f "$1/winhosts/sshd.pid" ] || kill "$(cat "$1/winhosts/sshd.pid")" 2>/dev/null || true
    stop_disk "$1"
    rm -rf "$1"
}

# free_ports: prints the first of two ports in a row that nobody listens on.
free_ports() {
    python3 - <<'END'
import socket

while True:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        port = first.getsockname()[1]
        try:
            second.bind(("127.0.0.1", port + 1))
        except (OSError, OverflowError):
            continue
        print(port)
        break
END
}

hosts() {
    (need_packages openssh-server openssh-client) || failed "the hosts need an SSH server, which could not be installed"
    mkdir -p "$runs"
    alone windows-hosts
    for folder in "$runs"/*/; do # of runs that were killed
        [ ! -d "$folder" ] || kill -0 "$(cat "$folder/owner" 2>/dev/null)" 2>/dev/null || stop "$folder"
    done
    run=$(mktemp -d "$runs/XXXXXX")
    # The hosts live as long as who asked for them.
    echo "$PPID" >"$run/owner"
    disk "$run"
    for attempt in 1 2 3; do
        inventory=$(bash "$tools/winhosts" start "$run" "$(free_ports)" 9>&-)
        grep -q 'Bind to port' "$run/winhosts/sshd.log" || break
        # Another program took a port in the meantime.
        [ "$attempt" -lt 3 ] || failed "the SSH server of the hosts found no free port"
        bash "$tools/winhosts" stop "$run"
        rm "$run/winhosts/sshd.log"
    done
    echo "$inventory"
}

case ${1-} in
    '')
        set_up
        echo "$home"
        ;;
    disk)
        set_up
        disk "${2:?a folder}"
        ;;
    hosts)
        set_up
        hosts
        ;;
    stop)
        folder=${2:?a folder, or an inventory}
        case $folder in */winhosts/hosts.ini) folder=${folder%/winhosts/hosts.ini} ;; esac
        stop "$folder"
        ;;
    *) cannot "windows.sh knows disk, hosts and stop, not $1" ;;
esac

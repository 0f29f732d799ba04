# For the scripts in this folder, which read it with `.`: where things are, how to get packages, how to give up.
# shellcheck shell=sh disable=SC2034  # the variables are for the scripts that read this file

environment=$(cd "$(dirname "$0")" && pwd -P)
checkout=$(cd "$environment/../.." && pwd -P)
venv=$checkout/.venv
# Large downloads are kept outside the checkout, so that a fresh clone finds them again.
cache=${FLEET_CODEX_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/fleet-codex}
mkdir -p "$cache"

# cannot SENTENCE: ends the script because this machine lacks something. Status 3 distinguishes that from a failed test.
cannot() {
    echo "fleet.codex: $*" >&2
    exit 3
}

# alone NAME: waits until no other process holds the lock NAME, and holds it until the script ends.
alone() {
    if command -v flock >/dev/null; then
        exec 9>"$cache/$1.lock"
        flock 9
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# need_packages NAME...: installs the Debian packages that are missing.
need_packages() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || cannot "these are missing, and only Debian's apt-get is known here:$missing"
    as_root true 2>/dev/null || cannot "these packages are missing, and installing them needs root:$missing"
    # Closing 9: a service that a package starts must not keep the lock of `alone`.
    # shellcheck disable=SC2086  # a list of words
    { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=120 install -q -y --no-install-recommends $missing; } >"$cache/apt.log" 2>&1 9>&- ||
        cannot "apt-get could not install:$missing (see $cache/apt.log)"
}

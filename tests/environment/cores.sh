#!/bin/sh
# Prints the path of another ansible-core's ansible-playbook: cores.sh oldest|newest|2.17|2.18|2.19|2.20|2.21. It is in a
# virtual environment in the cache, with what the controller needs, and Mitogen for the tests.
# `newest` is the newest for which this machine has a Python.
set -eu
. "$(dirname "$0")/common.sh"

# interpreter NAME...: prints the first Python of these versions that can make virtual environments.
interpreter() {
    for version in "$@"; do
        # A name on PATH may be a shim of pyenv that does not work, although the Python itself is there.
        for name in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python3; do
            "$name" -c 'import ensurepip, sys, venv; print(sys.executable)' 2>/dev/null && return
        done
    done
    return 1
}

# core NAME: sets the version of ansible-core, and the versions of Python for it, the preferred one first.
core() {
    case $1 in
        oldest | 2.17) core=2.17.14 pythons='3.11 3.12' ;;
        2.18) core=2.18.19 pythons='3.11 3.12 3.13' ;;
        2.19) core=2.19.14 pythons='3.11 3.12 3.13' ;;
        2.20) core=2.20.10 pythons='3.13 3.12 3.14' ;;
        newest | 2.21) core=2.21.5 pythons='3.14 3.13 3.12' ;;
        *) cannot "cores.sh knows oldest, newest and 2.17 to 2.21, not ${1:-nothing}" ;;
    esac
}

core "${1:-}"
# shellcheck disable=SC2086  # a list of words
python=$(interpreter $pythons) || {
    [ "$1" = newest ] || cannot "ansible-core $core needs a Python of $pythons, and none of them is installed"
    core 2.19
    # shellcheck disable=SC2086  # a list of words
    python=$(interpreter $pythons) || cannot "ansible-core $core needs a Python of $pythons, and none of them is installed"
}

home=$cache/cores/$core
program=$home/bin/ansible-playbook
# With the versions that development uses. Nothing else in that file concerns this environment, which others may be using.
constraints=$(grep -E '^(tomli|tomledit|tomli-w|Jinja2|PyYAML|mitogen)==' "$checkout/requirements-dev.txt")
checksum=$({ cat "$checkout/requirements.txt" && echo "$constraints"; } | cksum)
ready() {
    [ "$(cat "$home/installed" 2>/dev/null)" = "$checksum" ] && "$program" --version >/dev/null 2>&1
}
if ready; then
    echo "$program"
    exit 0
fi

alone "core-$core"
if ! ready; then # unless another run made it meanwhile
    rm -rf "$home"
    mkdir -p "$home"
    "$python" -m venv "$home"
    echo "$constraints" >"$home/constraints"
    "$home/bin/python" -m pip install -qq --disable-pip-version-check --constraint "$home/constraints" \
        --requirement "$checkout/requirements.txt" mitogen "ansible-core==$core" >"$cache/core-$core.log" 2>&1 ||
        cannot "pip could not install ansible-core $core: $(tail -n 1 "$cache/core-$core.log")"
    echo "$checksum" >"$home/installed"
fi
echo "$program"

#!/bin/sh
# Prints the path of another ansible-core's ansible-playbook: cores.sh oldest|newest. It is in a virtual environment in
# the cache, with only what the controller needs.
set -eu
. "$(dirname "$0")/common.sh"

case ${1:-} in
    oldest) core=2.17.14 names='python3.11 python3.12' ;;
    newest) core=2.21.5 names='python3.14 python3.13 python3.12' ;;
    *) cannot "cores.sh knows oldest and newest, not ${1:-nothing}" ;;
esac

home=$cache/cores/$core
program=$home/bin/ansible-playbook
checksum=$(cat "$checkout/requirements.txt" "$checkout/requirements-dev.txt" | cksum)
ready() {
    [ "$(cat "$home/installed" 2>/dev/null)" = "$checksum" ] && "$program" --version >/dev/null 2>&1
}
if ready; then
    echo "$program"
    exit 0
fi

alone "core-$1"
if ! ready; then # unless another run made it meanwhile
    python=
    # A name on PATH may be a shim of pyenv that does not work, although the Python itself is there.
    for name in $names "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-4].*/bin/python3; do
        python=$("$name" -c 'import ensurepip, sys, venv; print(sys.executable)' 2>/dev/null) && break
    done
    [ -n "$python" ] || cannot "ansible-core $core needs one of $names, and none of them is installed"
    rm -rf "$home"
    mkdir -p "$home"
    "$python" -m venv "$home"
    # With the versions that development uses.
    grep -E '^(tomli|tomledit|tomli-w|Jinja2|PyYAML)==' "$checkout/requirements-dev.txt" >"$home/constraints"
    "$home/bin/python" -m pip install -qq --disable-pip-version-check --constraint "$home/constraints" \
        --requirement "$checkout/requirements.txt" "ansible-core==$core" >"$cache/core-$1.log" 2>&1 ||
        cannot "pip could not install ansible-core $core: $(tail -n 1 "$cache/core-$1.log")"
    echo "$checksum" >"$home/installed"
fi
echo "$program"

#!/bin/sh
# Makes .venv with the packages of a requirements file: venv.sh [requirements-check.txt]. Quick if nothing changed.
# FLEET_CODEX_PYTHON names the interpreter to use instead of the first one found.
set -eu
. "$(dirname "$0")/common.sh"

requirements=${1:-requirements-check.txt}
[ -f "$checkout/$requirements" ] || cannot "there is no $requirements in $checkout"

# A name on PATH may be a shim that does not work, or may be from a virtual environment, even from this one. So this
# checks whether it runs, and which interpreter is behind it.
find_python() {
    for name in ${FLEET_CODEX_PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
        "$name" -c 'import os, sys; sys.version_info >= (3, 11) or sys.exit(1)
print(os.path.realpath(sys._base_executable))' 2>/dev/null && return
    done
    cannot "no Python 3.11 or later was found (looked for ${FLEET_CODEX_PYTHON:-python3.11 to python3.14, python3})"
}

alone venv
python=$(find_python)
identity="$python $("$python" -V) $venv"
if [ "$(cat "$venv/identity" 2>/dev/null)" != "$identity" ] || ! "$venv/bin/python" -c '' 2>/dev/null; then
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        cannot "$python has no venv or ensurepip; on Debian and Ubuntu: apt-get install python3-venv"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    echo "$identity" >"$venv/identity"
fi

# The checksum is of all requirements files, because one includes another.
stamp=$venv/installed-$(basename "$requirements")
checksum=$(cat "$checkout"/requirements*.txt | cksum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$checksum" ]; then
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check --requirement "$checkout/$requirements" ||
        cannot "pip could not install $requirements"
    echo "$checksum" >"$stamp"
fi

#!/bin/sh
# On every ansible-core from 2.17 to 2.21, or on those that are named: `ansible-test sanity`, the unit tests, and the
# smallest run of the role, twice: every_core.sh [2.17...]
set -eu
. "$(dirname "$0")/common.sh"

sh "$environment/venv.sh"
sh "$environment/collections.sh"
mkdir -p "$checkout/tests/output"

# units CORE: runs the unit tests with that core and its Python. pytest is added to what cores.sh has installed.
units() {
    python=$(dirname "$(sh "$environment/cores.sh" "$1")")/python
    log=$checkout/tests/output/units-$1.log
    cd "$checkout"
    if ! { "$python" -m pip install -qq --disable-pip-version-check --constraint requirements-dev.txt \
        --requirement tests/unit/requirements.txt pytest pytest-xdist &&
        ANSIBLE_COLLECTIONS_PATH="$venv/collections" "$python" -m pytest tests/unit --quiet --numprocesses 2; } \
        >"$log" 2>&1; then
        tail -n 40 "$log"
        return 1
    fi
}

[ $# -gt 0 ] || set -- 2.17 2.18 2.19 2.20 2.21
# All of them run, even if one fails.
status=0
for core in "$@"; do
    sanity=ok units=ok role=ok
    sh "$environment/sanity.sh" --core "$core" || sanity=FAILED status=1
    (units "$core") || units=FAILED status=1
    sh "$environment/role.sh" "$core" "$venv/collections" || role=FAILED status=1
    echo "ansible-core $core: sanity $sanity, unit tests $units, role $role"
done
exit "$status"

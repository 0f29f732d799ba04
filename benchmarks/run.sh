#!/bin/sh
# `make bench`: the cost of planning, and the cost of tasks on ten containers with Python and ten without, compared with
# other tasks. ROUNDS=3 is how often each case is measured (two minutes each). Needs root, and Debian to install Docker.
set -eu
benchmarks=$(cd "$(dirname "$0")" && pwd -P)
checkout=$(cd "$benchmarks/.." && pwd -P)
scripts=$checkout/tests/environment

sh "$scripts/venv.sh"
sh "$scripts/collections.sh" --tests
PATH=$checkout/.venv/bin:$PATH
export ANSIBLE_COLLECTIONS_PATH="$checkout/.venv/collections"
FOLDER=$(mktemp -d /var/tmp/fleet-codex-bench.XXXXXX)
finish() {
    sh "$benchmarks/engine.sh" stop "$FOLDER"
    rm -rf "$FOLDER"
}
trap finish EXIT
trap 'exit 1' INT TERM
# Compiled code is kept, as on most machines, even if the environment here says otherwise.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$FOLDER/python"
PYTHONPATH=$ANSIBLE_COLLECTIONS_PATH python "$benchmarks/plan.py"

sh "$scripts/docker.sh"
sh "$scripts/images.sh" bookworm nopython
sh "$benchmarks/engine.sh" start "$FOLDER"
export DOCKER_HOST="unix://$FOLDER/docker.sock" ANSIBLE_HOME="$FOLDER/ansible"
echo
python "$benchmarks/bench.py" "${ROUNDS:-3}"

#!/bin/sh
# `make bench-windows`: what an unchanged codex_home costs on Windows hosts, beside win_ping in the same play. ROUNDS=10 is
# how often each is measured. The hosts are those of tests/environment/windows.sh: PowerShell on Linux, and on Wine.
set -eu
benchmarks=$(cd "$(dirname "$0")" && pwd -P)
scripts=$benchmarks/../tests/environment

sh "$scripts/venv.sh"
sh "$scripts/collections.sh" --tests
playbook=$(sh "$scripts/cores.sh" newest)
inventory=$(sh "$scripts/windows.sh" hosts)
finish() { sh "$scripts/windows.sh" stop "$inventory"; }
trap finish EXIT
trap 'exit 1' INT TERM
ANSIBLE_COLLECTIONS_PATH=$(cd "$benchmarks/.." && pwd -P)/.venv/collections
export ANSIBLE_COLLECTIONS_PATH
"$(dirname "$playbook")/python" "$benchmarks/windows.py" "$playbook" "$inventory" "${ROUNDS:-10}"

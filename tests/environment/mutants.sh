#!/bin/sh
# Do the unit tests notice when the code of the pure rooms is changed? mutmut changes it in a copy of this checkout.
# FLEET_CODEX_MUTANTS is the number of changes (300), FLEET_CODEX_MUTANTS_SEED draws the same ones again.
set -eu
. "$(dirname "$0")/common.sh"

sh "$environment/venv.sh" requirements-mutants.txt
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
copy=$scratch/ansible_collections/fleet/codex
mkdir -p "$copy"
tar -C "$checkout" -cf - --exclude='./.*' --exclude=./tests/output . | tar -C "$copy" -xf -
cd "$scratch"
PATH=$venv/bin:$PATH python "$environment/mutants.py"

#!/bin/sh
# Links this checkout to where Ansible looks for fleet.codex, below .venv/collections (ANSIBLE_COLLECTIONS_PATH).
# With --tests, also installs the collections that only the tests need (tests/requirements.yml).
set -eu
. "$(dirname "$0")/common.sh"

collections=$venv/collections
link=$collections/ansible_collections/fleet/codex
[ -x "$venv/bin/python" ] || cannot "there is no .venv yet: run tests/environment/venv.sh first"
mkdir -p "$(dirname "$link")"
[ "$(readlink "$link" 2>/dev/null)" = "$checkout" ] || ln -sfn "$checkout" "$link"
[ "${1:-}" = --tests ] || exit 0

alone collections
wanted=$checkout/tests/requirements.yml
stamp=$collections/tests-requirements
[ "$(cat "$stamp" 2>/dev/null)" != "$(cksum <"$wanted")" ] || exit 0

# If Galaxy does not answer, the same versions are taken from the `ansible` bundle on the Python index.
timeout 60 "$venv/bin/ansible-galaxy" collection install --timeout 5 --force \
    --requirements-file "$wanted" --collections-path "$collections" >"$cache/galaxy.log" 2>&1 ||
    "$venv/bin/python" "$environment/bundle.py" "$wanted" "$cache/bundle" "$collections" ||
    cannot "neither Galaxy (see $cache/galaxy.log) nor the Python index gave the collections that the tests need"
cksum <"$wanted" >"$stamp"

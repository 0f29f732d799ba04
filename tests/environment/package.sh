#!/bin/sh
# Builds the collection's archive, installs it, also from git, lists its modules, and checks it with Galaxy's importer.
set -eu
. "$(dirname "$0")/common.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$checkout"
PATH=$venv/bin:$PATH
export ANSIBLE_COLLECTIONS_PATH="$work/installed" # not .venv/collections, which has this checkout
ansible-galaxy collection build --output-path "$work"
ansible-galaxy collection install "$work"/*.tar.gz --offline --no-deps --collections-path "$work/installed"

# As from a requirements file with a git source. This installs the last commit.
ansible-galaxy collection install "git+file://$checkout" --no-deps --collections-path "$work/from-git"
[ -f "$work/from-git/ansible_collections/fleet/codex/plugins/module_utils/describe.py" ]

listed=$(ansible-doc --list --type module fleet.codex)
echo "$listed"
echo "$listed" | grep -q '^fleet\.codex\.codex_info' || {
    echo "the installed collection does not offer codex_info" >&2
    exit 1
}

(cd "$work" && python -m galaxy_importer.main ./*.tar.gz)

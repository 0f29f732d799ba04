#!/bin/sh
# On every ansible-core from 2.17 to 2.21: `ansible-test sanity`, and the smallest run of the role, twice.
set -eu
. "$(dirname "$0")/common.sh"

sh "$environment/venv.sh"
sh "$environment/collections.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
export ANSIBLE_COLLECTIONS_PATH="$venv/collections" ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=false

# role CORE: logs a home in, which changes something once.
role() {
    program=$(sh "$environment/cores.sh" "$1") || return
    for changed in 1 0; do
        if ! recap=$("$program" -i localhost, -c local -e ansible_python_interpreter=/usr/bin/python3 \
            -e "codex_home=$scratch/$1/codex" -e codex_api_key=fleet-test-key-cores -e codex_export_api_key=false \
            "$environment/every_core.yml" 2>&1) || ! echo "$recap" | grep -q "changed=$changed .*failed=0"; then
            echo "$recap"
            return 1
        fi
    done
    grep -q fleet-test-key-cores "$scratch/$1/codex/auth.json"
}

# All of them run, even if one fails.
status=0
for core in 2.17 2.18 2.19 2.20 2.21; do
    sanity=ok role=ok
    mkdir "$scratch/$core"
    sh "$environment/sanity.sh" --core "$core" || sanity=FAILED status=1
    role "$core" || role=FAILED status=1
    echo "ansible-core $core: sanity $sanity, role $role"
done
exit "$status"

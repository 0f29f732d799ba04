#!/bin/sh
# The smallest run of the role on one ansible-core, twice: role.sh CORE FOLDER. CORE is one of cores.sh, and FOLDER is where
# Ansible finds fleet.codex. The first run must log a home in, and the second one must change nothing.
set -eu
. "$(dirname "$0")/common.sh"

program=$(sh "$environment/cores.sh" "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export ANSIBLE_COLLECTIONS_PATH="$2" ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=false

cd "$work" # where there is no ansible.cfg
mkdir home # in place of that of whoever runs this
for changed in 1 0; do
    if ! recap=$("$program" -i localhost, -c local -e ansible_python_interpreter=/usr/bin/python3 \
        -e "home=$work/home" -e codex_api_key=fleet-test-key-cores \
        "$environment/every_core.yml" 2>&1) || ! echo "$recap" | grep -q "changed=$changed .*failed=0"; then
        echo "$recap"
        exit 1
    fi
done
grep -q fleet-test-key-cores "$work/home/.codex/auth.json" || {
    echo "the role on ansible-core $1 reports success, and the key is not in auth.json"
    exit 1
}
echo "the role logs in, and a second run changes nothing"

#!/bin/sh
# Runs the Molecule scenarios with the images of images.sh and a real Codex, without a network. The output of each is in
# tests/output/molecule/NAME.log.
# molecule.sh ARGUMENT... runs Molecule with these arguments instead, such as: converge --scenario-name users
set -eu
. "$(dirname "$0")/common.sh"
logs=$checkout/tests/output/molecule

# run SCENARIO: prints one line, and if the scenario failed what its log says about that.
run() {
    begun=$(date +%s) result=ok
    molecule test --scenario-name "$1" >"$logs/$1.log" 2>&1 </dev/null || result=FAILED
    printf '%-12s %4d s  %s\n' "$1" $(($(date +%s) - begun)) "$result"
    [ "$result" != FAILED ] || grep -A 9 -E 'ERROR|fatal: |failed: ' "$logs/$1.log" | head -n 30 | sed 's/^/    | /'
    [ "$result" = ok ]
}

if [ "${1:-}" = --run ]; then
    run "$2"
    exit
fi

sh "$environment/docker.sh"
sh "$environment/images.sh" bullseye bookworm trixie nopython busybox
for suite in bullseye bookworm trixie; do
    export "FLEET_CODEX_IMAGE_$(echo "$suite" | tr '[:lower:]' '[:upper:]')=fleet-codex-test:$suite"
done
export FLEET_CODEX_IMAGE_SLIM=fleet-codex-test:nopython FLEET_CODEX_IMAGE_BUSYBOX=fleet-codex-test:busybox
FLEET_CODEX_BINARY=$(sh "$environment/codex.sh" 0.171.0)
export FLEET_CODEX_BINARY FLEET_CODEX_NETWORK=none ANSIBLE_COLLECTIONS_PATH="$venv/collections" PATH="$venv/bin:$PATH"

alone molecule # the containers have fixed names
cd "$checkout"
if [ $# -gt 0 ]; then
    molecule "$@"
    exit
fi

rm -rf "$logs"
mkdir -p "$logs"
export NO_COLOR=1 ANSIBLE_NOCOLOR=1
# Three at a time: on two cores, because each of them often waits for Docker.
for scenario in extensions/molecule/*/molecule.yml; do basename "$(dirname "$scenario")"; done |
    xargs -P 3 -n 1 sh "$0" --run

#!/bin/sh
# Runs the Molecule scenario with the images of images.sh and a real Codex, without a network.
# molecule.sh [ARGUMENT...] (default: test)
set -eu
. "$(dirname "$0")/common.sh"

sh "$environment/docker.sh"
sh "$environment/images.sh" bullseye bookworm trixie
for suite in bullseye bookworm trixie; do
    export "FLEET_CODEX_IMAGE_$(echo "$suite" | tr '[:lower:]' '[:upper:]')=fleet-codex-test:$suite"
done
FLEET_CODEX_BINARY=$(sh "$environment/codex.sh" 0.171.0)
export FLEET_CODEX_BINARY FLEET_CODEX_NETWORK=none ANSIBLE_COLLECTIONS_PATH="$venv/collections"

alone molecule # the containers have fixed names
cd "$checkout"
PATH=$venv/bin:$PATH
[ $# -gt 0 ] || set -- test --scenario-name default
molecule "$@"

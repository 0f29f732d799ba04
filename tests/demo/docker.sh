#!/bin/sh
# `make demo-docker`: two running containers, one with Python and one without, are logged in to Codex by one task, a real
# Codex says what it sees in each, and a second run changes nothing.
# The containers have no network. They and one scratch folder are removed at the end; .venv, the cache of downloads and the
# images stay. FLEET_CODEX_DEMO_IMAGES names two other images, which must be there.
set -eu
demo=$(cd "$(dirname "$0")" && pwd -P)
. "$demo/common.sh"
images=${FLEET_CODEX_DEMO_IMAGES:-}

say 'Setting up (some minutes the first time, seconds later)'
sh "$environment/venv.sh" tests/demo/requirements.txt
sh "$environment/collections.sh" --tests # community.docker, for its connection
sh "$environment/docker.sh"
if [ -z "$images" ]; then
    sh "$environment/images.sh" bookworm nopython
    images='fleet-codex-test:bookworm fleet-codex-test:nopython'
fi
codex=$(sh "$environment/codex.sh" "$codex_version")
echo "  Ansible  ansible-core $(core_version), in .venv"
echo "  Codex    $codex_version, the real binary from npm"

make_scratch
containers=
finish() {
    # shellcheck disable=SC2086  # a list of words
    [ -z "$containers" ] || docker rm --force $containers >/dev/null
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 1' INT TERM

printf 'all:\n  vars:\n    ansible_connection: community.docker.docker\n    demo_api_key: fleet-demo-key-0004\n  hosts:\n' \
    >"$scratch/inventory.yml"
for image in $images; do
    id=$(docker run --detach --network none --volume "$codex:/usr/local/bin/codex:ro" "$image" sleep infinity)
    containers="$containers $id"
    docker exec "$id" sh -c 'useradd --create-home alice 2>/dev/null || adduser -D alice'
    python=$(docker exec "$id" sh -c 'command -v python3 >/dev/null && python3 --version || echo no Python')
    name=without-python
    [ "$python" = 'no Python' ] || name=with-python
    printf '    %s: {ansible_host: %s}\n' "$name" "$id" >>"$scratch/inventory.yml"
    echo "  Host     $name, a container of $image: $python"
done

export ANSIBLE_CONFIG="$demo/ansible.cfg" ANSIBLE_COLLECTIONS_PATH="$venv/collections" ANSIBLE_HOME="$scratch/ansible"
run() {
    play "$scratch/log" "$bin/ansible-playbook" --inventory "$scratch/inventory.yml" "$@" "$demo/docker.yml"
}

say 'What is declared, in tests/demo/docker.yml'
sed -n '/tasks:/,$p' "$demo/docker.yml" >"$scratch/declared"
show "$scratch/declared"

say 'First run: ansible-playbook --diff tests/demo/docker.yml'
run --diff

say 'What codex login status says in each container'
for id in $containers; do
    docker exec --user alice --env HOME=/home/alice "$id" codex login status >"$scratch/said" 2>&1 || true
    printf '  %s\n' "$(sed -n "s/^ *\(.*\): {ansible_host: $id}/\1/p" "$scratch/inventory.yml")"
    grep -v '^WARNING' "$scratch/said" | sed 's/^/    /'
done

say 'Second run, the same command: nothing has to be done'
run --diff
[ "$(grep -Ec 'changed=0 +unreachable=0 +failed=0' "$scratch/log")" -eq 2 ] || {
    echo 'The second run should have changed nothing.' >&2
    exit 1
}
say 'Both containers are logged in, and the second run changed nothing.'

#!/bin/sh
# `make demo`: the role logs three made-up hosts in to Codex, a real Codex says what it sees there, and a second run
# keeps tokens that were renewed since.
# Each host is a folder on this machine. Nothing is touched but .venv, the cache of downloads and one scratch folder,
# which is removed at the end; KEEP=1 keeps it.
set -eu
demo=$(cd "$(dirname "$0")" && pwd -P)
. "$demo/common.sh"
hosts='build-1 dev-1 old-1'

# --------------------------------------------------------------------------------------- setting up

say 'Setting up (a minute or two the first time, seconds later)'
[ -x "$bin/ansible-playbook" ] || echo '  pip downloads ansible-core and what it needs, into .venv …'
sh "$environment/venv.sh" tests/demo/requirements.txt
sh "$environment/collections.sh"
[ -x "$cache/codex/$codex_version/codex" ] || ! command -v npm >/dev/null ||
    printf '  npm downloads Codex %s, some 100 MB, into\n  %s …\n' "$codex_version" "$cache"
echo "  Ansible  ansible-core $(core_version), in .venv"
if codex=$(sh "$environment/codex.sh" "$codex_version" 2>&1); then
    echo "  Codex    $codex_version, the real binary from npm"
else
    echo "  Codex    none, so the demo goes without it: ${codex#fleet.codex: }"
    codex=
fi

make_scratch
export DEMO_SCRATCH="$scratch"
finish() {
    if [ -n "${KEEP:-}" ]; then
        printf '\nThe three hosts are kept in %s\n' "$scratch"
    else
        rm -rf "$scratch"
    fi
}
trap finish EXIT
trap 'exit 1' INT TERM
cd "$scratch"
# shellcheck disable=SC2086  # a list of words
mkdir $hosts
mkdir -m 700 old-1/.codex
cp "$demo/old-config.toml" old-1/.codex/config.toml
echo fleet-demo-vault-password >vault-password

export ANSIBLE_CONFIG="$demo/ansible.cfg" ANSIBLE_COLLECTIONS_PATH="$venv/collections"
export ANSIBLE_HOME="$scratch/ansible" ANSIBLE_VAULT_PASSWORD_FILE="$scratch/vault-password"

"$bin/python" "$demo/tokens.py" given | "$bin/ansible-vault" encrypt --output dev-1.auth.json 2>vault.log || {
    cat vault.log >&2
    exit 1
}
echo "  Hosts    three folders in $scratch"

# ------------------------------------------------------------------------------------------ showing

# run NAME OPTION...: the playbook, whose output is kept in NAME.log.
run() {
    name=$1
    shift
    play "$name.log" "$bin/ansible-playbook" "$@" "$demo/playbook.yml"
}

# homes: what is in the three hosts.
homes() {
    # shellcheck disable=SC2086  # a list of words
    find $hosts -exec ls -ld {} + | cksum
}

# Without a network where that is possible: what Codex says comes from the files alone.
for offline in 'unshare --net' 'unshare --map-root-user --net' ''; do
    # shellcheck disable=SC2086  # a list of words
    ! $offline true 2>/dev/null || break
done

ask_codex() {
    # shellcheck disable=SC2086
    env -i PATH="$PATH" HOME="$scratch/$1" $offline "$codex" login status 2>&1 | grep -v '^WARNING' || true
}

say 'What is declared, in tests/demo/inventory.yml'
sed -n 's/^  //; /^hosts:/,$p' "$demo/inventory.yml" >declared
show declared

say 'Look first, change nothing: ansible-playbook --check --diff'
untouched=$(homes)
run check --check --diff
[ "$(homes)" = "$untouched" ] || {
    echo 'Check mode should have changed nothing.' >&2
    exit 1
}

say 'First run: ansible-playbook'
run first

if [ -n "$codex" ]; then
    say "What codex login status says there${offline:+, without a network}"
    for host in $hosts; do
        ask_codex "$host" >"$host.status"
        printf '  %-9s%s\n' "$host" "$(sed '2,$s/^/           /' "$host.status")"
    done
fi

say "Between the runs, dev-1's ChatGPT tokens are renewed"
renewed_at() { sed -n 's/.*"last_refresh": "\([^".]*\).*/\1/p'; }
"$bin/python" "$demo/tokens.py" renewed >renewed.auth.json
cat renewed.auth.json >dev-1/.codex/auth.json
echo '  Codex does that by itself, at a server. Here the demo does it: it writes newer'
echo "  tokens of the same account to dev-1's auth.json. The copy in the vault is now"
echo '  the older one:'
echo "    vault  last_refresh $("$bin/ansible-vault" view dev-1.auth.json | renewed_at)"
echo "    dev-1  last_refresh $(renewed_at <dev-1/.codex/auth.json)"

say 'Second run, the same command: nothing to do, and the newer tokens stay'
run second

say "What changed in old-1's own config.toml"
diff -U 20 "$demo/old-config.toml" old-1/.codex/config.toml | sed 1,3d >config.diff || true
show config.diff

say 'In short'
"$bin/python" "$demo/summary.py" "$scratch" ${colour:+--colour}

say 'Next'
cat <<'END'
  On a server of yours, in ten minutes   docs/quickstart.md
  In two containers                      make demo-docker
  Every variable of the role             roles/codex/README.md
END

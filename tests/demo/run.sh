#!/bin/sh
# `make demo`: the role logs three made-up hosts in to Codex, and a real Codex says what it sees there.
# Each host is a home folder on this machine; nothing is touched but .venv, the cache of downloads and
# one scratch folder, which goes at the end. KEEP=1 keeps it.
set -eu
demo=$(cd "$(dirname "$0")" && pwd -P)
checkout=$(cd "$demo/../.." && pwd -P)
hosts='build-1 dev-1 old-1'

colour=
[ ! -t 1 ] || [ -n "${NO_COLOR:-}" ] || colour=1

say() {
    if [ -n "$colour" ]; then printf '\n\033[1m%s\033[0m\n' "$1"; else printf '\n%s\n' "$1"; fi
}

# A file, indented; paths start at the scratch folder.
show() {
    printf '%s\n' "$(sed -e "s|$DEMO_SCRATCH/||g" -e 's/ *$//' -e 's/^./  &/' "$1" | cat -s | sed '1{/^$/d;}')"
}

# What the person's own Ansible and Codex are told is not for the demo.
for name in $(env | sed -n 's/^\(ANSIBLE_[A-Z0-9_]*\)=.*/\1/p'); do unset "$name"; done
[ "$(locale charmap 2>/dev/null)" = UTF-8 ] || export LC_ALL=C.UTF-8 # Ansible wants a UTF-8 locale
unset CODEX_HOME OPENAI_API_KEY CODEX_API_KEY CODEX_ACCESS_TOKEN

# --------------------------------------------------------------------------------------- setting up

say 'Setting up (a minute the first time, seconds later)'
sh "$checkout/tests/environment/venv.sh" tests/demo/requirements.txt
sh "$checkout/tests/environment/collections.sh"
bin=$checkout/.venv/bin
echo "  Ansible  ansible-core $("$bin/python" -c 'from ansible.release import __version__; print(__version__)'), in .venv"
if codex=$(sh "$checkout/tests/environment/codex.sh" 0.169.0 2>&1); then
    echo "  Codex    0.169.0, the real binary from npm"
else
    echo "  Codex    none, so nobody will ask it: ${codex#fleet.codex: }"
    codex=
fi

# Not in /tmp: Codex warns of a home there.
DEMO_SCRATCH=$(cd "$(mktemp -d "${TMPDIR:-/var/tmp}/fleet-codex-demo.XXXXXX")" && pwd -P)
export DEMO_SCRATCH
finish() {
    if [ -n "${KEEP:-}" ]; then
        printf '\nThe three homes are kept in %s\n' "$DEMO_SCRATCH"
    else
        rm -rf "$DEMO_SCRATCH"
    fi
}
trap finish EXIT
trap 'exit 1' INT TERM
cd "$DEMO_SCRATCH"
# shellcheck disable=SC2086  # a list of words
mkdir $hosts
mkdir -m 700 old-1/.codex
cp "$demo/old-config.toml" old-1/.codex/config.toml
echo fleet-demo-vault-password >vault-password

export ANSIBLE_CONFIG="$demo/ansible.cfg" ANSIBLE_COLLECTIONS_PATH="$checkout/.venv/collections"
export ANSIBLE_HOME="$DEMO_SCRATCH/ansible" ANSIBLE_VAULT_PASSWORD_FILE="$DEMO_SCRATCH/vault-password"
[ -z "$colour" ] || export ANSIBLE_FORCE_COLOR=1

"$bin/python" "$demo/tokens.py" | "$bin/ansible-vault" encrypt --output dev-1.auth.json 2>vault.log || {
    cat vault.log >&2
    exit 1
}
echo "  Hosts    three folders in $DEMO_SCRATCH:"
echo "           build-1 is to get an API key, also in its environment"
echo "           dev-1   is to get a ChatGPT login, out of a vault-encrypted file"
echo "           old-1   is to get an API key, and settings in the config.toml that it has already"

# ------------------------------------------------------------------------------------------ showing

play() {
    status=0
    "$bin/ansible-playbook" --diff "$demo/playbook.yml" >"$1.log" 2>&1 || status=$?
    show "$1.log"
    return "$status"
}

# Without a network where that can be had: what Codex says comes from the files alone.
for offline in 'unshare --net' 'unshare --map-root-user --net' ''; do
    # shellcheck disable=SC2086  # a list of words
    ! $offline true 2>/dev/null || break
done

ask_codex() {
    # shellcheck disable=SC2086
    env -i PATH="$PATH" HOME="$DEMO_SCRATCH/$1" $offline "$codex" login status 2>&1 | grep -v '^WARNING' || true
}

say 'First run: ansible-playbook --diff tests/demo/playbook.yml'
play first

if [ -n "$codex" ]; then
    say "What codex login status says there${offline:+, without a network}"
    for host in $hosts; do
        ask_codex "$host" >"$host.status"
        printf '  %-9s%s\n' "$host" "$(sed '2,$s/^/           /' "$host.status")"
    done
fi

say 'Second run, the same command: there is nothing left to do'
play second

say "What became of old-1's own config.toml"
diff -U 20 "$demo/old-config.toml" old-1/.codex/config.toml | sed 1,3d >config.diff || true
show config.diff

say 'In short'
"$bin/python" "$demo/summary.py" "$DEMO_SCRATCH" ${colour:+--colour}

#!/bin/sh
# `make demo`: the role logs three made-up hosts in to Codex, a real Codex says what it sees there, and a second run
# keeps tokens that were renewed since.
# Each host is a folder on this machine. Nothing is touched but .venv, the cache of downloads and one scratch folder,
# which is removed at the end; KEEP=1 keeps it.
set -eu
demo=$(cd "$(dirname "$0")" && pwd -P)
. "$demo/../environment/common.sh"
environment=$checkout/tests/environment
bin=$venv/bin
hosts='build-1 dev-1 old-1'
codex_version=0.171.0

colour=
[ ! -t 1 ] || [ -n "${NO_COLOR:-}" ] || colour=1

say() {
    if [ -n "$colour" ]; then printf '\n\033[1m%s\033[0m\n' "$1"; else printf '\n%s\n' "$1"; fi
}

# A file, indented; paths start at the scratch folder.
show() {
    printf '%s\n' "$(sed -e "s|$DEMO_SCRATCH/||g" -e 's/ *$//' -e 's/^./  &/' "$1" | cat -s | sed '1{/^$/d;}')"
}

# Settings for other uses of Ansible and Codex stay out of the demo.
for name in $(env | sed -n 's/^\(ANSIBLE_[A-Z0-9_]*\)=.*/\1/p'); do unset "$name"; done
[ "$(locale charmap 2>/dev/null)" = UTF-8 ] || export LC_ALL=C.UTF-8 # Ansible wants a UTF-8 locale
unset CODEX_HOME OPENAI_API_KEY CODEX_API_KEY CODEX_ACCESS_TOKEN

# --------------------------------------------------------------------------------------- setting up

say 'Setting up (a minute or two the first time, seconds later)'
[ -x "$bin/ansible-playbook" ] || echo '  pip downloads ansible-core and what it needs, into .venv …'
sh "$environment/venv.sh" tests/demo/requirements.txt
sh "$environment/collections.sh"
[ -x "$cache/codex/$codex_version/codex" ] || ! command -v npm >/dev/null ||
    echo "  npm downloads Codex $codex_version, some 100 MB, into $cache …"
echo "  Ansible  ansible-core $("$bin/python" -c 'from ansible.release import __version__; print(__version__)'), in .venv"
if codex=$(sh "$environment/codex.sh" "$codex_version" 2>&1); then
    echo "  Codex    $codex_version, the real binary from npm"
else
    echo "  Codex    none, so the demo goes without it: ${codex#fleet.codex: }"
    codex=
fi

# Not in /tmp: Codex warns of a home there.
DEMO_SCRATCH=$(cd "$(mktemp -d "${TMPDIR:-/var/tmp}/fleet-codex-demo.XXXXXX")" && pwd -P)
export DEMO_SCRATCH
finish() {
    if [ -n "${KEEP:-}" ]; then
        printf '\nThe three hosts are kept in %s\n' "$DEMO_SCRATCH"
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

export ANSIBLE_CONFIG="$demo/ansible.cfg" ANSIBLE_COLLECTIONS_PATH="$venv/collections"
export ANSIBLE_HOME="$DEMO_SCRATCH/ansible" ANSIBLE_VAULT_PASSWORD_FILE="$DEMO_SCRATCH/vault-password"
[ -z "$colour" ] || export ANSIBLE_FORCE_COLOR=1

"$bin/python" "$demo/tokens.py" given | "$bin/ansible-vault" encrypt --output dev-1.auth.json 2>vault.log || {
    cat vault.log >&2
    exit 1
}
echo "  Hosts    three folders in $DEMO_SCRATCH"

# ------------------------------------------------------------------------------------------ showing

play() {
    status=0
    "$bin/ansible-playbook" --diff "$demo/playbook.yml" >"$1.log" 2>&1 || status=$?
    show "$1.log"
    return "$status"
}

# Without a network where that is possible: what Codex says comes from the files alone.
for offline in 'unshare --net' 'unshare --map-root-user --net' ''; do
    # shellcheck disable=SC2086  # a list of words
    ! $offline true 2>/dev/null || break
done

ask_codex() {
    # shellcheck disable=SC2086
    env -i PATH="$PATH" HOME="$DEMO_SCRATCH/$1" $offline "$codex" login status 2>&1 | grep -v '^WARNING' || true
}

say 'What is declared, in tests/demo/inventory.yml; the role takes it from there'
sed -n 's/^  //; /^hosts:/,$p' "$demo/inventory.yml" >declared
show declared

say 'First run: ansible-playbook --diff tests/demo/playbook.yml'
play first

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
echo '  Codex does that by itself, at a server. Here the demo does it: it writes newer tokens of the same'
echo "  account to dev-1's auth.json. The copy in the vault is now the older one:"
echo "    vault  last_refresh $("$bin/ansible-vault" view dev-1.auth.json | renewed_at)"
echo "    dev-1  last_refresh $(renewed_at <dev-1/.codex/auth.json)"

say 'Second run, the same command: nothing has to be done, and the newer tokens stay'
play second

say "What changed in old-1's own config.toml"
diff -U 20 "$demo/old-config.toml" old-1/.codex/config.toml | sed 1,3d >config.diff || true
show config.diff

say 'In short'
"$bin/python" "$demo/summary.py" "$DEMO_SCRATCH" ${colour:+--colour}

#!/bin/sh
# `make demo-windows`: the role logs a Windows host in to Codex, its codex.exe says what it sees, and a second run changes
# nothing. The host is Windows as Wine plays it, with the real codex.exe from npm, on this machine, where
# tests/environment/windows.sh can set that up. FLEET_CODEX_INVENTORY names an inventory with a host of your own in the
# group `windows` instead, on which Codex is installed: the demo works in a Codex home of its own there, C:\fleet-codex-demo,
# and removes the login and the variables again.
set -eu
demo=$(cd "$(dirname "$0")" && pwd -P)
. "$demo/common.sh"

say 'Setting up (some minutes the first time, seconds later)'
sh "$environment/venv.sh" tests/demo/requirements.txt
sh "$environment/collections.sh"
playbook=$(sh "$environment/cores.sh" newest)
echo "  Ansible  $("$playbook" --version | sed -n '1s/.*\[\(.*\)\]/ansible-\1/p')"
make_scratch
if [ -n "${FLEET_CODEX_INVENTORY-}" ]; then
    inventory=$FLEET_CODEX_INVENTORY
    own='-e codex_home=C:/fleet-codex-demo' # -e would read a backslash and f as one character
    trap 'rm -rf "$scratch"' EXIT
    echo "  Host     yours, of the group windows in $inventory"
else
    codex=$(sh "$environment/codex.sh" --windows "$codex_version")
    inventory=$(sh "$environment/windows.sh" hosts)
    trap 'sh "$environment/windows.sh" stop "$inventory"; rm -rf "$scratch"' EXIT
    own='--limit win-wine'
    wine=${inventory%/winhosts/hosts.ini}
    for profile in "$wine"/wine/drive_c/users/*/; do # where winget puts a link
        case $profile in */Public/) continue ;; esac
        mkdir -p "$profile/AppData/Local/Microsoft/WinGet/Links"
        ln -sfn "$codex" "$profile/AppData/Local/Microsoft/WinGet/Links/codex.exe"
    done
    echo "  Host     Windows as Wine plays it, over ssh, with codex.exe $codex_version from npm"
fi
trap 'exit 1' INT TERM

export ANSIBLE_CONFIG="$demo/ansible.cfg" ANSIBLE_COLLECTIONS_PATH="$venv/collections" ANSIBLE_HOME="$scratch/ansible"
run() {
    # shellcheck disable=SC2086  # a list of words
    play "$scratch/log" "$playbook" --inventory "$inventory" $own --diff "$demo/windows.yml" "$@"
}

# unchanged: whether the last run changed nothing.
unchanged() { grep -Eq ' changed=0 +unreachable=0 +failed=0' "$scratch/log"; }

say 'First run: ansible-playbook --diff tests/demo/windows.yml'
run
if [ -z "${FLEET_CODEX_INVENTORY-}" ]; then
    say 'What codex.exe login status says there, without a network'
    # In front of it Codex may warn of its own temporary folders, which Wine cannot remove.
    # shellcheck disable=SC1091  # made with the disk
    said=$(. "$wine/bin/wine-env" && unshare --net /usr/lib/wine/wine64 "$codex" login status 2>&1 </dev/null | grep -v '^WARNING')
    echo "$said" | sed 's/^/  /'
    case $said in
        'API key configured'*) ;;
        *)
            echo 'codex.exe does not see the login.' >&2
            exit 1
            ;;
    esac
fi
say 'Second run, the same command: nothing has to be done'
run
unchanged || {
    echo 'The second run should have changed nothing.' >&2
    exit 1
}
if [ -n "${FLEET_CODEX_INVENTORY-}" ]; then
    say 'Last run: the login and the variables are removed again'
    run -e codex_state=absent -e codex_verify=false
fi
say '  codex.exe sees the login, and the second run changed nothing.'

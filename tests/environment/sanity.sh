#!/bin/sh
# Runs `ansible-test sanity` on a copy of the checkout: sanity.sh [--core NAME] [ARGUMENT...]. The core is one of
# cores.sh, else that of .venv; arguments are passed to ansible-test.
# Shows what failed; the whole output is in tests/output/sanity.log, or sanity-NAME.log. Its test pslint needs PowerShell
# with PSScriptAnalyzer; powershell.sh has the most of its rules where that is missing.
set -eu
. "$(dirname "$0")/common.sh"

home=$venv name=
if [ "${1:-}" = --core ]; then
    home=$(dirname "$(dirname "$(sh "$environment/cores.sh" "$2")")")
    name=-$2
    shift 2
fi

# ansible-test refuses a symbolic link and needs the path .../ansible_collections/fleet/codex. The copy stays in the
# cache, one for each checkout, because ansible-test keeps its virtual environments in the copy's tests/output.
copy=$cache/sanity/$(printf %s "$checkout" | cksum | cut -d ' ' -f 1)/ansible_collections/fleet/codex
alone sanity
mkdir -p "$copy"
find "$copy" -mindepth 1 -maxdepth 1 ! -name tests -exec rm -rf {} +
[ ! -d "$copy/tests" ] || find "$copy/tests" -mindepth 1 -maxdepth 1 ! -name output -exec rm -rf {} +
# A file that is deleted but still in git's index is not an error.
(cd "$checkout" && git ls-files -z --cached --others --exclude-standard |
    tar --create --null --files-from - --ignore-failed-read 2>/dev/null) | tar --extract --directory "$copy"
[ -f "$copy/galaxy.yml" ] || cannot "nothing could be copied: $checkout is not a git checkout"
# These cores do not count `#AnsibleRequires -PowerShell`. ansible-lint and Galaxy's importer complain of such a file, so it
# is only here.
mkdir -p "$copy/tests/sanity"
for ignoring in 2.17 2.18; do
    echo 'plugins/modules/win_codex_store.ps1 validate-modules:missing-module-utils-import-csharp-requirements' \
        >"$copy/tests/sanity/ignore-$ignoring.txt"
done

# For this run only, and only if no real get-pip script was downloaded before.
number=$(sed -n "s/^ *pip='\(.*\)',/\1/p" "$home"/lib/python3*/site-packages/ansible_test/_internal/python_requirements.py)
script=$HOME/.ansible/test/cache/get_pip_$(echo "$number" | tr . _).py
if [ ! -f "$script" ]; then
    mkdir -p "$(dirname "$script")"
    trap 'rm -f "$script"' EXIT
    cp "$environment/get_pip.py" "$script"
fi

# ansible-test looks for PowerShell by the name pwsh. With it and without PSScriptAnalyzer, pslint would fail.
skipped=
if powershell=$(sh "$environment/windows.sh" 2>/dev/null); then
    PATH=$powershell/bin:$PATH
    lists='if (-not (Get-Module -ListAvailable -Name PSScriptAnalyzer)) { exit 1 }'
    timeout 60 pwsh -NoProfile -Command "$lists" >/dev/null 2>&1 </dev/null || skipped="PSScriptAnalyzer is not installed"
else
    skipped="there is no PowerShell on this machine"
fi
[ -z "$skipped" ] || set -- "$@" --skip-test pslint

log=$checkout/tests/output/sanity$name.log
mkdir -p "$checkout/tests/output"
cd "$copy"
PATH=$home/bin:$PATH
python=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if ansible-test sanity --venv --python "$python" --color no "$@" >"$log" 2>&1; then
    echo "$(grep -c '^Running sanity test' "$log") sanity tests passed${skipped:+, without pslint: $skipped}"
else
    grep -v '^FATAL: Command' "$log" | grep -E -A 30 '^(ERROR|FATAL)' || tail -n 20 "$log"
    exit 1
fi

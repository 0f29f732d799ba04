#!/bin/sh
# Whether the PowerShell files of the collection run in Windows PowerShell 5.1 too, and keep the rules that ansible-test sets
# for PSScriptAnalyzer. Both need the PowerShell of windows.sh; without it, the exit status is 3. Without PSScriptAnalyzer,
# script_rules.ps1 checks the rules that matter here.
set -eu
. "$(dirname "$0")/common.sh"

home=$(sh "$environment/windows.sh")
pwsh=$home/bin/pwsh
cd "$checkout"
set -f
IFS='
'
# shellcheck disable=SC2046  # one word for each line
set -- $(find plugins -name '*.ps1' -o -name '*.psm1' | sort)
[ $# -gt 0 ] || {
    echo "fleet.codex: there is no PowerShell file in plugins" >&2
    exit 1
}

# Both run, even if one fails.
status=0
timeout 60 "$pwsh" -NoProfile -File tests/environment/script_rules.ps1 \
    "$@" tests/environment/script_rules.ps1 tests/support/powershell_host.ps1 </dev/null || status=1
# A real pwsh has no such option.
[ "$home" = "$cache/windows" ] || {
    [ "$status" -eq 0 ] || exit 1
    cannot "$pwsh does not tell what Windows PowerShell 5.1 lacks"
}
timeout 120 "$pwsh" -CheckWindowsPowerShell "$@" </dev/null || status=1
exit "$status"

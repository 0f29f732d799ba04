#!/usr/bin/env bash
# All tests and checks. If a step fails, the others still run, and the exit status is not 0.
# Each step's output is in tests/output/steps/NAME.log. The output of the integration tests is also shown whole.
set -uo pipefail
. "$(dirname "$0")/common.sh"

logs=$checkout/tests/output/steps
rm -rf "$logs"
mkdir -p "$logs"
cd "$checkout" || exit
export PATH=$venv/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$venv/collections NO_COLOR=1 ANSIBLE_NOCOLOR=1

# step NAME COMMAND...: runs the command and prints one line, and if it failed the end of its output.
step() {
    local name=$1 begun=$SECONDS status=0 result=ok report
    shift
    "$@" >"$logs/$name.log" 2>&1 </dev/null || status=$?
    if [ "$status" -eq 3 ] && [[ $may_be_skipped = *" $name "* ]]; then
        result="SKIPPED: $(tail -n 1 "$logs/$name.log")"
    elif [ "$status" -ne 0 ]; then
        result=FAILED
    fi
    report=$(printf '%-20s %5d s  %s' "$name" $((SECONDS - begun)) "$result")
    echo "$report" >>"$logs/summary"
    [ "$result" != FAILED ] || report+=$'\n'$(tail -n 40 "$logs/$name.log" | sed 's/^/    | /')
    echo "$report"
}

# These need PowerShell, which not every machine can have. They end with 3 and say so where it is missing.
may_be_skipped=' windows powershell codex-windows '

script() {
    local name=$1
    shift
    step "$name" sh "$environment/$name.sh" "$@"
}

# Windows programs of Codex are of use only where there is something to run them.
codex_windows() {
    sh "$environment/windows.sh" >/dev/null || return
    sh "$environment/codex.sh" --windows || return 1
}

# These only read the checkout. They run beside the tests on hosts.
static_checks() {
    script check
    script powershell
    script sanity
    step sanity-newest sh "$environment/sanity.sh" --core newest
    step ansible-lint ansible-lint
    step docs antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
    step site pytest tests/site
    step changelog antsibull-changelog lint
    step release pytest tests/release
}

tests_on_hosts() {
    script docker
    script images
    script codex
    step codex-windows codex_windows
    step integration pytest tests/target tests/integration tests/clients --numprocesses 2 --dist loadgroup --durations 10
    script molecule
}

script venv requirements-test.txt
script collections --tests
script packages
script windows
static_checks &
tests_on_hosts
wait

printf '\n=== integration: all of its output\n'
cat "$logs/integration.log"
printf '\n=== all steps, %d s\n' "$SECONDS"
cat "$logs/summary"
! grep -q 'FAILED$' "$logs/summary"

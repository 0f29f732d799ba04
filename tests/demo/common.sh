# For the demos in this folder, which read it with `.`: where things are, and how to show something.
# shellcheck shell=sh disable=SC1091,SC2034,SC2154  # the demo sets the path, and uses the variables

. "$demo/../environment/common.sh"
environment=$checkout/tests/environment
bin=$venv/bin
codex_version=0.171.0

# Settings for other uses of Ansible and Codex stay out of the demo.
for name in $(env | sed -n 's/^\(ANSIBLE_[A-Z0-9_]*\)=.*/\1/p'); do unset "$name"; done
[ "$(locale charmap 2>/dev/null)" = UTF-8 ] || export LC_ALL=C.UTF-8 # Ansible wants a UTF-8 locale
unset CODEX_HOME OPENAI_API_KEY CODEX_API_KEY CODEX_ACCESS_TOKEN

colour=
[ ! -t 1 ] || [ -n "${NO_COLOR:-}" ] || colour=1
[ -z "$colour" ] || export ANSIBLE_FORCE_COLOR=1

# say HEADING: in bold, after an empty line.
say() {
    if [ -n "$colour" ]; then printf '\n\033[1m%s\033[0m\n' "$1"; else printf '\n%s\n' "$1"; fi
}

# show FILE: prints it indented, in 80 columns; paths begin at the scratch folder.
show() {
    "$bin/python" "$demo/shown.py" "$1" "$scratch/"
}

# play LOG COMMAND...: runs a command of Ansible, keeps what it prints in LOG, and shows that.
play() {
    log=$1 status=0
    shift
    "$@" >"$log" 2>&1 </dev/null || status=$?
    show "$log"
    return "$status"
}

# make_scratch: makes the folder that everything else is in. It is not in /tmp: Codex warns of a home there.
make_scratch() {
    scratch=$(cd "$(mktemp -d "${TMPDIR:-/var/tmp}/fleet-codex-demo.XXXXXX")" && pwd -P)
}

core_version() {
    "$bin/python" -c 'from ansible.release import __version__; print(__version__)'
}

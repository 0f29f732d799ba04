# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# How the program in sh gives its answer (docs/protocol.md). Runs on hosts without Python, with nothing but what POSIX
# says of sh and its utilities, and a few more that Debian, Alpine and busybox have.
#
# The answer is a row of fields: name NUL value NUL. Bytes of a file, and what a child process says, end with
# NUL boundary NUL instead. The boundary is random, and whoever wrote the bytes does not know it.

newline='
'
tab='	'

# put TEXT: prints a text as it is, by the shell itself: everybody can see the arguments of other programs.
# zero: prints a NUL. emit NAME VALUE: prints a field.
has_printf=yes
if [ -n "${KSH_VERSION:-}" ]; then
    case $(command -v printf) in /*) has_printf= ;; esac # mksh has none of its own
fi
if [ -z "$has_printf" ]; then
    put() { print -rn -- "$1"; }
    zero() { print -n '\0000'; }
    emit() {
        put "$1"
        zero
        put "$2"
        zero
    }
else
    put() { printf %s "$1"; }
    zero() { printf '\000'; }
    emit() { printf '%s\000%s\000' "$1" "$2"; }
fi

# end_bytes: ends bytes of a file, or what a child process said.
end_bytes() {
    zero
    put "$boundary"
    zero
}

# What the program cannot do without, beside what only some requests need.
utilities='cat chmod date dd env grep id ls mkdir mv readlink rm sed sort tail tr uname wc'

usual_folders=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin # of utilities, wherever PATH leads

not_done=11 # status of a process whose work on a home was not done

# fail REASON [KEY VALUE]...: the error that ends the work on this home, and with it this process.
fail() {
    emit error "$1"
    shift
    while [ $# -gt 0 ]; do
        emit "error $1" "$2"
        shift 2
    done
    exit "$not_done"
}

# has UTILITY: whether the host has it.
has() { command -v "$1" >/dev/null 2>&1; }

# need UTILITY: fails where the host does not have it.
need() { has "$1" || fail missing_utility utility "$1"; }

# mask: hides what comes in, since Ansible prints the output of commands at -vvv and in its debug log.
# The key stream is RC4's without its first 1024 bytes, for a key that is used once. It is added, since no POSIX
# utility has XOR. Prints hexadecimal digits. (POSIX awk; mawk takes 5 ms for a usual answer, busybox 20 ms.)
mask() {
    {
        put "$key$newline"
        od -An -v -tu1
    } | awk '
NR == 1 {
    length_of_key = split($0, key, " ")
    for (i = 0; i < 256; i++) state[i] = i
    for (i = 0; i < 256; i++) {
        j = (j + state[i] + key[i % length_of_key + 1]) % 256
        old = state[i]; state[i] = state[j]; state[j] = old
    }
    i = j = 0
    for (n = 0; n < 1024; n++) {
        i = (i + 1) % 256; old = state[i]; j = (j + old) % 256
        state[i] = state[j]; state[j] = old
    }
    next
}
{
    text = ""
    for (n = 1; n <= NF; n++) {
        i = (i + 1) % 256; old = state[i]; j = (j + old) % 256
        other = state[i] = state[j]; state[j] = old
        text = text sprintf("%02x", ($n + state[(old + other) % 256]) % 256)
    }
    printf "%s", text
}
END { print "" }'
}

# serve: prints the answer to the request, which is a function of that name.
serve() {
    PATH=${PATH:-/usr/bin:/bin}
    search_path=$PATH
    PATH=$PATH:$usual_folders
    umask 077
    set -f
    if [ -n "$in_container" ]; then # its programs run with these
        task_home=${task_home:-${HOME:-}}
        task_codex_home=${task_codex_home:-${CODEX_HOME:-}}
    fi
    put "$newline$begun$newline"
    for utility in awk od; do # without them there is no answer
        has "$utility" || {
            put "$newline${mark}missing $utility$newline"
            return
        }
    done
    load_users
    find_my_uid
    # The environment may have variables of these names.
    become= owner_uid= mounts= listing= others= start_check= ask_codex= held_back= unsafe= checked=$newline
    {
        read -r system </proc/sys/kernel/ostype || system=$(uname -s)
        emit system "$system"
        if has flock; then emit can_lock 1; fi
        lacks=
        for utility in $utilities; do has "$utility" || lacks=$utility; done
        request
        emit end 1
    } 2>/dev/null | {
        put "$newline$mark"
        mask
    }
}

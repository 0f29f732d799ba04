# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Codex programs that run while their files are replaced.

path_limit=4096   # of a path that Linux takes; a longer CODEX_HOME is none
process_limit=200 # programs of one user whose environment is looked at

# find_running: adds the user's running Codex programs to $running, as words PID/NAME, but for those of other Codex
# homes, and for the one that only looks for updates of Codex's daemon.
find_running() {
    set +f
    # shellcheck disable=SC2046  # words
    set -- $(grep -Es '^Name:.codex(-.*)?$' /proc/[0-9]*/status /dev/null)
    set -f
    for word; do
        case $word in /proc/*/status:Name:*) ;; *) continue ;; esac
        pid=${word#/proc/}
        pid=${pid%%/*}
        case " $running $others " in *" $pid/"* | *" $pid "*) continue ;; esac
        is_running "$pid" || continue
        case $(tr '\000' '\n' <"/proc/$pid/cmdline") in *pid-update-loop*) continue ;; esac
        running="$running $pid/$process_name"
    done
}

# is_running PID: whether the user has such a process; sets process_name.
is_running() {
    process_name= process_uid= process_state=
    while read -r field value _; do
        case $field in
            Name:) process_name=$value ;;
            State:) process_state=$value ;;
            Uid:) process_uid=$value ;;
        esac
    done <"/proc/$1/status"
    [ "$process_uid" = "$uid" ] && [ -n "$process_name" ] && [ "$process_state" != Z ]
}

# find_others: sets others to the process ids of the user's Codex programs that run with another Codex home, by the
# environment that they were started with. A program that lies below this home counts as one of this home.
find_others() {
    running= others=
    find_running
    real_home=$(readlink -f "$codex_home") || real_home=$codex_home
    count=0
    for word in $running; do
        pid=${word%%/*}
        count=$((count + 1))
        [ "$count" -le "$process_limit" ] || break
        variables=$(tr '\000' '\n' <"/proc/$pid/environ" | head -c 65536)
        [ -n "$variables" ] || continue
        its_home=$(put "$variables$newline" | sed -n 's/^CODEX_HOME=//p' | head -n 1)
        if [ -z "$its_home" ]; then
            its_home=$(put "$variables$newline" | sed -n 's/^HOME=//p' | head -n 1)
            its_home=${its_home:-$home}/.codex
        fi
        [ "${#its_home}" -le "$path_limit" ] || its_home=
        its_real=$(readlink -f "$its_home") || its_real=$its_home
        [ "$its_real" != "$real_home" ] || continue
        case $(readlink "/proc/$pid/exe") in "$real_home"/*) continue ;; esac
        others="$others $pid"
    done
    running=
}

# watch_running: looks at the file again when the running programs have ended, or after $watch tenths of a second.
watch_running() {
    find_running
    rounds=0
    while [ "$rounds" -lt "$watch" ] && any_runs; do
        sleep 0.1 || sleep 1
        rounds=$((rounds + 1))
    done
    for word in $running; do emit process "$word"; done
    written=$new
    digest_of "$path" || sha256=unknown
    if [ "$sha256" = "$written" ]; then
        emit overwritten 0
    else
        emit overwritten 1
        undone=yes
    fi
}

any_runs() {
    for word in $running; do
        if is_running "${word%%/*}"; then return 0; fi
    done
    return 1
}

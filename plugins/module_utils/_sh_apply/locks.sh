# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The lock files that Codex waits for before it saves. They are made as whoever runs this, which is the home's user, and
# never removed.

lock_time_limit=20 # seconds to wait for a lock; Codex holds them for moments

# with_locks DESCRIPTOR FUNCTION: calls a function while the lock files $locks are held, names with a blank between them
# of files beside the operation's. The first one's descriptor is given, the next one has the next number.
# A host without flock has no way to hold them.
with_locks() {
    if [ -z "$locks" ] || ! has flock; then
        "$2"
        return
    fi
    name=${locks%% *}
    case $locks in *' '*) locks=${locks#* } ;; *) locks= ;; esac
    lock=${path%/*}/$name
    if [ -L "$lock" ]; then
        refuse 'Too many levels of symbolic links' "$lock" || return
    elif [ -d "$lock" ]; then
        refuse 'Is a directory' "$lock" || return
    elif [ -S "$lock" ]; then
        refuse 'No such device or address' "$lock" || return
    elif [ -e "$lock" ] && [ ! -w "$lock" ]; then
        refuse 'Permission denied' "$lock" || return
    elif [ -e "$lock" ] && [ ! -f "$lock" ]; then
        "$2" # nobody can lock a FIFO
        return
    fi
    said=$( (: >>"$lock") 2>&1) || refuse "$said" "$lock" || return
    eval "{ take_lock $1 && with_locks $(($1 + 1)) $2; } $1>>\"\$lock\""
}

# take_lock DESCRIPTOR: waits for a lock. A file system without locks has none that anybody could hold.
take_lock() {
    round=0
    until said=$(flock -n "$1" 2>&1); do
        case $said in
            '') ;;
            *'No locks'* | *'ot supported'* | *'ot implemented'* | *'nvalid argument'*) return 0 ;;
            *) refuse "$said" "$lock" || return ;;
        esac
        round=$((round + 1))
        [ "$round" -le "$((lock_time_limit * 16))" ] || refuse 'Resource temporarily unavailable' "$lock" || return
        sleep 0.05 || sleep 1
    done
}

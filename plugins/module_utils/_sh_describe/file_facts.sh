# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What describe reports of one file. Contents travel as they are: the controller reads them.

size_limit=4194304 # bytes; of a larger file only the digest of its beginning is reported

# describe_file PATH DETAILS [ONCE]: the facts of a file. Fails where there is no regular file that can be read.
describe_file() {
    emit path "$1"
    is_linked= file_owner=0
    if [ -L "$1" ]; then
        is_linked=yes
        emit link "$(readlink "$1")"
    fi
    if [ ! -e "$1" ]; then
        follow "$1"
        folder_of "$real"
        while [ ! -d "$folder" ] && [ "$folder" != / ]; do folder_of "$folder"; done
        if [ ! -x "$folder" ]; then
            emit kind unreadable
        elif [ -n "$is_linked" ]; then
            emit kind dangling
        else
            emit kind absent
        fi
        return 1
    fi
    look "$1" L || {
        emit kind absent
        return 1
    }
    name_of "$owner_id"
    emit mode "$mode"
    emit owner "$owner"
    file_owner=$owner_id
    case $mode in -*) ;; *) return 1 ;; esac
    emit hard_links "$links"
    if [ "$2" = lock ] || [ "$2" = lines ]; then
        [ ! -w "$1" ] || emit writable 1
        [ "$2" != lock ] || return 0
    fi
    if [ ! -r "$1" ]; then
        said=$(cat "$1" 2>&1 >/dev/null)
        emit said "$said"
        return 1
    fi
    if [ "$size" -gt "$size_limit" ]; then
        need head
        emit oversized "$(head -c "$((size_limit + 1))" "$1" | digest_of_input)"
        return 0
    fi
    [ "$2:${3:-}" != auth: ] || wait_for_end "$1"
    put content
    zero
    is_read=yes
    cat "$1" || is_read=
    end_bytes
    if [ -z "$is_read" ]; then # some shells take root's word for what root may read
        emit said "$(cat "$1" 2>&1 >/dev/null)"
        return 1
    fi
    if [ "$2" = auth ] || { [ "$2" = content ] && [ "$size" = 0 ]; }; then
        report_mount "$1"
    fi
}

# wait_for_end FILE: waits until an auth.json ends as one does. Codex up to 0.166 truncates it before it writes it.
wait_for_end() {
    for attempt in 1 2 3 4 5; do
        case $(tail -c 8 "$1") in *\}*) return ;; esac
        sleep 0.05 || sleep 1
    done
}

# report_mount FILE: whether a file, or the one that a link leads to, is mounted by itself.
report_mount() {
    follow "$1"
    ! is_mounted "$real" || emit mount_point 1
}

# digest_of_input: prints the SHA-256 of what comes in, in hexadecimal digits.
digest_of_input() {
    if has sha256sum; then
        set -- "$(sha256sum)"
    elif has shasum; then
        set -- "$(shasum -a 256)"
    elif has openssl; then
        set -- "$(openssl dgst -sha256 -r)"
    else
        return 1
    fi
    put "${1%% *}"
}

# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Temporary files of this program, and which of them a killed run left behind.

temporary_prefix=.fleet-codex-
leftovers_limit=100 # of one folder; the next run finds the others

# find_leftovers FOLDER: sets leftovers to the names of such files. The writer of one holds its lock. Without flock
# nobody can tell, so one counts after a day. Names that this collection does not give are passed over.
find_leftovers() {
    leftovers=
    set +f
    set -- "${1%/}/$temporary_prefix"*
    set -f
    count=0
    for file; do
        case ${file##*/"$temporary_prefix"} in *[!0-9A-Za-z]* | '') continue ;; esac
        { [ -f "$file" ] && [ ! -L "$file" ]; } || continue
        count=$((count + 1))
        [ "$count" -le "$leftovers_limit" ] || break
        if has flock; then
            [ -w "$file" ] && flock -n "$file" true || continue
        else
            [ -n "$(find "$file" -mtime +0)" ] || continue
        fi
        leftovers="$leftovers ${file##*/}"
    done
}

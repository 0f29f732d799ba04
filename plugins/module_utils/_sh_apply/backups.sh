# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Copies of files that an operation is about to change.

# back_up FILE: copies a file beside itself, 0600, and sets backup_file, under the name Ansible's own modules give.
back_up() {
    [ -e "$1" ] || return 0
    backup_file=$1.$$.$(date +%Y-%m-%d@%H:%M:%S)~
    folder_of "$1"
    temporary=${folder%/}/$temporary_prefix${temporary_name}b
    said=$( (set -C && : >"$temporary") 2>&1) || return
    status=0
    { ! has flock || flock -n 7; fill_backup "$1"; } 7>>"$temporary" || status=$?
    [ "$status" = 0 ] || rm -f "$temporary"
    return "$status"
}

# fill_backup FILE: only a whole copy gets the name.
fill_backup() {
    attempt dd if="$1" of="$temporary" && digest_of "$temporary" || return
    copied=$sha256
    digest_of "$1" && [ "$sha256" = "$copied" ] || return "$conflict"
    attempt mv -f "$temporary" "$backup_file"
}

# prune_backups FILE KEEP: removes all backups of a file but so many: $backup_file, whatever the clock, and the newest.
prune_backups() {
    set +f
    set -- "$2" "$1".[0-9]*~
    set -f
    keep=$1
    shift
    dated=
    for copy; do
        date=${copy#"$path".}
        date=${date#*.}
        case $copy in "$backup_file") continue ;; esac
        case ${copy#"$path".} in *[!0-9.@:~-]* | [!0-9]* | *.*.*) continue ;; esac
        case $date in [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]@[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\~) ;; *) continue ;; esac
        dated=$dated$date/${copy#"$path".}$newline
    done
    total=$(put "$dated" | grep -c .)
    put "$dated" | sort | while read -r line && [ "$((total + 1))" -gt "$keep" ]; do
        total=$((total - 1))
        rm -f "$path.${line#*/}"
    done
}

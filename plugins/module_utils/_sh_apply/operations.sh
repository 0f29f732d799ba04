# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What each operation does with its file, $path. The controller has computed the new content, and its digest.
# root_directory is what root does for a user before.

# directory MODE AS_ROOT
root_directory() {
    if [ "$2" = yes ] && [ "$my_uid" = 0 ] && [ "$uid" != 0 ] && [ ! -d "$codex_home" ]; then
        is_roots_alone "$codex_home" || fail not_writable path "$codex_home" user "$user"
        path=${reached%/}/$missing
        make_folder "$path" "$1" && attempt chown "$uid:$gid" "$path" || fail system said "$said" path "$path"
    fi
}

apply_directory() {
    if [ -d "$path" ]; then
        attempt chmod "$1" "$path"
    else
        walk / "$path" :
        make_folder "${reached%/}/$missing" "$1"
    fi
}

# make_folder PATH MODE: makes a folder with this mode, whatever the umask, and missing ones above it with 0755.
make_folder() {
    folder_of "$1"
    if [ ! -d "$folder" ]; then
        umask 022
        attempt mkdir -p "$folder" || {
            umask 077
            return 1
        }
        umask 077
    fi
    attempt mkdir -m "$2" "$1" && attempt chmod "$2" "$1"
}

# write MODE EXPECTED NEW BACKUP KEEP LOCKS WATCH NAME CONTENT. MODE `kept` and what follows it: as the file has it.
apply_write() {
    mode_wanted=$1 expected=$2 new=$3 keeps_backup=$4 keep=$5 locks_wanted=$6 watch=$7 temporary_name=$8 content=$9
    check "$path" "$expected" || return
    folder_of "$path"
    if [ ! -d "$folder" ]; then
        if [ "$base" = host ]; then mode=755; else mode=700; fi
        make_folder "$folder" "$mode" || return
    fi
    case $mode_wanted in
        'kept '*)
            mode_wanted=${mode_wanted#kept }
            if look "$path" L; then
                permissions "$mode"
                mode_wanted=$octal
            fi
            ;;
    esac
    changing write_now
}

write_now() { write_file "$path" "$mode_wanted" "$expected"; }

# changing FUNCTION: calls it, with the backup that is wanted before, and a look at running programs around it.
changing() {
    running=
    if [ -n "$watch" ]; then find_running; fi
    if [ "$keeps_backup" = yes ]; then back_up "$path" || return; fi
    locks=$locks_wanted
    status=0
    "$1" || status=$?
    if [ "$status" = "$conflict" ] && [ -n "$backup_file" ]; then rm -f "$backup_file"; fi
    [ "$status" = 0 ] || return "$status"
    if [ -n "$backup_file" ] && [ -n "$keep" ]; then prune_backups "$path" "$keep"; fi
    [ "$keeps_backup" != yes ] || emit backup_file "$backup_file"
    if [ -n "$watch" ]; then watch_running; fi
}

# mode MODE
apply_mode() { attempt chmod "$1" "$path"; }

# remove EXPECTED BACKUP KEEP LOCKS WATCH NAME
apply_remove() {
    expected=$1 keeps_backup=$2 keep=$3 locks_wanted=$4 watch=$5 temporary_name=$6
    if [ -L "$path" ]; then
        digest_of "$path" || return
        expected=$sha256
    fi
    check "$path" "$expected" || return
    changing remove_now
}

remove_now() { with_locks 8 remove_checked; }

remove_checked() {
    check "$path" "$expected" || return
    is_there "$path" || refuse 'No such file or directory' || return
    new=
    follow "$path"
    if [ -L "$path" ] || ! is_mounted "$real"; then
        attempt rm -f "$path" && return
        case $said in *[Bb]usy*) ;; *) return 1 ;; esac
    fi
    content= new=$empty
    look "$path" && permissions "$mode"
    rewrite "$path" "$octal"
}

# lines MODE EXPECTED NEW NAME CONTENT: a file that becomes empty is removed; one that a link leads to stays, empty.
apply_lines() {
    if [ -z "$5" ] && [ ! -L "$path" ]; then
        apply_remove "$2" no '' '' '' "$4"
    else
        apply_write "$1" "$2" "$3" no '' '' '' "$4" "$5"
    fi
}

# link TARGET: none removes the link.
apply_link() {
    if [ -L "$path" ]; then attempt rm -f "$path" || return; fi
    [ -n "$1" ] || return 0
    [ ! -e "$path" ] || refuse 'File exists' || return
    folder_of "$path"
    [ -d "$folder" ] || make_folder "$folder" 700 || return
    attempt ln -s -- "$1" "$path"
}

apply_clean() {
    find_leftovers "$path"
    for file in $leftovers; do rm -f "${path%/}/$file" || true; done
}

# unseen: a change of a part of a file, of which the controller does not know the rest.
apply_unseen() { return "$conflict"; }

# give: not here. sh has no way to give away exactly the file that it looked at. Then taking the lock says what is wrong.
apply_give() { :; }

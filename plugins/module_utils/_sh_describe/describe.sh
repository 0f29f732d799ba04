# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Entry of the program in sh that describes Codex homes and the files in them. It decides nothing.

name_limit=10000      # names that are looked at in a Codex home; its owner can have any number
unsaved_limit=20      # files with renewed logins that are read

# work: describes a home, as root what root has to see, and the rest as the user.
work() {
    uses_home_directory=
    zone=start
    calls
    check_home_directory
    [ "$my_uid" != 0 ] || emit is_root 1
    # Not by the user, who could name another's home.
    follow "$codex_home"
    emit real_home "$real"
    as_user describe_as_user "$child_time_limit"
    zone=host
    calls
    if [ "$my_uid" = 0 ] && [ "$uid" != 0 ] && [ ! -d "$codex_home" ] && is_roots_alone "$codex_home"; then
        emit create_as_root 1
    fi
    # The user's own programs run last.
    [ -z "$ask_codex" ] || as_user ask_codex_as_user "$((3 * codex_time_limit))"
}

# query NAME BASE PATH DETAILS: what the controller's calls ask of one file.
query() {
    resolve "$2" "$3"
    case $zone:$2 in
        names:codex_home) note_path "$path" ;;
        names:home_directory)
            note_path "$path"
            folder_of "$path"
            while [ "${folder#"${home%/}"/}" != "$folder" ]; do
                note_path "$folder"
                folder_of "$folder"
            done
            ;;
        start:home_directory)
            case $3 in /*) ;; *) uses_home_directory=yes ;; esac
            ;;
        host:host)
            emit file "$1"
            describe_host_file "$path" "$4"
            ;;
        home:codex_home | home:home_directory)
            folder_of "$path"
            in_home=
            case $2:$3 in
                *:/*) ;;
                home_directory:*)
                    in_home=yes
                    check_way "$folder"
                    ;;
            esac
            emit file "$1"
            describe_file "$path" "$4" && is_file=yes || is_file=
            case $3 in /*) ;; *) describe_place ;; esac
            ;;
    esac
}

# describe_place: whether the user can create files where the file of this query is, and in place of a link's target.
describe_place() {
    real=$path
    if [ -n "$is_linked" ]; then
        [ "$uid" != 0 ] || check_link
        follow "$path"
    fi
    folder_of "$real"
    note_folder "$folder"
    may_write=yes
    for file in "$path" "$real"; do
        [ -n "$in_home" ] || [ "$file" != "$path" ] || continue
        folder_of "$file"
        while [ ! -d "$folder" ]; do folder_of "$folder"; done
        { [ -w "$folder" ] && [ -x "$folder" ]; } || may_write=
    done
    if [ -z "$may_write" ] && { [ -n "$in_home" ] || [ "$real" != "$path" ]; }; then
        emit folder_writable 0
    elif [ -n "$is_linked" ] && [ -n "$is_file" ]; then
        emit folder_writable 1
    fi
}

# check_link: fails unless root and the user alone can change where a symbolic link leads. root would follow it.
check_link() { walk / "$path" check_step_of_link; }

check_step_of_link() {
    case $mode in l* | d*) check_step "$1" ;; esac
}

# note_folder FOLDER: one more folder in which leftovers are looked for.
note_folder() {
    case $newline$folders in
        *"$newline$1$newline"*) ;;
        *) folders=$folders$1$newline ;;
    esac
}

# describe_host_file PATH DETAILS: a file of the whole host, as this process sees it.
describe_host_file() {
    describe_file "$1" "$2" || true
    owner_of_file=$file_owner
    find_unsafe_parent "$1"
    emit unsafe_parent "$unsafe_parent"
    [ "$owner_of_file" = 0 ] || report_mount "$1"
    if [ "$my_uid" = 0 ] && [ -z "$unsafe_parent" ]; then
        real=$1
        [ ! -L "$1" ] || follow "$1"
        folder_of "$real"
        report_leftovers "$folder"
    fi
}

# describe_as_user: what the user sees.
describe_as_user() {
    zone=names
    paths=
    note_path "$codex_home"
    calls
    list_paths
    check_codex_home
    emit folder "$kind"
    if [ "$kind" = directory ]; then
        emit folder_mode "$mode"
    else
        emit below "$below"
        if [ -w "$below" ] && [ -x "$below" ]; then emit writable 1; fi
    fi
    zone=home
    folders=
    calls
    IFS=$newline
    for folder in $folders; do
        unset IFS
        report_leftovers "$folder"
    done
    unset IFS
    if [ "$kind" = directory ]; then
        report_unsaved_logins
        report_profiles
    fi
    [ ! -d "$home" ] || emit home_directory_exists 1
    emit whole 1
}

# report_unsaved_logins: files with renewed logins that a killed Codex left.
report_unsaved_logins() {
    set +f
    set -- "$codex_home"/.auth-*
    set -f
    [ $# -le "$unsaved_limit" ] || emit more unsaved_logins
    count=0
    for file; do
        is_there "$file" || continue
        count=$((count + 1))
        [ "$count" -le "$unsaved_limit" ] || break
        emit unsaved "${file##*/}"
        describe_file "$file" auth once || true
    done
}

# report_profiles: the files NAME.config.toml, up to size_limit together.
report_profiles() {
    set +f
    set -- "$codex_home"/*.config.toml
    set -f
    [ $# -le "$name_limit" ] || emit more profiles
    left=$size_limit
    for file; do
        name=${file##*/}
        name=${name%.config.toml}
        case $name in '' | *[!A-Za-z0-9_-]*) continue ;; esac
        [ -f "$file" ] && look "$file" L || continue
        left=$((left - (size > 4096 ? size : 4096)))
        if [ "$left" -lt 0 ] || [ "$size" -gt "$size_limit" ]; then
            emit more profiles
            return
        fi
        emit profile "$name"
        describe_file "$file" content || true
    done
}

# report_leftovers FOLDER: temporary files of earlier runs whose writer is gone.
report_leftovers() {
    find_leftovers "$1"
    for file in $leftovers; do
        emit leftover "${1%/}/$file"
    done
}

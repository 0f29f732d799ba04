# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Entry of the program in sh that changes files of Codex homes, each only if it is what the controller saw. It decides
# nothing about credentials: it does the operations that it is given.

# work: does a home's operations, those on files of the whole host as root, all others as the user.
work() {
    has shasum || has openssl || need sha256sum
    zone=start undone= is_host_wide= uses_home_directory= first_path= others= is_over= watches=
    calls
    if [ -n "${start_check:-}" ]; then
        as_user check_start_as_user "$((3 * codex_time_limit))"
        [ "$status" = 0 ] || exit "$not_done"
    fi
    if [ -n "$is_host_wide" ]; then
        work_on_host
    else
        check_home_directory
        zone=root
        calls
        [ -z "$watches" ] || find_others
        as_user apply_as_user "$child_time_limit"
        [ "$status" = 0 ] || undone=yes
    fi
    [ -z "$ask_codex" ] || as_user ask_codex_as_user "$((3 * codex_time_limit))"
    [ -z "$undone" ] || exit "$not_done"
}

# work_on_host: root's own work on files that every user's Codex reads. Not while work on a home before was not done:
# a file that allows one method of login must not be there before the logins are.
work_on_host() {
    if [ -n "$held_back" ]; then
        emit path "$first_path"
        emit result conflict
        return
    fi
    if [ "$my_uid" != 0 ]; then
        name_of "$my_uid"
        fail host_needs_root path "$first_path" running "$owner"
    fi
    zone=check
    calls
    zone=work
    calls
}

# apply_as_user: the work of the user, whose way to the files is looked at again.
apply_as_user() {
    check_codex_home
    zone=check
    calls
    zone=work undone=
    calls
    emit whole 1
    [ -z "$undone" ] || exit "$not_done"
}

# operation NAME BASE PATH ARGUMENT...: what the controller's calls say of one operation. Nothing is done after one
# that was not.
operation() {
    doing=$1 base=$2
    resolve "$2" "$3"
    case $3 in /*) is_absolute=yes ;; *) is_absolute= ;; esac
    shift 3
    case $zone in
        start)
            first_path=${first_path:-$path}
            case $doing in write) [ -z "$7" ] || watches=yes ;; remove) [ -z "$5" ] || watches=yes ;; esac
            case $base:$is_absolute in
                host:*) is_host_wide=yes ;;
                home_directory:) uses_home_directory=yes ;;
            esac
            ;;
        root) case $doing in directory) root_directory "$@" ;; esac ;;
        check)
            case $base:$is_absolute in
                host:*)
                    find_unsafe_parent "$path"
                    [ -z "$unsafe_parent" ] || fail unsafe_parent path "$unsafe_parent"
                    ;;
                home_directory:)
                    folder_of "$path"
                    check_way "$folder"
                    ;;
            esac
            ;;
        work)
            [ -z "$is_over" ] || return 0
            backup_file= in_place= said= failed_path=$path status=0
            "apply_$doing" "$@" || status=$?
            case $status in
                0)
                    case $doing in write | remove | lines) emit in_place "${in_place:-0}" ;; esac
                    emit result 'done'
                    return
                    ;;
                "$conflict")
                    emit path "$path"
                    emit result conflict
                    ;;
                *)
                    emit path "$failed_path"
                    emit said "$said"
                    emit result failed
                    ;;
            esac
            is_over=yes undone=yes
            ;;
    esac
}

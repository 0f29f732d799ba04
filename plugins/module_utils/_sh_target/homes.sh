# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The Codex homes of a request, one after the other. The controller wrote what is asked of each as a function's body,
# in $calls: it is read by `calls`, here and in the processes of users.

# serve_home USER CODEX_HOME: the answer for one home; no user: the one of this process, no Codex home: the default.
serve_home() {
    emit home "$1"
    if [ "$my_uid" = 0 ] && [ -n "$1" ]; then find_way_to_become; fi
    eval "calls() {$newline$calls$newline}"
    (
        [ -z "$lacks" ] || fail missing_utility utility "$lacks"
        find_user "$1"
        find_codex_home "$1" "$2"
        emit user "$user"
        emit uid "$uid"
        emit gid "$gid"
        emit home_directory "$home"
        emit shell "$shell"
        emit codex_home "$codex_home"
        work
    ) || held_back=yes
}

# refuse_home USER PATH: the answer for a home whose request cannot be written in sh.
refuse_home() {
    emit home "$1"
    (fail nul path "$2") || held_back=yes
}

# serve_every_user: one answer for each user of the user database that has a .codex in the home directory.
serve_every_user() {
    if [ "$my_uid" != 0 ]; then
        emit home ''
        name_of "$my_uid"
        (fail every_user_needs_root running "$owner")
        return
    fi
    all=$(getent passwd) || all=$users
    IFS=$newline
    for line in $all; do
        IFS=:
        # shellcheck disable=SC2086
        set -- $line
        unset IFS
        case ${6:-} in /*) ;; *) continue ;; esac
        # Where root may not enter, the answer for this user will say what is wrong.
        if [ -d "$6/.codex" ] || { [ -d "$6" ] && [ ! -x "$6" ]; }; then
            serve_home "$1" ''
        fi
    done
    unset IFS
}

# find_codex_home USER CODEX_HOME: sets codex_home.
find_codex_home() {
    if [ -n "$2" ]; then
        codex_home=$2
    elif [ -z "$1" ] && [ -n "$task_codex_home" ]; then
        codex_home=$task_codex_home
    else
        codex_home=${home%/}/.codex
    fi
    case $codex_home in /*) ;; *) fail relative path "$codex_home" ;; esac
    normalise "$codex_home"
    codex_home=$normal
}

# resolve BASE PATH: sets path to the file that a query or an operation names.
resolve() {
    case $1 in
        codex_home) path=$codex_home ;;
        home_directory) path=$home ;;
        host) path= ;;
    esac
    case $2 in
        '') ;;
        /*) path=$2 ;;
        *) path=${path%/}/$2 ;;
    esac
}

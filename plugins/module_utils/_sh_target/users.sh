# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The users of a host, and how root becomes one of them.

child_time_limit=120     # seconds that a child may work as a user
answer_limit=8388608     # bytes of a child's answer: masking more would take minutes

# load_users: keeps the host's own user database in $users.
load_users() { users=$newline$(cat /etc/passwd 2>/dev/null)$newline; }

# find_my_uid: sets my_uid. Linux tells a shell itself, without a process more.
find_my_uid() {
    while read -r word real my_uid rest; do
        [ "$word" != Uid: ] || return 0
    done 2>/dev/null </proc/self/status
    my_uid=$(id -u)
}

# find_entry NAME: sets entry to the user's line of the user database, or fails.
find_entry() {
    case $1 in *:* | *"$newline"*) return 1 ;; esac
    case $users in
        *"$newline$1:"*)
            entry=${users#*"$newline$1:"}
            entry=$1:${entry%%"$newline"*}
            ;;
        *)
            entry=$(getent passwd "$1" 2>/dev/null)
            case $entry in "$1:"*) ;; *) return 1 ;; esac # getent takes numbers, too
            ;;
    esac
}

# find_number UID: sets entry to the line of the user with this number, or fails.
find_number() {
    IFS=$newline
    for entry in $users; do
        IFS=:
        # shellcheck disable=SC2086  # splitting it is what is wanted
        set -- "$1" $entry
        IFS=$newline
        [ "$4" != "$1" ] || {
            unset IFS
            return 0
        }
    done
    unset IFS
    entry=$(getent passwd "$1" 2>/dev/null)
    [ -n "$entry" ]
}

# name_of UID: sets owner to the user's name, or to the number where it has none.
name_of() {
    if [ "$1" = "${owner_uid:-}" ]; then return; fi
    owner_uid=$1
    if find_number "$1"; then owner=${entry%%:*}; else owner=$1; fi
}

# find_user NAME: sets user, uid, gid, home and shell; no name: the user of this process.
# HOME counts only where the task sets it, and for a number without a name, as in containers.
find_user() {
    if [ -z "$1" ]; then
        find_number "$my_uid" || entry=$my_uid::$my_uid:$(id -g)::${HOME:-/}:
    else
        find_entry "$1" || fail unknown_user user "$1"
    fi
    IFS=:
    # shellcheck disable=SC2086
    set -- "$1" $entry
    unset IFS
    user=$2 uid=$4 gid=$5 home=$7 shell=${8:-}
    if [ -z "$1" ] && [ -n "$task_home" ]; then home=$task_home; fi
    if [ "$my_uid" != 0 ] && [ "$my_uid" != "$uid" ]; then
        name_of "$my_uid"
        fail needs_root user "$1" running "$owner"
    fi
    case $home in /*) ;; *) fail relative path "$home" ;; esac
    normalise "$home"
    home=$normal
}

# find_way_to_become: sets become to how root becomes a user here, once for all homes.
find_way_to_become() {
    if [ -n "${become:-}" ]; then
        return
    elif setpriv --reuid=0 --regid=0 --init-groups true; then
        become=setpriv
    elif chroot --userspec=0:0 / true; then
        become=chroot
    elif has su; then
        become=su
    else
        become=nothing
    fi
}

# quote TEXT: prints it as one word of sh.
quote() {
    rest=$1
    put "'"
    while :; do
        case $rest in *\'*) ;; *) break ;; esac
        put "${rest%%\'*}'\\''"
        rest=${rest#*\'}
    done
    put "$rest'"
}

# as_user FUNCTION SECONDS: runs a function of this program as the home's user, and prints what it says as the field
# `child`. root does so in a process that became the user for good, and ends it after so many seconds: the user can
# stop or change every process of its own, and keep its pipes open. What it says ends with a boundary that it does not know, and with its status.
as_user() {
    emit child_of "$1"
    if [ "$my_uid" = "$uid" ]; then
        put child
        zero
        status=0
        (
            boundary=$inner_boundary
            "$1"
        ) || status=$?
    else
        [ "$become" != nothing ] || fail missing_utility utility su
        need timeout
        need head
        emit seconds "$2"
        put child
        zero
        status=0
        run_as_user "$1" "$2"
    fi
    zero
    put "$status"
    end_bytes
}

# run_as_user FUNCTION SECONDS: a shell of the user gets this program, what is known of the home, and the call.
# The arguments of a process can be seen by everybody, so all of it is the shell's input.
run_as_user() {
    work=$1 seconds=$2
    case $become in
        setpriv) set -- setpriv --reuid="$uid" --regid="$gid" --init-groups /bin/sh ;;
        chroot) set -- chroot --userspec="$uid:$gid" / /bin/sh ;;
        su) set -- su -s /bin/sh -- "$user" ;;
    esac
    # What the shell prints goes on to 4, and how it ended comes back through 3. It has neither of them, and nothing of
    # this process's environment, which the user could see.
    {
        status=$({
            {
                {
                    put "$code$newline"
                    for name in user uid gid home shell codex_home checked search_path PATH users others ask_codex; do
                        eval "value=\$$name"
                        put "$name="
                        quote "$value"
                        put "$newline"
                    done
                    put "start_check=$quoted_start_check$newline"
                    put "my_uid=$uid boundary=$inner_boundary unsafe= listing=$newline"
                    put "calls() {$newline$calls$newline}${newline}umask 077; set -f; cd /; $work </dev/null$newline"
                } | timeout -s KILL "$((seconds + 5))" cat 3>&- 4>&- |
                    timeout -s KILL "$seconds" env -i "PATH=$PATH" "HOME=$home" "USER=$user" "LOGNAME=$user" LC_ALL=C \
                        "$@" 3>&- 4>&-
                put "$?" >&3
            } | timeout -s KILL "$((seconds + 5))" head -c "$answer_limit" >&4 3>&- 4>&-
        } 3>&1)
    } 4>&1
}

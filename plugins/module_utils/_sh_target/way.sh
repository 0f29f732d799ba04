# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Where a Codex home and its files are, and who can change where a path leads.

link_limit=200 # steps of one path; more of them is a loop of symbolic links

# normalise PATH: sets normal to the absolute path without superfluous slashes and dots.
normalise() {
    normal=
    IFS=/
    # shellcheck disable=SC2086
    set -- $1
    unset IFS
    for step; do
        case $step in
            '' | .) ;;
            ..) normal=${normal%/*} ;;
            *) normal=$normal/$step ;;
        esac
    done
    normal=${normal:-/}
}

# folder_of PATH: sets folder to the one that the file is in.
folder_of() {
    folder=${1%/*}
    folder=${folder:-/}
}

# is_there PATH: whether anything is there, a link to nothing, too.
is_there() { [ -e "$1" ] || [ -L "$1" ]; }

# look PATH [-L]: sets mode (as ls writes it), links, owner_id, group_id and size, of what a link leads to with -L.
# Fails where nothing can be seen.
look() {
    facts=
    # Of a link, list_paths saw what it leads to.
    if [ -n "${2:-}" ] || [ ! -L "$1" ]; then
        case $listing in *" $1$newline"*)
            facts=${listing%%" $1$newline"*}
            facts=${facts##*"$newline"}
            ;;
        esac
    fi
    # shellcheck disable=SC2086  # the first five words are wanted
    set -- ${facts:-$(ls "-ldn${2:-}" -- "$1")}
    [ $# -gt 4 ] || return 1
    mode=$1 links=$2 owner_id=$3 group_id=$4 size=$5
    case $size in
        *[!0-9]*) size=0 ;; # a device has other numbers there
        ????????*) size=9999999 ;; # too large anyway, and mksh counts to 2 GiB only
    esac
}

# note_path PATH: one more path for list_paths, one a line in $paths. One with a blank could end as another one does.
note_path() {
    case $1 in *' '* | *"$newline"*) return ;; esac
    case $newline$paths in *"$newline$1$newline"*) return ;; esac
    [ ! -e "$1" ] || paths=$paths$1$newline
}

# list_paths: sets listing to what ls says of $paths, so that look needs no process for each of them.
list_paths() {
    IFS=$newline
    # shellcheck disable=SC2086
    set -- $paths
    unset IFS
    [ $# -eq 0 ] || listing=$newline$(ls -ldnL -- "$@")$newline
}

# walk START PATH FUNCTION: calls the function with every step of a path, from a folder on, links resolved one by one.
# look has seen the step before. Sets reached to the last folder, and missing to the steps that are not there. A folder
# that the function found nothing wrong with is not looked at again: nobody but root and the user can change it.
walk() {
    reached=$1 pending=$2 steps=0 missing=
    while [ -n "$pending" ]; do
        part=${pending%%/*}
        case $pending in */*) pending=${pending#*/} ;; *) pending= ;; esac
        case $part in
            '' | .) continue ;;
            ..)
                reached=${reached%/*}
                reached=${reached:-/}
                continue
                ;;
        esac
        step=${reached%/}/$part
        case $checked in *"$newline$3 $step$newline"*)
            reached=$step
            continue
            ;;
        esac
        if ! is_there "$step" || ! see "$step" "$3"; then
            missing=$part${pending:+/$pending}
            return 0
        fi
        "$3" "$step"
        case $mode in
            l*)
                steps=$((steps + 1))
                if [ "$steps" -ge "$link_limit" ]; then
                    [ "$3" = : ] || fail system said 'Too many levels of symbolic links' path "$2"
                    missing=$part
                    return
                fi
                leads_to=$(readlink "$step")
                pending=$leads_to/$pending
                case $leads_to in /*) reached=/ ;; esac
                ;;
            *)
                reached=$step
                case $unsafe$step in *"$newline"*) continue ;; esac
                [ -n "$unsafe" ] || checked=$checked$3' '$step$newline': '$step$newline
                ;;
        esac
    done
}

# see PATH FUNCTION: look, as far as walk needs it for the function.
see() {
    if [ "$2" != : ]; then
        look "$1"
    elif [ -L "$1" ]; then
        mode=l
    else
        mode=
    fi
}

# follow PATH: sets real to the path with links followed, as far as it is there.
follow() {
    walk / "$1" :
    real=${reached%/}${missing:+/$missing}
    real=${real:-/}
}

# check_step PATH: fails for a step of a way that others than root and the user can change, or that is no folder.
check_step() {
    [ "$owner_id" = 0 ] || [ "$owner_id" = "$uid" ] || {
        name_of "$owner_id"
        fail foreign path "$1" owner "$owner" user "$user"
    }
    case $mode in
        l* | d????????[tT]*) ;; # of a sticky folder, the next step's owner decides
        d????w????* | d???????w?*)
            is_own_group "$1" || fail writable_by_others path "$1" user "$user"
            ;;
        d*) ;;
        *) fail not_a_directory path "$1" ;;
    esac
}

# is_own_group: whether the folder that look saw is writable for a group that nobody but the user is in: one of the
# user's name, as many systems make for each. An access control list may let others in; ls marks it with +.
is_own_group() {
    case $mode in d???????w?* | *+) return 1 ;; esac
    [ "$group_id" = "$gid" ] || return 1
    group=$(grep "^[^:]*:[^:]*:$gid:" /etc/group || getent group "$gid") || return 1
    case $group in "$user:"*":$gid:" | "$user:"*":$gid:$user") ;; *) return 1 ;; esac
    IFS=$newline
    # shellcheck disable=SC2086
    set -- $users
    unset IFS
    for line; do
        case $line in
            "$user:"*) ;;
            *:*:*:"$gid":*)
                rest=${line#*:*:*:}
                [ "${rest%%:*}" != "$gid" ] || return 1
                ;;
        esac
    done
}

# check_way PATH: fails unless root and the user alone can change where a path leads. Inside the home directory the way
# starts there, since a user who works as itself has to take that as it is; check_home_directory looks at it for root.
check_way() {
    case $uid:$1/ in
        0:*) walk / "$1" check_step ;;
        *:"${home%/}"/*)
            follow "$home"
            walk "$real" "${1#"${home%/}"}" check_step
            ;;
        *) walk / "$1" check_step ;;
    esac
}

# check_home_directory: for root alone, and where something is in the home directory.
check_home_directory() {
    [ "$my_uid" = 0 ] || return 0
    case $codex_home/ in
        "${home%/}"/*) ;;
        *) [ -n "$uses_home_directory" ] || return 0 ;;
    esac
    paths= folder=$home
    while [ "$folder" != / ]; do
        note_path "$folder"
        folder_of "$folder"
    done
    list_paths
    walk / "$home" check_step
    listing=
}

# note_unsafe PATH: sets unsafe where others than root can change the step that look saw.
note_unsafe() {
    case $owner_id:$mode in
        0:l*) ;;
        0:?????w* | 0:????????w*) unsafe=$1 ;;
        0:*) ;;
        *) unsafe=$1 ;;
    esac
}

# is_roots_alone PATH: whether root alone can change where a path leads.
is_roots_alone() {
    unsafe=
    walk / "$1" note_unsafe
    [ -z "$unsafe" ]
}

# find_unsafe_parent FILE: sets unsafe_parent to a folder that leads to a file of the whole host and that others than
# root can change, or to nothing. Where the file is a link, the folders that lead to its target count, too.
find_unsafe_parent() {
    unsafe_parent=
    folder_of "$1"
    is_roots_alone "$folder" || unsafe_parent=$folder
    if [ -L "$1" ] && [ -z "$unsafe_parent" ]; then
        follow "$1"
        folder_of "$real"
        is_roots_alone "$folder" || unsafe_parent=$folder
    fi
}

# check_codex_home: sets kind to directory, or to absent and below to the nearest folder above. Fails where no Codex
# home can be.
check_codex_home() {
    case $codex_home/ in
        "${home%/}"/*) [ -d "${home:-/}" ] || fail no_home_directory user "$user" path "$home" ;;
    esac
    check_way "$codex_home"
    kind=directory below=$reached
    if [ -n "$missing" ]; then
        [ ! -L "$codex_home" ] || fail dangling path "$codex_home"
        kind=absent
    else
        look "$reached" || fail system said 'Permission denied' path "$reached"
        [ "$owner_id" = "$uid" ] || {
            name_of "$owner_id"
            fail foreign path "$reached" owner "$owner" user "$user"
        }
    fi
}

# is_mounted FILE: whether a file is mounted by itself; Linux only.
is_mounted() {
    [ -n "${mounts:-}" ] || mounts=$(cat /proc/self/mountinfo)
    case $mounts in *" $1 "*) ;; *) case $1 in *[' \	']*) ;; *) return 1 ;; esac ;; esac
    escaped=$(put "$1" | sed -e 's/\\/\\134/g' -e 's/ /\\040/g' -e "s/$tab/\\\\011/g")
    IFS=$newline
    for line in $mounts; do
        unset IFS
        # shellcheck disable=SC2086
        set -- "$1" $line
        [ "$6" != "$escaped" ] || return 0
    done
    unset IFS
    return 1
}

# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Writing a file whole, and only if it still is what the controller saw.

conflict=9 # status: a file is no longer what the controller saw

# attempt COMMAND...: runs it; sets said to what it says where it fails.
attempt() { said=$("$@" 2>&1 >/dev/null); }

# refuse TEXT [PATH]: fails with an error in the system's words, of the operation's file or another one.
refuse() {
    said=$1 failed_path=${2:-$failed_path}
    return 1
}

# digest_of FILE: sets sha256 to the digest of a file, or to nothing where there is none. Fails where it cannot be read.
digest_of() {
    sha256=
    if [ ! -e "$1" ]; then
        [ -L "$1" ] || return 0
        follow "$1"
        [ ! -L "$real" ] || refuse 'Too many levels of symbolic links'
        return
    fi
    [ ! -d "$1" ] || refuse 'Is a directory' || return
    [ -f "$1" ] || {
        sha256='no regular file'
        return 0
    }
    [ -r "$1" ] || refuse 'Permission denied' || return
    sha256=$(digest_of_input <"$1")
    [ -n "$sha256" ] || refuse 'Input/output error'
}

# check FILE DIGEST: whether a file is what was expected; no digest: no file.
check() {
    digest_of "$1" || return
    [ "$sha256" = "$2" ] || return "$conflict"
}

# write_bytes FILE: makes $content the whole content of a file that is there, and brings it to the disk.
write_bytes() {
    said=$(put "$content" | dd of="$1" conv=fsync 2>&1) && return
    case $said in
        *[Ii]'nvalid'* | *usage* | *Usage*) said=$(put "$content" | dd of="$1" 2>&1) ;; # a dd without fsync
        *) return 1 ;;
    esac
}

# write_file FILE MODE EXPECTED: replaces a file by $content, whose digest is $new, or makes it. The bytes go into a
# temporary file beside the final one, 0600 from its first moment. A link is kept and its target replaced.
write_file() {
    final_mode=$2 final_expected=$3
    follow "$1"
    final=$real
    [ ! -L "$final" ] || refuse 'Too many levels of symbolic links' || return
    [ ! -d "$final" ] || refuse 'Is a directory' || return
    folder_of "$final"
    temporary=${folder%/}/$temporary_prefix$temporary_name
    temporary_name=${temporary_name}0
    said=$( (set -C && : >"$temporary") 2>&1) || return
    status=0
    # Held, so that a later run sees that this one is alive.
    { ! has flock || flock -n 7; fill_and_place; } 7>>"$temporary" || status=$?
    [ "$status" = 0 ] && [ -z "$in_place" ] || rm -f "$temporary"
    return "$status"
}

fill_and_place() {
    write_bytes "$temporary" || return
    digest_of "$temporary" || return
    [ "$sha256" = "$new" ] || refuse 'No space left on device' || return
    attempt chmod "$final_mode" "$temporary" || return
    with_locks 8 place
}

# permissions MODE: sets octal to what ls writes so. Such files have no other bits.
permissions() {
    octal=0
    rest=${1#?}
    for value in 400 200 100 40 20 10 4 2 1; do
        case $rest in -*) ;; *) octal=$((octal + value)) ;; esac
        rest=${rest#?}
    done
}

# give_mode FILE MODE: where it has another one; only its owner may.
give_mode() {
    look "$1" || refuse 'Permission denied' || return
    permissions "$mode"
    [ "$octal" = "$2" ] || attempt chmod "$2" "$1"
}

# place: puts the temporary file in the final one's place, if that is still what was expected.
place() {
    check "$final" "$final_expected" || return
    if ! is_mounted "$final"; then
        if attempt mv -f "$temporary" "$final"; then
            sync_folder
            return
        fi
        case $said in *[Bb]usy* | *ross-device*) ;; *) return 1 ;; esac
    fi
    rewrite "$final" "$final_mode"
}

# sync_folder: brings a folder's entries to the disk, where sync takes a path.
sync_folder() { sync "$folder" || true; }

# rewrite FILE MODE: writes $content in place and reads it back; puts the old bytes back if that fails.
rewrite() {
    before=$(cat "$1" && put .) || refuse 'Input/output error' || return
    # The shell cannot keep a NUL, and what it cannot put back it does not change.
    digest_of "$1" && [ "$(put "${before%.}" | digest_of_input)" = "$sha256" ] || refuse 'Invalid argument' || return
    if write_bytes "$1" && digest_of "$1" && [ "$sha256" = "$new" ] && give_mode "$1" "$2"; then
        in_place=1
        return 0
    fi
    wrong=${said:-No space left on device}
    content=${before%.}
    write_bytes "$1"
    said=$wrong
    return 1
}

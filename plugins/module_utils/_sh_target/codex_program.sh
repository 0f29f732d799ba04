# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2154  # one program in several files: see test_sh_program.py
# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The user's own `codex`: where it is, its version, what it says of a home and of a new configuration. Only sent where a
# request asks for it. The program is the user's, so it may be anything: it gets an environment made for it, and its
# time, its output and what it leaves running are bounded.

codex_time_limit=30   # seconds that a `codex` may take
output_limit=65536    # bytes that a `codex` may print
does_not_start=10     # status of a check of a configuration

# find_codex: sets codex to the path of the user's `codex`, and codex_path to the folders where programs are looked for.
find_codex() {
    codex= codex_path=
    IFS=:
    # shellcheck disable=SC2086
    set -- $search_path /usr/local/bin /opt/homebrew/bin "$home/.local/bin" "$home/.npm-global/bin" "$home/bin"
    unset IFS
    for folder; do
        case $folder in /*) ;; *) continue ;; esac
        codex_path=$codex_path${codex_path:+:}$folder
        [ -n "$codex" ] || { [ -f "$folder/codex" ] && [ -x "$folder/codex" ] && codex=$folder/codex; }
    done
    [ -n "$codex" ]
}

# in_scratch_home FUNCTION: calls it with a new folder in $scratch, and an empty `home` in that. Both are removed
# afterwards.
in_scratch_home() {
    need mktemp
    scratch=
    for place in "${TMPDIR:-/tmp}" /var/tmp; do
        said=$(mktemp -d "$place/fleet-codex-XXXXXXXXXX" 2>&1) && scratch=$said && break
    done
    [ -n "$scratch" ] || fail system said "$said" path "$place"
    mkdir "$scratch/home"
    "$1"
    rm -rf "$scratch"
}

# run_codex HOME CODEX_HOME ARGUMENT...: sets said to everything that a `codex` printed by its end, and status to how it
# ended: none where it does not run, or not within the limits. Needs $scratch. What it leaves running is ended, by the
# session that it was started in, and by the mark in the environment of what it started.
run_codex() {
    need timeout
    session=
    ! has setsid || session=setsid
    codex_mark=fleet-codex-${scratch##*-}
    of_home=$1 of_codex=$2
    shift 2
    rm -f "$scratch/status" "$scratch/whole"
    : >"$scratch/said"
    {
        {
            code=0
            # shellcheck disable=SC2086  # nothing, or one word
            timeout -s KILL "$codex_time_limit" $session env -i "HOME=$of_home" "USER=$user" "LOGNAME=$user" \
                "PATH=$codex_path" LANG=C.UTF-8 "CODEX_HOME=$of_codex" "FLEET_CODEX_RUN=$codex_mark" \
                "$codex" "$@" </dev/null 2>&1 || code=$?
            put "$code" >"$scratch/code"
            mv "$scratch/code" "$scratch/status"
        } | {
            dd bs=1 count="$((output_limit + 1))" of="$scratch/said"
            : >"$scratch/whole"
        }
    } >/dev/null &
    rounds=0
    while [ ! -s "$scratch/status" ] && [ "$rounds" -lt "$((codex_time_limit * 20 + 40))" ] &&
        [ "$(wc -c <"$scratch/said")" -le "$output_limit" ]; do
        pause
        rounds=$((rounds + 1))
    done
    # What it printed last is on its way; something that it started may hold the pipe.
    rounds=0 length=none
    until [ -e "$scratch/whole" ] || [ "$length" = "$(wc -c <"$scratch/said")" ] || [ "$rounds" -ge 100 ]; do
        length=$(wc -c <"$scratch/said")
        pause
        pause
        rounds=$((rounds + 1))
    done
    status=none said=
    if [ -s "$scratch/status" ]; then
        status=$(cat "$scratch/status")
        [ "$(wc -c <"$scratch/said")" -le "$output_limit" ] || status=none
    fi
    case $status in 124 | 126 | 127 | 137) status=none ;; esac
    [ "$status" = none ] || said=$(cat "$scratch/said")
    end_marked
    kill "$!"
    wait
}

# pause: the shortest sleep that there is.
pause() { sleep 0.05 || sleep 1; }

# end_marked: ends all processes that have the mark in their environment.
end_marked() {
    for round in 1 2 3 4 5 6 7 8 9 10; do
        set +f
        # shellcheck disable=SC2046  # numbers
        set -- $(grep -ls "FLEET_CODEX_RUN=$codex_mark" /proc/[0-9]*/environ)
        set -f
        [ $# -gt 0 ] || return 0
        for file; do
            file=${file#/proc/}
            kill -KILL "${file%%/*}"
        done
    done
}

# ask_codex_as_user: what the request asks of the user's `codex`.
ask_codex_as_user() {
    if find_codex; then in_scratch_home ask_codex; fi
    emit whole 1
}

ask_codex() {
    emit codex "$codex"
    case " $ask_codex " in *' version '*)
        run_codex "$scratch/home" "$scratch/home" --version
        emit version_said "$said"
        ;;
    esac
    case " $ask_codex " in *' status '*)
        if [ ! -d "$codex_home" ]; then
            emit login_method none # 0.94 and later refuse to say so
            return
        fi
        run_codex "$home" "$codex_home" login status
        emit login_method "$(login_method)"
        ;;
    esac
}

# login_method: prints the method that `login status` named. Never its text, which shows 13 characters of the key.
login_method() {
    lower=$(put "$said" | tr '[:upper:]' '[:lower:]')
    case $status:$lower in
        0:*'api key'*) put apikey ;;
        0:*chatgpt*) put chatgpt ;;
        0:*'personal access'*) put personal_access_token ;;
        0:*) put other ;;
        *'not logged in'* | *'no such file'*) put none ;;
        *)
            if [ -e "$codex_home/auth.json" ] && [ ! -s "$codex_home/auth.json" ]; then
                put none # Codex calls such an auth.json an error, and then goes on without a login
            else
                put unreadable
            fi
            ;;
    esac
}

# check_start_as_user: what the user's `codex` prints when it does not start with the configuration $start_check.
check_start_as_user() {
    starts=yes
    if find_codex; then in_scratch_home check_start; fi
    emit whole 1
    [ "$starts" = yes ] || exit "$does_not_start"
}

check_start() {
    put "$start_check" >"$scratch/home/config.toml"
    run_codex "$scratch/home" "$scratch/home" login status
    is_about_configuration || return 0
    problem=$said
    put '' >"$scratch/home/config.toml"
    run_codex "$scratch/home" "$scratch/home" login status
    # If it says so of an empty one, too, the fault is in another file.
    if ! is_about_configuration; then
        emit scratch "$scratch/home"
        emit start_said "$problem"
        starts=no
    fi
}

# is_about_configuration: whether a `codex` said that it cannot load it. A provider may be in another file.
is_about_configuration() {
    lower=$(put "$said" | tr '[:upper:]' '[:lower:]')
    case $lower in
        *'error loading config'*)
            case $lower in *'model provider '*' not found'*) return 1 ;; esac
            ;;
        *) return 1 ;;
    esac
}

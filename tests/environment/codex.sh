#!/bin/sh
# Prints the path of a real Codex binary: codex.sh [--windows] VERSION. npm fetches it once; then it is kept in the cache.
# Without a version: all versions that the tests use; with FLEET_CODEX_MATRIX=all, also the others of tests/clients.
# --windows: codex.exe for Windows on x64, whatever this machine is.
set -eu
. "$(dirname "$0")/common.sh"

windows=
if [ "${1-}" = --windows ]; then
    windows=$1
    shift
fi

if [ $# -eq 0 ]; then
    if [ -n "$windows" ]; then
        set -- 0.45.0 0.101.0 0.134.0 0.166.0 0.171.0
    else
        set -- 0.20.0 0.34.0 0.45.0 0.49.0 0.58.0 0.94.0 0.137.0 0.139.0 0.166.0 0.171.0
        [ "${FLEET_CODEX_MATRIX-}" != all ] || set -- "$@" \
            0.21.0 0.23.0 0.36.0 0.80.0 0.104.0 0.115.0 0.120.0 0.128.0 0.148.0 0.149.0 0.155.0 0.164.0 0.167.2
    fi
    # shellcheck disable=SC2086  # the option, or nothing
    printf '%s\n' "$@" | xargs -P 2 -n 1 sh "$0" $windows
    exit
fi

version=$1
binary=$cache/codex/$version/codex${windows:+.exe}
if [ -x "$binary" ]; then
    echo "$binary"
    exit 0
fi

name=codex
case ${windows:-$(uname -s)-$(uname -m)} in
    --windows) platform=win32-x64 triple=x86_64-pc-windows-msvc name=codex.exe ;;
    Linux-x86_64) platform=linux-x64 triple=x86_64-unknown-linux-musl ;;
    Linux-aarch64) platform=linux-arm64 triple=aarch64-unknown-linux-musl ;;
    Darwin-x86_64) platform=darwin-x64 triple=x86_64-apple-darwin ;;
    Darwin-arm64) platform=darwin-arm64 triple=aarch64-apple-darwin ;;
    *) cannot "no Codex binary is published for $(uname -s) on $(uname -m)" ;;
esac

# From 0.99.0 on, each platform has its own package. Before, one package held the binaries of all platforms.
minor=${version#*.}
minor=${minor%%.*}
case $minor in '' | *[!0-9]*) cannot "$version is not a version of Codex such as 0.171.0" ;; esac
package=@openai/codex@$version
[ "$minor" -lt 99 ] || package=$package-$platform

command -v npm >/dev/null || cannot "npm is needed to fetch Codex $version, and is not installed"
mkdir -p "$cache/codex"
work=$(mktemp -d "$cache/codex/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# A cache of its own, removed below: npm's would keep a second copy of some hundred megabytes.
(cd "$work" && npm pack --loglevel=error --cache "$work/npm" "$package" >/dev/null 2>"$work/log") ||
    cannot "npm could not fetch $package: $(sed -nE 's/^npm (error|ERR!) +//p' "$work/log" | grep -v '^code' | head -n 1)"
tar -xzf "$work"/*.tgz -C "$work"
# Where the binary is: up to 0.40, from 0.44, from 0.134.
for found in "bin/codex-$triple${windows:+.exe}" vendor/$triple/codex/$name vendor/$triple/bin/$name; do
    [ -f "$work/package/$found" ] || continue
    chmod 755 "$work/package/$found"
    mkdir -p "$cache/codex/$version"
    # By a rename, so that a script that runs at the same time sees the whole file or none.
    mv "$work/package/$found" "$binary"
    echo "$binary"
    exit 0
done
cannot "$package holds no binary for $triple at a known place"

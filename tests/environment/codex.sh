#!/bin/sh
# Prints the path of a real Codex binary: codex.sh VERSION. Fetched from npm once, then kept in the cache.
# Without a version: all those that tests run against, with FLEET_CODEX_MATRIX=all the whole of test_matrix.py, too.
set -eu
. "$(dirname "$0")/common.sh"

if [ $# -eq 0 ]; then
    set -- 0.20.0 0.34.0 0.45.0 0.49.0 0.58.0 0.94.0 0.137.0 0.139.0 0.166.0 0.169.0
    [ "${FLEET_CODEX_MATRIX-}" != all ] || set -- "$@" 0.21.0 0.23.0 0.36.0 0.80.0 0.120.0 0.155.0
    printf '%s\n' "$@" | xargs -P 2 -n 1 sh "$0"
    exit
fi

version=$1
binary=$cache/codex/$version/codex
if [ -x "$binary" ]; then
    echo "$binary"
    exit 0
fi

case $(uname -s)-$(uname -m) in
    Linux-x86_64) platform=linux-x64 triple=x86_64-unknown-linux-musl ;;
    Linux-aarch64) platform=linux-arm64 triple=aarch64-unknown-linux-musl ;;
    Darwin-x86_64) platform=darwin-x64 triple=x86_64-apple-darwin ;;
    Darwin-arm64) platform=darwin-arm64 triple=aarch64-apple-darwin ;;
    *) cannot "no Codex binary is published for $(uname -s) on $(uname -m)" ;;
esac

# From 0.99.0 each platform has a package of its own; before, one package carried them all.
minor=${version#*.}
minor=${minor%%.*}
case $minor in '' | *[!0-9]*) cannot "$version is not a version of Codex such as 0.169.0" ;; esac
package=@openai/codex@$version
[ "$minor" -lt 99 ] || package=$package-$platform

command -v npm >/dev/null || cannot "npm is needed to fetch Codex $version, and is not installed"
mkdir -p "$cache/codex"
work=$(mktemp -d "$cache/codex/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# npm's own cache would keep a second copy of some hundred megabytes.
(cd "$work" && npm pack --loglevel=error --cache "$work/npm" "$package" >/dev/null 2>"$work/log") ||
    cannot "npm could not fetch $package: $(sed -nE 's/^npm (error|ERR!) +//p' "$work/log" | grep -v '^code' | head -n 1)"
tar -xzf "$work"/*.tgz -C "$work"
# Where the binary lies: up to 0.40, from 0.44, from 0.134.
for found in bin/codex-$triple vendor/$triple/codex/codex vendor/$triple/bin/codex; do
    [ -f "$work/package/$found" ] || continue
    chmod 755 "$work/package/$found"
    mkdir -p "$cache/codex/$version"
    # A rename: whoever comes at the same time sees nothing or all of it.
    mv "$work/package/$found" "$binary"
    echo "$binary"
    exit 0
done
cannot "$package holds no binary for $triple at a known place"

#!/bin/sh
# Installs the Debian packages that tests on this machine itself need, if they are missing.
set -eu
. "$(dirname "$0")/common.sh"

if ! command -v dpkg-query >/dev/null; then
    missing=
    for program in sudo sshd zsh fish tcsh mksh busybox setfacl shellcheck ps ip make unshare strace git jq; do
        command -v "$program" >/dev/null || missing="$missing $program"
    done
    [ -z "$missing" ] || cannot "these programs are missing, and only Debian's packages are known here:$missing"
    exit 0
fi
alone packages
need_packages sudo openssh-server zsh fish tcsh mksh busybox-static acl shellcheck procps iproute2 make util-linux strace git jq

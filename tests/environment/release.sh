#!/bin/sh
# Tries a release on a copy of what is committed, step by step: release.sh VERSION [FOLDER]. It ends with the commands by
# which a person publishes it; it does not commit, tag, push or upload anything. FOLDER is a checkout, by default this one.
#   release.sh --write VERSION [FOLDER]  writes the changelog and the version into the checkout
# If the changelog has VERSION already, the release is prepared, and what is committed is checked as it is.
# The output of each step is in FOLDER/tests/output/release. The archive of a prepared release stays in FOLDER.
set -eu
. "$(dirname "$0")/common.sh"

write=
if [ "${1-}" = --write ]; then
    write=$1
    shift
fi
version=${1-}
tree=$(cd "${2:-$checkout}" && pwd -P)

refuse() {
    echo "fleet.codex: $*" >&2
    exit 1
}
[ -n "$version" ] || refuse "VERSION is missing. Give one, such as: make release VERSION=0.2.0"
[ -z "$(git -C "$tree" status --porcelain)" ] ||
    refuse "There are uncommitted changes. Commit or remove them: a release is made of what is committed."

! git -C "$tree" rev-parse --quiet --verify "refs/tags/$version" >/dev/null ||
    refuse "There is a tag $version already. Give a later VERSION."

sh "$environment/venv.sh" requirements-test.txt
PATH=$venv/bin:$PATH
state=$(python "$environment/release.py" state "$version" "$tree")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
copy=$work/tree/ansible_collections/fleet/codex
logs=$tree/tests/output/release
rm -rf "$logs"
mkdir -p "$logs" "$copy"
git clone --quiet "$tree" "$copy"
begin=$(git -C "$copy" rev-parse HEAD)
archive=fleet-codex-$version.tar.gz
export ANSIBLE_COLLECTIONS_PATH="$work/installed" ANSIBLE_NOCOLOR=1 NO_COLOR=1 # what the archive is installed as

# step NAME COMMAND...: runs the command and prints one line, which ends with the last line of its output.
step() {
    name=$1
    shift
    begun=$(date +%s)
    set +e # for a moment: where a status is tested, `set -e` has no effect inside of the command
    (
        set -e
        "$@"
    ) >"$logs/$name.log" 2>&1 </dev/null
    status=$?
    set -e
    seconds=$(($(date +%s) - begun))
    if [ "$status" -eq 0 ]; then
        printf '%-11s %4d s  %s\n' "$name" "$seconds" "$(tail -n 1 "$logs/$name.log")" | cut -c 1-80
        return
    fi
    printf '%-11s %4d s  FAILED\n' "$name" "$seconds"
    tail -n 30 "$logs/$name.log" | sed 's/^/    | /'
    echo "fleet.codex: The step $name failed, and the checkout is as it was. Its output: $logs/$name.log" >&2
    exit 1
}

# The version and the changelog, as a commit in the copy.
prepare() {
    cd "$copy"
    antsibull-changelog lint
    python "$environment/release.py" write "$version" .
    antsibull-changelog release --version "$version"
    rm -f changelogs/.plugin-cache.yaml
    git add --all
    git -c user.name=release -c user.email=release@localhost -c commit.gpgsign=false \
        commit --quiet --no-verify --message "Release $version"
    echo "$version: $(git diff --name-only "$begin" HEAD | wc -l) files, and no fragment is left"
}

verify_changelog() {
    cd "$copy"
    antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml
    antsibull-changelog generate
    rm -f changelogs/.plugin-cache.yaml
    git diff --exit-code # CHANGELOG.md is what changelog.yaml says
    echo "$version is prepared: CHANGELOG.md and galaxy.yml have it"
}

build_archive() {
    ansible-galaxy collection build "$copy" --output-path "$work"
    ansible-galaxy collection install "$work/$archive" --offline --no-deps --collections-path "$work/installed"
    # As from a requirements file with a git source.
    ansible-galaxy collection install "git+file://$copy" --no-deps --collections-path "$work/from-git"
    [ -f "$work/from-git/ansible_collections/fleet/codex/plugins/module_utils/describe.py" ]
    listed=$(ansible-doc --list --type module fleet.codex)
    echo "$listed" | grep '^fleet\.codex\.codex_info'
    echo "$archive, installed with $(echo "$listed" | wc -l) modules"
}

import_archive() {
    cd "$work"
    python -m galaxy_importer.main "$archive" 2>&1 | tee importer.log
    grep -q '^Importer processing completed successfully' importer.log
    ! grep -E '^(WARNING|ERROR|CRITICAL)' importer.log || return 1
    echo "galaxy-importer has no warning"
}

# An execution environment with the archive as its source. Building the image would need a network.
create_environment() {
    mkdir "$work/environment"
    cd "$work/environment"
    cat >execution-environment.yml <<END
version: 3
images: {base_image: {name: docker.io/library/python:3.13}}
dependencies:
  ansible_core: {package_pip: ansible-core>=2.17}
  ansible_runner: {package_pip: ansible-runner}
  galaxy:
    collections:
      - {name: archives/$archive, type: file}
additional_build_files:
  - {src: ../$archive, dest: archives}
END
    ansible-builder create
    # What the image's build does with it.
    cd context/_build
    ansible-galaxy collection install --requirements-file requirements.yml --offline --no-deps --force \
        --collections-path "$work/environment/collections"
    ansible-builder introspect --sanitize "$work/environment/collections" >introspected.yml
    cat introspected.yml
    sed -n 's/^\([a-z][a-z0-9-]*\).*/\1/p' "$copy/requirements.txt" | while read -r package; do
        grep -q "^ *- *'\{0,1\}$package" introspected.yml || {
            echo "ansible-builder does not see $package of requirements.txt"
            exit 1
        }
    done
    echo "ansible-builder finds all of requirements.txt"
}

build_site() {
    sh "$environment/docs.sh" "$copy"
    echo "the site has no warning"
}

echo "fleet.codex $version, $state, on a copy of $(git -C "$copy" rev-parse --short HEAD)"
if [ "$state" = new ]; then step changelog prepare; else step changelog verify_changelog; fi

if [ -n "$write" ]; then
    [ "$state" = new ] || refuse "The changelog has $version already. There is nothing to write."
    git -C "$copy" diff --binary "$begin" HEAD | git -C "$tree" apply
    echo "Written. Look at it with \`git diff\`, then:"
    echo
    echo "  git add --all && git commit --message 'Release $version'"
    echo "  make release VERSION=$version"
    exit 0
fi

step archive build_archive
step importer import_archive
step environment create_environment
step role-2.17 sh "$environment/role.sh" 2.17 "$work/installed"
step role-2.21 sh "$environment/role.sh" 2.21 "$work/installed"
step site build_site

echo
if [ "$state" = new ]; then
    git -C "$copy" diff --stat=78 "$begin" HEAD
    cat <<END

Nothing was written. What is left for a person:

  make release VERSION=$version WRITE=1
  git add --all && git commit --message 'Release $version'
  make release VERSION=$version   # checks what was committed
END
else
    cp "$work/$archive" "$tree/"
    echo "Nothing was published. What is left for a person:"
    echo
fi
cat <<END
  git tag --annotate $version --message 'fleet.codex $version'
  git push origin HEAD $version
  ansible-galaxy collection publish $archive
END
